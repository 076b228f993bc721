"""The gateway as an ASGI application: routes, errors in the wire's form, an id for every
request.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nexhina_nb.errors import NotOffered
from nexhina_nb.gateway.endpoints import account, calls, media, models
from nexhina_nb.gateway.failures import HANDLERS, LastResort
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.release import version
from nexhina_nb.settings import Settings
from nexhina_nb.store.db import Store

# Known paths of the API that this gateway does not serve, and what lies below them (contract 2.1):
# whatever the method, it says so, and what to do instead.
_NOT_OFFERED = {
    "/v1/fine_tuning": "fine-tuning is not offered: put examples into the prompt",
    "/v1/fine-tunes": "fine-tuning is not offered: put examples into the prompt",
    "/v1/files": "files are not offered: send the content in the request",
    "/v1/assistants": "assistants are not offered: use chat completions with tools",
    "/v1/images/variations": "image variations are not offered",
}


def create_app(settings: Settings, store: Store) -> Starlette:
    """The application over an open store. The caller owns the store and closes it afterwards."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        # The services need the event loop that they serve, so they are made when it runs.
        gateway = Gateway(settings, store)
        app.router.routes[:] = routes(gateway)
        try:
            yield
        finally:
            await gateway.aclose()

    app = Starlette(
        lifespan=lifespan,
        middleware=[Middleware(RequestId), Middleware(LastResort)],
        exception_handlers=HANDLERS,
    )
    # A redirect would go where the Host header says, and take the prompt along.
    app.router.redirect_slashes = False
    return app


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Every route that this gateway answers, those that only say no included."""

    async def health(_: Request) -> JSONResponse:
        """whether the gateway is up, and its version"""
        return JSONResponse({"status": "ok", "version": version()})

    return [
        Route("/health", health, methods=["GET"]),
        *calls.routes(gateway),
        *models.routes(gateway),
        *account.routes(gateway),
        *media.routes(gateway),
        *(
            Route(path + below, _Refusal(reason))
            for path, reason in _NOT_OFFERED.items()
            for below in ("", "/{rest:path}")
        ),
    ]


class RequestId:
    """Gives every request an id, and every answer the two headers that name it and this version."""

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

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-oneapi-request-id", request_id.encode()),
                    (b"x-new-api-version", self._version),
                ]
            await send(message)

        await self._app(scope, receive, named)


class _Refusal:
    """Says no to every method; a function would be asked for its methods, which have no end."""

    def __init__(self, reason: str) -> None:
        self.summary = f"501: {reason}"
        self._reason = reason

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raise NotOffered(self._reason)
