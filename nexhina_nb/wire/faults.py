"""Reading the forms in which servers report a fault (contract 3.1): OpenAI, New API, one-api,
Anthropic, Gemini, the task and Midjourney forms, the admin API, FastAPI, Ollama, plain text, HTML
pages of proxies, and junk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

_LONGEST = 2_000  # characters of a message; what is longer is a page, not a sentence
_SUFFIX = re.compile(r"\s*\(request id: ([^()\s]{1,128})\)\s*$")


@dataclass(frozen=True, slots=True)
class Fault:
    """What a body says went wrong; empty where it says nothing."""

    message: str = ""
    type: str | None = None
    param: str | None = None
    code: str | None = None
    request_id: str | None = None


def read_fault(body: object) -> Fault:
    """Whatever can be learned from an error body of any form."""
    fault = _read(_parsed(body))
    message = " ".join(fault.message[:_LONGEST].split())
    if found := _SUFFIX.search(message):
        return replace(fault, message=message[: found.start()], request_id=found[1])
    return replace(fault, message=message or fault.type or "")


def _parsed(body: object) -> object:
    """JSON if it is JSON, else text."""
    if isinstance(body, (bytes, bytearray)):
        body = bytes(body).decode("utf-8", "replace")
    if not isinstance(body, str):
        return body
    try:
        return orjson.loads(body)
    except (orjson.JSONDecodeError, UnicodeEncodeError):
        return body


def _read(body: object) -> Fault:
    if isinstance(body, list):  # Gemini wraps the error in an array
        body = body[0] if body else None
    if isinstance(body, str):
        return Fault("" if body.lstrip().startswith("<") else body)
    if not isinstance(body, Mapping):
        return Fault()
    inner = body.get("error")
    if isinstance(inner, Mapping):
        return _detail(inner)
    if isinstance(inner, str) and inner:  # Ollama
        return Fault(inner, code=_code(body))
    return _bare(body)


def _detail(error: Mapping[Any, Any]) -> Fault:
    return Fault(
        _text(error.get("message")) or "",
        type=_text(error.get("type")),
        param=_text(error.get("param")),
        code=_code(error),
    )


def _bare(body: Mapping[Any, Any]) -> Fault:
    """Forms without an ``error`` object: `{code, message}`, `{success, message}`, `{detail}` …"""
    if isinstance(body.get("detail"), list):
        return _fastapi(body["detail"])
    for name in ("message", "detail", "description", "msg"):
        if message := _text(body.get(name)):
            return Fault(
                message,
                type=_text(body.get("type")),
                param=_text(body.get("param")),
                code=_code(body),
            )
    return Fault(code=_code(body))


def _fastapi(rows: list[Any]) -> Fault:
    first = rows[0] if rows else None
    if not isinstance(first, Mapping):
        return Fault()
    where = first.get("loc")
    path = [str(part) for part in where if part != "body"] if isinstance(where, list) else []
    return Fault(_text(first.get("msg")) or "", param=".".join(path) or None)


def _code(error: Mapping[Any, Any]) -> str | None:
    """The code as text; a number is a status said again, unless Gemini names it beside."""
    code = error.get("code")
    if isinstance(code, (int, float)):
        return _text(error.get("status"))
    return _text(code)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
