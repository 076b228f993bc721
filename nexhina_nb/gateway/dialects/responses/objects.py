"""The response object: what it repeats of the request, and how it ends (contract 1.19)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexhina_nb.gateway.dialects.responses.ids import response_id
from nexhina_nb.gateway.dialects.responses.thread import echo_of

Payload = dict[str, Any]

# Repeated as they were sent, else with the value that holds then.
_ECHOED: Mapping[str, Any] = {
    "instructions": None, "max_output_tokens": None, "max_tool_calls": None, "metadata": {},
    "parallel_tool_calls": True, "previous_response_id": None, "prompt_cache_key": None,
    "safety_identifier": None, "service_tier": "default", "store": True, "temperature": 1.0,
    "tool_choice": "auto", "tools": [], "top_logprobs": 0, "top_p": 1.0, "truncation": "disabled",
    "user": None,
}  # fmt: skip

# finish_reason of chat → reason of a response that is incomplete; all others are complete.
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def new_response(body: Mapping[str, Any], request_id: str, created_at: int) -> Payload:
    """A response that has just begun."""
    asked = {**body, **echo_of(body)}
    told = {name: default if (value := asked.get(name)) is None else value
            for name, default in _ECHOED.items()}  # fmt: skip
    return {
        "id": response_id(request_id),
        "object": "response",
        "created_at": created_at,
        "completed_at": None,
        "status": "in_progress",
        "background": bool(asked.get("background")),
        "error": None,
        "incomplete_details": None,
        "model": asked["model"],
        "output": [],
        "reasoning": {"effort": None, "summary": None} | (asked.get("reasoning") or {}),
        "text": _text(asked.get("text") or {}),
        "usage": None,
        **told,
    }


def ended(response: Payload, reason: str | None, output: list[Payload], now: int) -> Payload:
    """The same response at its end, by chat's ``finish_reason``."""
    details = _INCOMPLETE.get(reason or "")
    return response | {
        "status": "incomplete" if details else "completed",
        "completed_at": None if details else now,
        "incomplete_details": {"reason": details} if details else None,
        "output": output,
    }


def failed(response: Payload, code: str, message: str) -> Payload:
    """The same response, that came to nothing."""
    return response | {"status": "failed", "error": {"code": code, "message": message}}


def usage_of(usage: object) -> Payload | None:
    """Chat's usage in the words of Responses."""
    if not isinstance(usage, Mapping):
        return None
    told, got = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    return {
        "input_tokens": told,
        "input_tokens_details": {"cached_tokens": 0} | _details(usage, "prompt_tokens_details"),
        "output_tokens": got,
        "output_tokens_details": {"reasoning_tokens": 0}
        | _details(usage, "completion_tokens_details"),
        "total_tokens": _count(usage, "total_tokens") or told + got,
    }


def _count(usage: Mapping[str, Any], name: str) -> int:
    count = usage.get(name)
    return count if isinstance(count, int) else 0


def _details(usage: Mapping[str, Any], name: str) -> Payload:
    details = usage.get(name)
    found = details.items() if isinstance(details, Mapping) else ()
    return {key: value for key, value in found if value is not None}


def _text(text: Mapping[str, Any]) -> Payload:
    return {**text, "format": text.get("format") or {"type": "text"}}
