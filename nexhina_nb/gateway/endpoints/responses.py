"""POST routes of the Responses API: answer, in the background if asked; compact; count tokens."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Send

from nexhina_nb.errors import NexhinaError
from nexhina_nb.gateway.auth import Caller, address_of
from nexhina_nb.gateway.billing import hold, release
from nexhina_nb.gateway.dialects.responses.objects import new_response
from nexhina_nb.gateway.endpoints import responses_stored
from nexhina_nb.gateway.endpoints.calls import Endpoint, log_failure, origin_of, route
from nexhina_nb.gateway.endpoints.responses_archive import Archive
from nexhina_nb.gateway.endpoints.responses_background import Runs
from nexhina_nb.gateway.incoming import Incoming
from nexhina_nb.gateway.kinds import asks_stream
from nexhina_nb.gateway.kinds.responses import COMPACT, COUNT, RESPOND
from nexhina_nb.gateway.pipeline import Exchange
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.pricing.tokens import count_messages

Body = dict[str, Any]

# Contract 2.2: what a compaction costs, where such a price is set.
_COMPACT_PRICE = "{}-openai-compact"


def routes(gateway: Gateway, runs: Runs) -> list[BaseRoute]:
    """Every route of the Responses API."""
    respond, archive = Respond(gateway, runs), runs.archive

    async def compacting(request: Request, caller: Caller, body: Body) -> Mapping[str, Any]:
        # A server that holds a response may still not know how to compact it.
        await archive.context(caller, body, request.state.request_id, may_pin=False)
        name = _COMPACT_PRICE.format(body["model"])
        is_priced = (await gateway.catalog()).price(name) is not None
        return {"priced_as": name if is_priced else ""}

    return [
        Route("/v1/responses", respond, methods=["POST"], name=RESPOND.verb),
        route(gateway, COMPACT, compacting),
        Route("/v1/responses/input_tokens", Count(gateway, archive), methods=["POST"]),
        *responses_stored.routes(gateway, runs),
    ]


class Respond(Endpoint):
    """POST /v1/responses."""

    def __init__(self, gateway: Gateway, runs: Runs) -> None:
        super().__init__(gateway, RESPOND, self._keeping)
        self._runs = runs

    async def _keeping(self, request: Request, caller: Caller, body: Body) -> Mapping[str, Any]:
        archive = self._runs.archive
        context = await archive.context(caller, body, request.state.request_id)
        is_kept = body.get("store") is not False
        keep = partial(archive.keep, context) if is_kept else None
        return {"keep": keep, "pinned": context.pinned}

    async def _run(self, request: Request, caller: Caller, call: Incoming, send: Send) -> None:
        if call.fault is not None or not call.body.get("background"):
            await super()._run(request, caller, call, send)
            return
        response = await self._begun(request, caller, call.body)
        await response(request.scope, request.receive, send)

    async def _begun(self, request: Request, caller: Caller, asked: Body) -> Response:
        """Let a response run in the background; its stream, or what it is at first."""
        id = request.state.request_id
        begun = new_response(asked, id, int(time.time())) | {"status": "queued"}
        body = {name: value for name, value in asked.items() if name != "background"}
        body["stream"] = True  # so that it can be told how far it is
        exchange = Exchange(
            self._gateway, RESPOND, caller, body, id, request.headers,
            origin=origin_of(request), address=address_of(request.scope),
        )  # fmt: skip
        try:
            context = await self._runs.archive.context(caller, body, id)
            exchange.pinned = request.state.pinned if context.pinned is None else context.pinned
            await _admit(exchange)
            run = await self._runs.start(exchange, begun, context)
        except NexhinaError as error:
            await log_failure(exchange, error)
            raise
        if not asks_stream(asked):
            return JSONResponse(begun)
        return StreamingResponse(run.frames(-1), headers=responses_stored.STREAM)


class Count(Endpoint):
    """POST /v1/responses/input_tokens: counted here, so it costs nothing and no server is asked."""

    def __init__(self, gateway: Gateway, archive: Archive) -> None:
        super().__init__(gateway, COUNT)
        self._archive = archive

    async def _run(self, request: Request, caller: Caller, call: Incoming, send: Send) -> None:
        id = request.state.request_id
        try:
            if call.fault is not None:
                raise call.fault
            (await self._gateway.routes()).legs(caller.account, call.body["model"])
            await self._archive.context(caller, call.body, id, may_pin=False)
            tokens = await asyncio.to_thread(_count, call.body)
        except NexhinaError as error:
            exchange = Exchange(self._gateway, COUNT, caller, call.body, id, request.headers)
            await log_failure(exchange, error)
            raise
        told = {"object": "response.input_tokens", "input_tokens": tokens}
        await JSONResponse(told)(request.scope, request.receive, send)


async def _admit(exchange: Exchange) -> None:
    """Refuse at once what could only fail later: no such model, no price, no money."""
    gateway, caller = exchange.gateway, exchange.caller
    (await gateway.routes()).legs(caller.account, exchange.model)
    await gateway.price(exchange.model)
    release(hold(caller, 0))


def _count(body: Body) -> int:
    # The forms of chat load pydantic, which the gateway starts without.
    from nexhina_nb.gateway.dialects.responses.request import (  # noqa: PLC0415
        conversation_of,
    )

    return count_messages(conversation_of(body), body["model"], body.get("tools"))
