"""POST routes that the pipeline carries: a body comes in, an exchange answers it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from contextlib import aclosing
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from nexhina_nb.errors import (
    APIError,
    NexhinaError,
    PermissionDenied,
    ServiceUnavailable,
    StoreError,
)
from nexhina_nb.gateway import answers
from nexhina_nb.gateway.auth import Caller, address_of, carried, pin_of
from nexhina_nb.gateway.disconnect import ClientGone, leaving
from nexhina_nb.gateway.failures import as_api_error
from nexhina_nb.gateway.incoming import Incoming, incoming
from nexhina_nb.gateway.kinds import Kind
from nexhina_nb.gateway.kinds.text import CHAT
from nexhina_nb.gateway.kinds.vectors import EMBED
from nexhina_nb.gateway.pipeline import Exchange
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.streaming import pour, relay, streamed
from nexhina_nb.gateway.upstreams.base import Answer
from nexhina_nb.store.channels import ENABLED

log = logging.getLogger("nexhina.gateway")

CLIENT_CLOSED = 499  # only in the log: there is nobody left to send it to

Headers = Iterable[tuple[bytes, bytes]]
# May change a checked body; gives what else its exchange is made with: keywords of `Exchange`.
Prepare = Callable[[Request, Caller, dict[str, Any]], Awaitable[Mapping[str, Any]]]

# Contract 4. Nothing between here and the caller may hold a stream back.
STREAM_HEADERS: Headers = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
)


def routes(gateway: Gateway) -> list[BaseRoute]:
    """A route for each kind of call that needs no more than its row."""
    return [route(gateway, kind) for kind in (CHAT, EMBED)]


def route(gateway: Gateway, kind: Kind, prepare: Prepare | None = None) -> Route:
    """The route of one kind of call."""
    endpoint = Endpoint(gateway, kind, prepare)
    return Route(f"/v1{kind.path}", endpoint, methods=["POST"], name=kind.verb)


class Endpoint:
    """The ASGI end of one kind of call."""

    def __init__(self, gateway: Gateway, kind: Kind, prepare: Prepare | None = None) -> None:
        self._gateway = gateway
        self.kind = kind
        self._prepare = prepare
        self.summary = kind.summary

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"]["dialect"] = self.kind.dialect
        request = Request(scope, receive)
        key = carried(request.headers, self.kind.dialect)
        caller = await self._gateway.accounts.authenticate(key, address_of(scope))
        pinned = pin_of(key, caller)
        if pinned is not None:
            await _check_pin(self._gateway, pinned)
        scope["state"]["pinned"] = pinned
        try:
            async with incoming(self._gateway, self.kind, request) as call:
                await self._run(request, caller, call, send)
        except ClientDisconnect:
            return  # before there was a call: nobody is left to tell, and nothing to write down

    async def _run(self, request: Request, caller: Caller, call: Incoming, send: Send) -> None:
        more, fault = await self._prepared(request, caller, call)
        self._gateway.attend()
        exchange = Exchange(
            self._gateway,
            self.kind,
            caller,
            call.body,
            request.state.request_id,
            request.headers,
            origin=origin_of(request),
            address=address_of(request.scope),
            form=call.form,
            **more,
        )
        if exchange.pinned is None:
            exchange.pinned = request.state.pinned
        try:
            if fault is not None:
                raise fault
            async with leaving(request.receive):
                await send_answer(exchange, request, send)
        except ClientGone:
            gone = APIError("the caller left", status=CLIENT_CLOSED, code="client_closed")
            self._gateway.spawn(log_failure(exchange, gone))
        except asyncio.CancelledError:
            stopped = ServiceUnavailable("the gateway was stopped", code="stopped")
            self._gateway.spawn(log_failure(exchange, stopped))
            raise
        except Exception as error:
            request.state.limit_headers = exchange.limit_headers
            await log_failure(exchange, error)
            raise

    async def _prepared(
        self, request: Request, caller: Caller, call: Incoming
    ) -> tuple[Mapping[str, Any], APIError | None]:
        if call.fault is not None or self._prepare is None:
            return {}, call.fault
        try:
            return await self._prepare(request, caller, call.body), None
        except NexhinaError as error:
            return {}, as_api_error(error)


def origin_of(request: Request) -> str:
    """The address by which the caller knows this gateway, ``http://host:port``."""
    # Starlette's `base_url` is a good part of what a plain call costs.
    host = request.headers.get("host") or "{}:{}".format(*request.scope["server"])
    return f"{request.scope['scheme']}://{host}{request.scope.get('root_path', '')}"


async def send_answer(exchange: Exchange, request: Request, send: Send) -> None:
    """Make the call and send what comes of it, whole or as it comes."""
    answer = await exchange.open()
    try:
        await _passed(exchange, answer, request, send)
    except BaseException:
        await answer.aclose()  # once more: perhaps nobody had begun to read it
        raise


async def _passed(exchange: Exchange, answer: Answer, request: Request, send: Send) -> None:
    told = exchange.limit_headers
    if answer.status < 400 and exchange.stream and _is_stream(exchange, answer):
        stream = await streamed(answer) if _is_json(answer) else answer
        await _send(relay(exchange, stream), [*STREAM_HEADERS, *_encoded(told)], send)
    elif answer.status < 400 and exchange.kind.plain == "sound" and not _is_json(answer):
        headers = answers.passed(answer.headers) | exchange.known_cost(answer)
        await _send(pour(exchange, answer), _encoded(answers.limited(headers, told)), send)
    else:
        status, plain, content = await exchange.whole(answer)
        headers = answers.limited(plain, exchange.limit_headers)
        await Response(content, status, headers)(request.scope, request.receive, send)


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]


async def _check_pin(gateway: Gateway, channel: int) -> None:
    """Raises PermissionDenied unless the channel that a key names is there and on."""
    rows = (await gateway.routes()).channels
    if not any(row.id == channel and row.status == ENABLED for row in rows):
        raise PermissionDenied(f"the channel {channel} is switched off, or there is none")


def _is_stream(exchange: Exchange, answer: Answer) -> bool:
    if exchange.kind.plain != "json":  # then neither is a text or a sound a stream
        return "event-stream" in answer.headers.get("content-type", "")
    # Chat is known to come whole from servers that cannot stream; the stream is made of it then.
    return not _is_json(answer) or exchange.kind.asks_usage


def _is_json(answer: Answer) -> bool:
    return "json" in answer.headers.get("content-type", "")


async def _send(body: AsyncGenerator[bytes], headers: Headers, send: Send) -> None:
    async with aclosing(body) as pieces:
        await send({"type": "http.response.start", "status": 200, "headers": list(headers)})
        async for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def log_failure(exchange: Exchange, error: Exception) -> None:
    """Write the log row of a call that came to nothing, unless it has one."""
    try:
        await exchange.failed(error)
    except StoreError as unwritten:
        # The caller is told what was wrong with the call, not with the log.
        log.error("a failed call is not in the log: %s", unwritten)
