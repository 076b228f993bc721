"""What a chat says of its end, in Anthropic's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexhina_nb.gateway.dialects.anthropic import requests
from nexhina_nb.gateway.dialects.base import Payload
from nexhina_nb.pricing import tokens
from nexhina_nb.pricing.usage import Tokens

_REASONS = {
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}


def usage_of(told: object, body: Mapping[str, Any], text: str) -> Payload:
    """The counts; of a chat that told none, counted here."""
    used = Tokens.from_usage(told) if isinstance(told, Mapping) else _counted(body, text)
    apart = 0 if used.cache_apart else used.cached + used.cache_write
    return {
        "input_tokens": max(used.prompt - apart, 0),
        "cache_creation_input_tokens": used.cache_write,
        "cache_read_input_tokens": used.cached,
        "output_tokens": used.completion,
    }


def ending(choice: Mapping[str, Any], *, calls_tools: bool) -> Payload:
    """Why a choice ended: ``stop_reason`` and ``stop_sequence``.

    A chat does not say by which stop it ended; vLLM and this gateway's own engines do.
    """
    if calls_tools and choice.get("finish_reason") != "length":
        return {"stop_reason": "tool_use", "stop_sequence": None}
    met = choice.get("stop_reason") or choice.get("matched_stop")
    if isinstance(met, str) and choice.get("finish_reason") == "stop":
        return {"stop_reason": "stop_sequence", "stop_sequence": met}
    reason = _REASONS.get(str(choice.get("finish_reason")), "end_turn")
    return {"stop_reason": reason, "stop_sequence": None}


def count_input(body: Mapping[str, Any]) -> int:
    """The tokens that a call would send."""
    chat = requests.chat_of(body)
    return tokens.count_messages(chat["messages"], chat["model"], chat.get("tools"))


def _counted(body: Mapping[str, Any], text: str) -> Tokens:
    encoding = tokens.encoding_for(body["model"])
    return Tokens(prompt=count_input(body), completion=tokens.count(text, encoding))
