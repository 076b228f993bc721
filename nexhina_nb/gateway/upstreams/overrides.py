"""What a channel changes of a call before it is sent (contract 6.6 to 6.8).

Fields that cost or tell more than a caller should decide are left out, unless the channel allows
them; then the channel's own overrides of the body and the headers apply.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from nexhina_nb.errors import BadRequest, NexhinaError, ServiceUnavailable
from nexhina_nb.gateway.upstreams.base import Call
from nexhina_nb.gateway.upstreams.edits import Draft, Refused, carry_out
from nexhina_nb.gateway.upstreams.headers import HOP_BY_HOP, NOT_FORWARDED, TOKEN, refuse_breaks
from nexhina_nb.store.channels import Channel

__all__ = ["Facts", "Refused", "mapped_status", "overridden"]

_STRIPPED = frozenset({"service_tier", "inference_geo", "speed", "safety_identifier"})
# Elsewhere ``speed`` is that of a voice.
_TEXT_PATHS = frozenset({"/chat/completions", "/completions", "/responses", "/messages"})
# What the upstream would take for a word about how body and answer are written.
_KEPT_BACK = NOT_FORWARDED | {"accept", "accept-encoding", "content-type"}
_CLIENT_HEADER = re.compile(r"\{client_header:([^}]*)\}")
_FRAMING = HOP_BY_HOP | {"host", "content-length", "content-encoding", "expect", "cookie"}
# What an override that makes no sense ends in.
_SENSELESS = (ValueError, TypeError, KeyError, AttributeError, IndexError, re.error, BadRequest)
_Failed = tuple[int, str | None, NexhinaError | None]


@dataclass(frozen=True, slots=True)
class Facts:
    """What overrides may ask about a call beside its body. ``headers`` are the caller's."""

    path: str = ""
    model: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    retries: int = 0
    failed: _Failed | None = None

    def of_attempt(self, retries: int, failed: _Failed | None) -> Facts:
        """The same at a later attempt, after a failure of this status, code and error."""
        return replace(self, retries=retries, failed=failed) if retries else self


def overridden(channel: Channel, call: Call, facts: Facts) -> tuple[Call, list[str]]:
    """The call as the channel wants it, and the operations that were carried out, for the log.

    Raises Refused where the channel says so; ServiceUnavailable (``channel:…_override_invalid``)
    for overrides that make no sense.
    """
    if channel.type == "local":
        return call, []
    if call.path in _TEXT_PATHS:
        body = _stripped(channel, call.body)
        if body is not call.body:
            call = replace(call, body=body)
    if not (channel.param_override or channel.header_override):
        return call, []
    callers = _passable(facts.headers)
    draft = Draft(deepcopy(call.body), callers=callers)
    try:
        draft.context = _context(call, facts, callers)
        done = _edit(channel.param_override, draft)
    except _SENSELESS as error:
        raise _invalid(channel, "param", error) from None
    try:
        own = _checked(_headers(channel.header_override, callers) | draft.headers)
    except _SENSELESS as error:
        raise _invalid(channel, "header", error) from None
    return replace(call, body=draft.body, own_headers=own), done


def mapped_status(channel: Channel, status: int) -> int:
    """What an upstream's error status counts as in this channel (contract 6.6)."""
    if not channel.status_code_mapping:
        return status
    try:
        found = parsed(channel.status_code_mapping).get(str(status), status)
        mapped = int(found)
    except (ValueError, TypeError, AttributeError):
        return status
    return mapped if 400 <= mapped <= 599 else status


@functools.lru_cache(256)
def parsed(text: str) -> dict[str, Any]:
    """The JSON object of a setting, empty if there is none; raises ValueError."""
    value = orjson.loads(text) if text.strip() else {}
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _stripped(channel: Channel, body: dict[str, Any]) -> dict[str, Any]:
    allowed = _settings(channel) if channel.settings else {}
    out = {name for name in _STRIPPED & body.keys() if not allowed.get(f"allow_{name}")}
    if "store" in body and allowed.get("disable_store"):
        out.add("store")
    if out:
        body = {name: value for name, value in body.items() if name not in out}
    options = body.get("stream_options")
    if not isinstance(options, dict) or "include_obfuscation" not in options:
        return body
    if allowed.get("allow_include_obfuscation"):
        return body
    kept = {name: value for name, value in options.items() if name != "include_obfuscation"}
    return {n: v for n, v in body.items() if n != "stream_options"} | (
        {"stream_options": kept} if kept else {}
    )


def _settings(channel: Channel) -> dict[str, Any]:
    try:
        return parsed(channel.settings)
    except ValueError:
        return {}


def _context(call: Call, facts: Facts, callers: Mapping[str, str]) -> dict[str, Any]:
    status, code, error = facts.failed or (None, None, None)
    context = {
        "model": call.body.get("model"),
        "upstream_model": call.body.get("model"),
        "original_model": facts.model,
        "request_path": facts.path or call.path,
        "request_headers": dict(callers),
        "retry_index": facts.retries,
    }
    if status is None:
        return context
    message = "" if error is None else error.message
    return context | {
        "last_error": {"status_code": status, "code": code, "message": message},
        "last_error_status_code": status,
        "last_error_message": message,
        "last_error_code": code or "",
        "last_error_type": getattr(error, "type", ""),
    }


def _edit(text: str, draft: Draft) -> list[str]:
    override = parsed(text)
    operations = override.get("operations")
    if not isinstance(operations, list):
        operations = [{"path": path, "value": value} for path, value in override.items()]
    return [_name(operation) for operation in operations if carry_out(operation, draft)]


def _name(operation: Mapping[str, Any]) -> str:
    where = operation.get("path") or operation.get("to") or ""
    return f"{operation.get('mode', 'set')} {where}".rstrip()


def _headers(text: str, callers: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    own: dict[str, str] = {}
    for name, value in parsed(text).items():
        pattern = _pattern(name)
        if pattern is None:
            if "{api_key}" in str(value) and name.lower() not in _FOR_KEYS:
                raise ValueError("the key belongs into a header for keys")
            if (filled := _filled(str(value), callers)) is not None:
                own[name.lower()] = filled
        else:
            found |= {other: callers[other] for other in callers if pattern.search(other)}
    return found | own


# Any other may come back in an answer, or end in a log.
_FOR_KEYS = frozenset({"authorization", "api-key", "x-api-key", "x-goog-api-key"})


def _passable(headers: Mapping[str, str]) -> dict[str, str]:
    """The caller's headers that a channel may pass on: neither credentials nor framing."""
    lower = {name.lower(): value for name, value in headers.items()}
    return {name: value for name, value in lower.items() if name not in _KEPT_BACK}


def _checked(headers: dict[str, str]) -> dict[str, str]:
    refuse_breaks("", headers)
    if not all(TOKEN.fullmatch(name) for name in headers):
        raise ValueError("not the name of a header")
    return {name: value for name, value in headers.items() if name not in _FRAMING}


def _pattern(name: str) -> re.Pattern[str] | None:
    """Which of the caller's headers a key of the override passes; None if it is a name."""
    if name == "*":
        return re.compile("")
    prefix, colon, rest = name.partition(":")
    return re.compile(rest, re.IGNORECASE) if colon and prefix in ("re", "regex") else None


def _filled(value: str, callers: Mapping[str, str]) -> str | None:
    """A value with the caller's headers in it; None if one is absent or may not be passed."""
    names = [name.lower() for name in _CLIENT_HEADER.findall(value)]
    if any(name not in callers for name in names):
        return None
    return _CLIENT_HEADER.sub(lambda match: callers[match[1].lower()], value)


def _invalid(channel: Channel, which: str, error: Exception) -> ServiceUnavailable:
    return ServiceUnavailable(
        f"the {which} override of channel '{channel.name}' cannot be used",
        code=f"channel:{which}_override_invalid",
        hint=f"mend it: {type(error).__name__}",
    )
