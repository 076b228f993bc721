"""POST routes that the pipeline carries: chat completions, embeddings, rerank."""

from __future__ import annotations

from contextlib import aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from nexhina_nb.errors import APIError, TooLarge, UnsupportedMedia
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.disconnect import ClientGone, leaving
from nexhina_nb.gateway.kinds import CHAT, EMBED, RERANK, Kind
from nexhina_nb.gateway.pipeline import Exchange, model_of
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.upstreams.base import Answer
from nexhina_nb.wire.body import parse_json

CLIENT_CLOSED = 499  # only in the log: there is nobody left to send it to

# Contract 4. Nothing between here and the caller may hold a stream back.
_STREAM_HEADERS = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


def routes(gateway: Gateway) -> list[BaseRoute]:
    """One route a kind."""
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
        exchange = await self._exchange(request, caller)
        try:
            async with leaving(receive):
                await self._answer(exchange, send, scope, receive)
        except ClientGone:
            if not exchange.accounted:
                gone = exchange.failed("the caller left", CLIENT_CLOSED, "client_closed")
                self._gateway.spawn(gone)
        except APIError as error:
            await exchange.failed(error.message, error.status_code, error.code)
            raise

    async def _exchange(self, request: Request, caller: Caller) -> Exchange:
        body = parse_json(await read_body(request, self._gateway.settings.max_body_mb << 20))
        model_of(body)
        return Exchange(
            self._gateway, self._kind, caller, body, request.state.request_id, request.headers
        )

    async def _answer(self, exchange: Exchange, send: Send, scope: Scope, receive: Receive) -> None:
        answer = await exchange.open()
        if exchange.stream and answer.status < 400:
            await _send_stream(exchange, answer, send)
            return
        status, headers, content = await exchange.whole(answer)
        await Response(content, status, headers)(scope, receive, send)


async def _send_stream(exchange: Exchange, answer: Answer, send: Send) -> None:
    async with aclosing(exchange.frames(answer)) as frames:
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
