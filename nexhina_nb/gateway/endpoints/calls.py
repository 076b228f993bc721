"""POST routes that the pipeline carries: chat completions, embeddings, rerank."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from nexhina_nb.errors import APIError, StoreError, TooLarge, UnsupportedMedia
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.disconnect import ClientGone, leaving
from nexhina_nb.gateway.failures import as_api_error
from nexhina_nb.gateway.kinds import CHAT, EMBED, RERANK, Kind, model_of
from nexhina_nb.gateway.pipeline import Exchange
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.streaming import relay
from nexhina_nb.gateway.upstreams.base import Answer
from nexhina_nb.wire.body import parse_json

log = logging.getLogger("nexhina.gateway")

CLIENT_CLOSED = 499  # only in the log: there is nobody left to send it to
# Bytes. Reading and checking what is larger takes long enough to be felt by every other caller.
LARGE_BODY = 256 << 10

# Contract 4. Nothing between here and the caller may hold a stream back.
_STREAM_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


def routes(gateway: Gateway) -> list[BaseRoute]:
    """A route for each kind of call."""
    return [
        Route(f"/v1{kind.path}", Endpoint(gateway, kind), methods=["POST"], name=kind.verb)
        for kind in (CHAT, EMBED, RERANK)
    ]


class Endpoint:
    """The ASGI end of one kind of call."""

    def __init__(self, gateway: Gateway, kind: Kind) -> None:
        self._gateway = gateway
        self._kind = kind
        self.summary = kind.summary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        caller = await self._gateway.accounts.authenticate(request.headers.get("authorization"))
        try:
            raw = await read_body(request, self._gateway.settings.max_body_mb << 20)
        except ClientDisconnect:
            return  # before there was a call: nobody is left to tell, and nothing to write down
        exchange, fault = await self._exchange(request, caller, raw)
        try:
            if fault is not None:
                raise fault
            async with leaving(receive):
                await self._answer(exchange, send, scope, receive)
        except ClientGone:
            gone = APIError("the caller left", status=CLIENT_CLOSED, code="client_closed")
            self._gateway.spawn(_log_failure(exchange, gone))
        except Exception as error:
            await _log_failure(exchange, as_api_error(error))
            raise

    async def _exchange(
        self, request: Request, caller: Caller, raw: bytes
    ) -> tuple[Exchange, APIError | None]:
        if len(raw) > LARGE_BODY:
            body, fault = await asyncio.to_thread(_parsed, self._kind, raw)
        else:
            body, fault = _parsed(self._kind, raw)
        exchange = Exchange(
            self._gateway, self._kind, caller, body, request.state.request_id, request.headers
        )
        return exchange, fault

    async def _answer(self, exchange: Exchange, send: Send, scope: Scope, receive: Receive) -> None:
        answer = await exchange.open()
        if exchange.stream and answer.status < 400:
            await _send_stream(exchange, answer, send)
            return
        status, headers, content = await exchange.whole(answer)
        await Response(content, status, headers)(scope, receive, send)


def _parsed(kind: Kind, raw: bytes) -> tuple[dict[str, Any], APIError | None]:
    """A call's body, and where it breaks the contract: that is logged, under the model's name.

    Raises BadRequest for what is no JSON object, or names no model.
    """
    body = parse_json(raw)
    model_of(body)
    try:
        kind.check(body)
    except APIError as fault:
        return body, fault
    return body, None


async def _log_failure(exchange: Exchange, error: APIError) -> None:
    try:
        await exchange.failed(error.message, error.status_code, error.code)
    except StoreError as unwritten:
        # The caller is told what was wrong with the call, not with the log.
        log.error("a failed call is not in the log: %s", unwritten)


async def _send_stream(exchange: Exchange, answer: Answer, send: Send) -> None:
    async with aclosing(relay(exchange, answer)) as frames:
        await send({"type": "http.response.start", "status": 200, "headers": _STREAM_HEADERS})
        async for frame in frames:
            await send({"type": "http.response.body", "body": frame, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def read_body(request: Request, limit: int) -> bytes:
    """The body of a JSON request. Raises UnsupportedMedia (415) or TooLarge (413)."""
    kind = request.headers.get("content-type", "application/json")
    if "json" not in kind.lower():
        raise UnsupportedMedia(
            f"the content type is {kind!r}, and this endpoint takes JSON: "
            "send the header 'content-type: application/json'"
        )
    pieces, size = [], 0
    async for piece in request.stream():
        size += len(piece)
        if size > limit:
            raise TooLarge(f"the body is larger than {limit >> 20} MiB")
        pieces.append(piece)
    return b"".join(pieces)
