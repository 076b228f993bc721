"""The body of a call on its way in: JSON or a form, parsed and checked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request

from nexhina_nb.errors import APIError, TooLarge, UnsupportedMedia
from nexhina_nb.gateway.forms import body_of, read_form
from nexhina_nb.gateway.kinds import Kind, model_of
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.upstreams.base import Form
from nexhina_nb.wire.body import parse_json

# Bytes. Reading and checking what is larger takes long enough to be felt by every other caller.
LARGE_BODY = 256 << 10

_TYPES = {"json": "application/json", "form": "multipart/form-data"}


@dataclass(frozen=True, slots=True)
class Incoming:
    """A body that names a model, and where it breaks the contract: that is logged, under the
    model's name.
    """

    body: dict[str, Any]
    form: Form | None = None
    fault: APIError | None = None


@asynccontextmanager
async def incoming(gateway: Gateway, kind: Kind, request: Request) -> AsyncIterator[Incoming]:
    """The body of a request; the files of a form are there until the block ends.

    Raises UnsupportedMedia (415), TooLarge (413), or BadRequest (400) for what is neither JSON nor
    a form, or names no model.
    """
    limit = gateway.settings.max_body_mb << 20
    if _content_type(request, kind.takes) == "json":
        raw = await read_body(request, limit)
        if len(raw) > LARGE_BODY:
            body = await asyncio.to_thread(parse_json, raw)
            yield await asyncio.to_thread(_checked, kind, await _named(gateway, kind, body), None)
        else:
            yield _checked(kind, await _named(gateway, kind, parse_json(raw)), None)
        return
    async with read_form(request, limit) as form:
        body = await _named(gateway, kind, body_of(form))
        yield await asyncio.to_thread(_checked, kind, body, form)


async def read_body(request: Request, limit: int) -> bytes:
    """The body of a JSON request. Raises UnsupportedMedia (415) or TooLarge (413)."""
    _content_type(request, ("json",))
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise TooLarge(f"the body is larger than {limit >> 20} MiB")
        pieces.append(piece)
    return b"".join(pieces)


def _content_type(request: Request, takes: tuple[str, ...]) -> str:
    told = request.headers.get("content-type", _TYPES[takes[0]])
    for name in takes:
        if _TYPES[name].rpartition("/")[2] in told.lower():
            return name
    wanted = " or ".join(_TYPES[name] for name in takes)
    raise UnsupportedMedia(
        f"the content type is {told!r}, and this endpoint takes {wanted}: "
        f"send the header 'content-type: {_TYPES[takes[0]]}'"
    )


async def _named(gateway: Gateway, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
    """The body with the model that the contract fills in where none is named (2.1)."""
    if kind.default_model and body.get("model") in (None, ""):
        routes = await gateway.routes()
        body["model"] = kind.default_model if routes.serves(kind.default_model) else kind.fallback
    return body


def _checked(kind: Kind, body: dict[str, Any], form: Form | None) -> Incoming:
    model_of(body)
    try:
        if form is None:
            return Incoming(kind.check(body))
        return Incoming(kind.inspect(kind.check(body, is_form=True), form.files), form)
    except APIError as fault:
        return Incoming(body, form, fault)
