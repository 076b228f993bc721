"""Responses that are kept: to be read, followed, cancelled, deleted, asked what went into them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.auth import address_of
from nexhina_nb.gateway.endpoints.calls import STREAM_HEADERS
from nexhina_nb.gateway.endpoints.responses_background import Runs
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.store.responses import Item, KeptResponse
from nexhina_nb.wire.sse import encode

STREAM = {name.decode(): value.decode() for name, value in STREAM_HEADERS}
_MOST_ITEMS, _SOME_ITEMS = 100, 20
_TRUE = ("true", "True", "1")


def routes(gateway: Gateway, runs: Runs) -> list[BaseRoute]:
    """The routes below the id of a response."""
    stored, below = Stored(gateway, runs), "/v1/responses/{id}"
    return [
        Route(below, stored.read, methods=["GET"], name="response"),
        Route(below, stored.delete, methods=["DELETE"], name="delete_response"),
        Route(f"{below}/cancel", stored.cancel, methods=["POST"], name="cancel_response"),
        Route(f"{below}/input_items", stored.input_items, methods=["GET"], name="input_items"),
    ]


class Stored:
    """What can be done with a kept response. Only the keys of its user find it."""

    def __init__(self, gateway: Gateway, runs: Runs) -> None:
        self._gateway = gateway
        self._runs = runs

    async def read(self, request: Request) -> Response:
        """a kept response, or the events of one from the background"""
        kept = await self._found(request)
        if request.query_params.get("stream") not in _TRUE:
            return JSONResponse(kept.reply)
        after = _whole(request, "starting_after", -1)
        if (run := self._runs.find(kept.user_id, kept.id)) is not None:
            return StreamingResponse(run.frames(after), headers=STREAM)
        if not kept.events:
            raise BadRequest(
                "only a response that was made with background: true can be streamed again",
                param="stream",
            )
        return StreamingResponse(_replayed(kept, after), headers=STREAM)

    async def delete(self, request: Request) -> Response:
        """forget a response; one that runs is cancelled"""
        kept = await self._found(request)
        await self._runs.cancel(kept.user_id, kept.id)
        await self._runs.archive.delete(kept.user_id, kept.id)
        return JSONResponse({"id": kept.id, "object": "response", "deleted": True})

    async def cancel(self, request: Request) -> Response:
        """end a response that runs in the background"""
        kept = await self._found(request)
        if not kept.reply.get("background"):
            raise BadRequest("only a response made with background: true can be cancelled")
        await self._runs.cancel(kept.user_id, kept.id)
        return JSONResponse((await self._runs.archive.get(kept.user_id, kept.id)).reply)

    async def input_items(self, request: Request) -> Response:
        """the items that went into a response, in pages"""
        kept = await self._found(request)
        return JSONResponse(_page(request, kept.input))

    async def _found(self, request: Request) -> KeptResponse:
        key = request.headers.get("authorization")
        caller = await self._gateway.accounts.authenticate(key, address_of(request.scope))
        return await self._runs.archive.get(caller.account.user_id, request.path_params["id"])


async def _replayed(kept: KeptResponse, after: int) -> AsyncIterator[bytes]:
    for event in kept.events[after + 1 :]:
        yield encode(orjson.dumps(dict(event)), event["type"])


def _page(request: Request, items: list[Item]) -> dict[str, Any]:
    """A page of items (contract 2.5), newest first unless the query says otherwise."""
    limit = _whole(request, "limit", _SOME_ITEMS)
    if not 1 <= limit <= _MOST_ITEMS:
        raise BadRequest(f"'limit' must be from 1 to {_MOST_ITEMS}", param="limit")
    order = request.query_params.get("order", "desc")
    if order not in ("asc", "desc"):
        raise BadRequest("'order' must be 'asc' or 'desc'", param="order")
    ordered = items if order == "asc" else items[::-1]
    start = 0
    if after := request.query_params.get("after"):
        places = [place for place, item in enumerate(ordered) if item.get("id") == after]
        if not places:
            raise BadRequest("'after' must be the id of an item", param="after")
        start = places[0] + 1
    page = ordered[start : start + limit]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0].get("id") if page else None,
        "last_id": page[-1].get("id") if page else None,
        "has_more": start + limit < len(ordered),
    }


def _whole(request: Request, name: str, default: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadRequest(f"'{name}' must be a whole number, not negative", param=name)
    return int(text)
