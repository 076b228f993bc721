"""An upstream's plain answer, made fit for the caller (contract 3.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from nexhina_nb.errors import APIError, Upstream
from nexhina_nb.wire.error_forms import body_in, is_in
from nexhina_nb.wire.errors import from_body

JSON = {"content-type": "application/json"}
_PASSED = ("content-type", "retry-after", "x-request-id")


def passed(headers: Mapping[str, str]) -> dict[str, str]:
    """The upstream's headers that mean something to the caller."""
    return {
        name: value
        for name, value in headers.items()
        if name in _PASSED or name.startswith("x-ratelimit-")
    }


def limited(headers: Mapping[str, str], own: Mapping[str, str]) -> dict[str, str]:
    """Headers of an answer with what this gateway's own limits leave; an upstream's limits are told
    where there are none.
    """
    kept = (row for row in headers.items() if not (own and row[0].startswith("x-ratelimit-")))
    return {**dict(kept), **own}


def parsed(content: bytes) -> dict[str, Any]:
    """The JSON object of an answer. Raises Upstream for junk, and for an error with status 200."""
    payload = _object(content)
    if payload is None:
        raise Upstream("the upstream's answer is not JSON", code="bad_response_body")
    if payload.get("error"):
        told = from_body(Upstream.status, payload, {})
        raise Upstream(told.message, code=told.code or "bad_response", body=payload)
    return payload


def refusal(status: int, content: bytes, request_id: str, dialect: str) -> bytes:
    """The body of an error status: the upstream's own if it is JSON in the form of the dialect;
    HTML is kept back.
    """
    payload = _object(content)
    if payload is not None and is_in(dialect, payload):
        return content
    if payload is not None:
        told = from_body(status, payload, {})
        told.request_id = request_id
        return orjson.dumps(body_in(dialect, told))
    error = APIError(
        f"the upstream answered with the status {status}",
        type="bad_response_status_code",
        code="bad_response_status_code",
        status=status,
        request_id=request_id,
    )
    return orjson.dumps(body_in(dialect, error))


def renamed(payload: dict[str, Any], content: bytes, asked: str) -> bytes:
    """A plain reply under the model's name that was asked for; untouched if that is its name."""
    name = payload.get("model")
    if not isinstance(name, str) or name == asked:
        return content
    return orjson.dumps(payload | {"model": asked})


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        payload = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    return payload if isinstance(payload, dict) else None
