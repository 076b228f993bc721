"""Videos of an upstream: asked for again and again, in both styles (contract 2.9)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson

from nexhina_nb.errors import APIError, NexhinaError, NotFound
from nexhina_nb.gateway.upstreams.base import Call, UpstreamPort, read
from nexhina_nb.store.tasks import COMPLETED, FAILED, IN_PROGRESS, QUEUED, Task
from nexhina_nb.wire.errors import from_body

PATHS = ("/videos", "/video/generations")
_UNKNOWN_PATH = frozenset({404, 405, 501})
_FIRST, _LONGEST = 0.25, 15.0  # seconds between two questions: they grow
_MOST_PATIENT = 300.0  # whatever an upstream asks for

_STATUSES = {
    "not_start": QUEUED,
    "submitted": QUEUED,
    "pending": QUEUED,
    "processing": IN_PROGRESS,
    "running": IN_PROGRESS,
    "success": COMPLETED,
    "succeeded": COMPLETED,
    "failure": FAILED,
    "cancelled": FAILED,
    "expired": FAILED,
    **{status: status for status in (QUEUED, IN_PROGRESS, COMPLETED, FAILED)},
}


@dataclass(frozen=True, slots=True)
class State:
    """How far an upstream is; ``progress`` in percent."""

    status: str
    progress: int = 0
    url: str = ""
    code: str = ""
    message: str = ""


def read_state(payload: Mapping[str, Any]) -> State:
    """The state in a reply of either style; what says nothing reads as still in the making."""
    data = payload.get("data")
    inner: Mapping[str, Any] = data if isinstance(data, Mapping) else {}
    row = {**payload, **inner} if "status" in inner else payload
    error = row.get("error")
    told: Mapping[str, Any] = error if isinstance(error, Mapping) else {}
    reason = told.get("message") or row.get("fail_reason") or ""
    return State(
        status=_STATUSES.get(str(row.get("status", "")).lower(), IN_PROGRESS),
        progress=_percent(row.get("progress")),
        url=_link(row.get("url"), row.get("result_url"), row.get("video_url")),
        code=str(told.get("code") or ""),
        message=str(reason),
    )


async def follow(
    upstream: UpstreamPort, task: Task, report: Callable[[int], Awaitable[None]]
) -> str:
    """Ask until the video is there; the address that the upstream names for it, if it names one.

    Raises APIError when the upstream says that it failed, or no longer knows it. While the
    upstream cannot be reached, asking goes on.
    """
    wait = _FIRST
    while True:
        await asyncio.sleep(wait)
        wait = min(wait * 1.5, _LONGEST)
        try:
            state = await _ask(upstream, task.upstream_id)
        except NotFound as error:
            raise APIError(f"the upstream knows the video no more: {error.message}") from None
        except NexhinaError as error:
            wait = max(wait, min(_MOST_PATIENT, getattr(error, "retry_after", None) or 0))
            continue
        if state.status == FAILED:
            raise APIError(state.message or "the upstream gave up", code=state.code or None)
        if state.status == COMPLETED:
            return state.url
        if state.status == IN_PROGRESS:
            await report(min(state.progress, 99))


async def _ask(upstream: UpstreamPort, upstream_id: str) -> State:
    status, content = 404, b""
    headers: Mapping[str, str] = {}
    for path in PATHS:
        answer = await upstream.send(Call(f"{path}/{quote(upstream_id, safe='')}", method="GET"))
        try:
            status, content, headers = answer.status, await read(answer), answer.headers
        finally:
            await answer.aclose()
        if status not in _UNKNOWN_PATH:
            break
    payload = _object(content)
    if status >= 400:
        raise from_body(status, payload or content, headers, retry_after=_seconds(headers))
    return read_state(payload)


def _object(content: bytes) -> dict[str, Any]:
    try:
        payload = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return payload if isinstance(payload, dict) else {}


def _percent(value: object) -> int:
    text = str(value).removesuffix("%")
    return min(100, int(text)) if text.isascii() and text.isdecimal() else 0


def _link(*values: object) -> str:
    found = (value for value in values if isinstance(value, str))
    return next((value for value in found if value.startswith(("http://", "https://"))), "")


def _seconds(headers: Mapping[str, str]) -> float | None:
    text = headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() else None
