"""The gateway as an ASGI application: routes, errors in the wire's form, an id for every
request.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nexhina_nb.errors import ServiceUnavailable
from nexhina_nb.gateway import admin
from nexhina_nb.gateway.endpoints import (
    account,
    audio,
    calls,
    completions,
    dashboard,
    images,
    judging,
    media,
    messages,
    models,
    openapi,
    pricing_page,
    refusals,
    responses,
    videos,
)
from nexhina_nb.gateway.endpoints.responses_background import Runs
from nexhina_nb.gateway.failures import HANDLERS, LastResort, error_response
from nexhina_nb.gateway.hosts import guards
from nexhina_nb.gateway.pruner import Pruner
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.tasks import Tasks
from nexhina_nb.release import version
from nexhina_nb.settings import Settings
from nexhina_nb.store.db import Store


def create_app(
    settings: Settings, store: Store, clock: Callable[[], float] = time.monotonic
) -> Starlette:
    """The application over an open store. The caller owns the store and closes it afterwards;
    ``clock`` (seconds) says when a channel that failed has cooled down.
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # The services need the event loop that they serve, so they are made when it runs.
        gateway = Gateway(settings, store, clock)
        tasks, runs = Tasks(gateway), Runs(gateway)
        app.router.routes[:] = routes(gateway, tasks, runs)
        await tasks.start()
        pruner = Pruner(gateway)
        try:
            yield
        finally:
            await pruner.aclose()
            await tasks.aclose()
            await runs.aclose()
            await gateway.aclose()

    app = Starlette(
        lifespan=lifespan,
        middleware=[Middleware(RequestId), *guards(settings), Middleware(LastResort)],
        exception_handlers=HANDLERS,
    )
    # A redirect would go where the Host header says, and take the prompt along.
    app.router.redirect_slashes = False
    return app


def routes(gateway: Gateway, tasks: Tasks, runs: Runs) -> list[BaseRoute]:
    """Every route that this gateway answers, those that only say no included."""

    async def health(_: Request) -> JSONResponse:
        """whether the gateway is up, and its version"""
        return JSONResponse({"status": "ok", "version": version()})

    return [
        Route("/health", health, methods=["GET"]),
        *calls.routes(gateway),
        *models.routes(gateway),
        *account.routes(gateway),
        *admin.routes(gateway),
        *pricing_page.routes(gateway),
        *dashboard.routes(gateway),
        *media.routes(gateway),
        *images.routes(gateway),
        *audio.routes(gateway),
        *videos.routes(gateway, tasks),
        *responses.routes(gateway, runs),
        *messages.routes(gateway),
        *completions.routes(gateway),
        *judging.routes(gateway),
        *openapi.routes(),
        *refusals.routes(),
    ]


class RequestId:
    """Gives every request an id, and every answer the two headers that name it and this version.

    Who is cut off because the server stops is told so, if the answer has not begun.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._version = version().encode()
        # Unique, not secret: a random start for each process, since a system call for each request
        # was measured at a tenth of its whole cost.
        self._start = secrets.token_hex(10)
        self._numbers = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"{self._start}{next(self._numbers):012x}"
        scope.setdefault("state", {})["request_id"] = request_id

        started = False

        async def named(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = list(message.get("headers", ()))
                # The SDKs look for this one; an upstream's own goes before ours.
                if not any(name == b"x-request-id" for name, _ in headers):
                    headers.append((b"x-request-id", request_id.encode()))
                headers.append((b"x-oneapi-request-id", request_id.encode()))
                headers.append((b"x-new-api-version", self._version))
                headers.append((b"x-content-type-options", b"nosniff"))
                message["headers"] = headers
            await send(message)

        try:
            await self._app(scope, receive, named)
        except asyncio.CancelledError:
            if not started:
                stopped = ServiceUnavailable("the gateway was stopped", code="stopped")
                await error_response(Request(scope), stopped)(scope, receive, named)
