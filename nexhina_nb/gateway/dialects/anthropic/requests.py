"""A request for a message as a request for a chat."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.dialects.anthropic import blocks, tools
from nexhina_nb.gateway.dialects.base import Payload

MOST_STOPS = 4
_LONGEST_USER = 64

# OpenAI's models that think refuse the older name of the limit.
_THINKS = re.compile(r"(^|/)(o\d|gpt-5)")
# Tokens to think with → the effort that they stand for.
_EFFORTS = ((2_048, "low"), (8_192, "medium"))


def chat_of(body: Mapping[str, Any]) -> Payload:
    """The chat; BadRequest names what a chat cannot carry."""
    chat: Payload = {"model": body["model"], "messages": messages(body), **_length(body)}
    for name in ("temperature", "top_p", "top_k"):
        if body.get(name) is not None:
            chat[name] = body[name]
    if stops := body.get("stop_sequences"):
        chat["stop"] = _stops(stops)
    if user := (body.get("metadata") or {}).get("user_id"):
        chat["user"] = _user(str(user))
    return chat | tools.offered(body) | _effort(body) | _format(body)


def messages(body: Mapping[str, Any]) -> list[Payload]:
    """The turns, the system text first."""
    system = blocks.text_of(body.get("system") or "")
    opening: list[Payload] = [{"role": "system", "content": system}] if system else []
    rows = enumerate(body["messages"])
    return opening + [turn for at, row in rows for turn in blocks.turns(row, f"messages.{at}")]


def wants_thinking(body: Mapping[str, Any]) -> bool:
    """Whether the caller asked to see how the model thinks."""
    return (body.get("thinking") or {}).get("type") in ("enabled", "adaptive")


def _length(body: Mapping[str, Any]) -> Payload:
    if "max_tokens" not in body:  # tokens are only counted
        return {}
    name = "max_completion_tokens" if _THINKS.search(body["model"]) else "max_tokens"
    # Nothing is asked for to fill a cache, but no chat answers with nothing: one token is next.
    return {name: body["max_tokens"] or 1}


def _stops(stops: list[str]) -> list[str]:
    if len(stops) > MOST_STOPS:
        raise BadRequest(
            f"this model takes at most {MOST_STOPS} stop sequences", param="stop_sequences"
        )
    return stops


def _user(name: str) -> str:
    # Coding tools send long names; OpenAI takes 64 characters, and any name that stays the same.
    return name if len(name) <= _LONGEST_USER else hashlib.sha256(name.encode()).hexdigest()


def _effort(body: Mapping[str, Any]) -> Payload:
    effort = (body.get("output_config") or {}).get("effort")
    thinking = body.get("thinking") or {}
    if effort is None and thinking.get("type") == "enabled":
        budget = thinking.get("budget_tokens") or 0
        effort = next((name for limit, name in _EFFORTS if budget < limit), "high")
    return {} if effort is None else {"reasoning_effort": effort}


def _format(body: Mapping[str, Any]) -> Payload:
    wanted = (body.get("output_config") or {}).get("format") or body.get("output_format")
    if wanted is None:
        return {}
    if wanted["type"] != "json_schema":
        raise BadRequest(
            f"this model cannot answer in the form '{wanted['type']}'",
            param="output_config.format.type",
        )
    schema = {"name": "answer", "schema": wanted["schema"], "strict": True}
    return {"response_format": {"type": "json_schema", "json_schema": schema}}
