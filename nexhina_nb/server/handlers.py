"""The REST routes of the front end. Every one asks for a login, as the rest of Jupyter does."""

from __future__ import annotations

import json
from collections.abc import Awaitable
from typing import Any

import tornado.web
from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler

from nexhina_nb.errors import BadInput, GatewayNotRunning, NexhinaError
from nexhina_nb.server.service import Service

PREFIX = "nexhina/api"


class _Route(APIHandler):
    auth_resource = "nexhina"
    # A browser that only looks must not keep an idle server from being culled.
    _track_activity = False
    # What it means to a caller that no gateway runs.
    not_running = 503

    def initialize(self, service: Service) -> None:
        self.service = service

    async def answer(self, work: Awaitable[dict[str, Any]]) -> None:
        """Finish with a result, or with what went wrong and what to do about it."""
        try:
            body = await work
        except NexhinaError as error:
            self.set_status(self._status_of(error))
            body = {"message": error.message, "hint": error.hint}
        self.set_header("Cache-Control", "no-store")
        await self.finish(json.dumps(body))

    def _status_of(self, error: NexhinaError) -> int:
        if isinstance(error, BadInput):
            return 400
        return self.not_running if isinstance(error, GatewayNotRunning) else 502


class StatusRoute(_Route):
    """GET status: whether a gateway runs, and what was spent today."""

    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        """The status."""
        await self.answer(self.service.status())


class GatewayRoute(_Route):
    """POST gateway: start it or stop it."""

    _track_activity = True
    not_running = 502  # it was to be started, and failed

    @tornado.web.authenticated
    @authorized
    async def post(self) -> None:
        """The status when it has happened."""
        body = self.get_json_body()
        action = body.get("action") if isinstance(body, dict) else None
        await self.answer(self.service.act(action))


class ModelsRoute(_Route):
    """GET models: what the key may use, with prices."""

    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        """The models."""
        await self.answer(self.service.models())


class CallsRoute(_Route):
    """GET calls: what the key called last."""

    @tornado.web.authenticated
    @authorized
    async def get(self) -> None:
        """The newest calls, ``limit`` of them."""
        await self.answer(self.service.calls(self.get_query_argument("limit", "20")))


ROUTES: tuple[tuple[str, type[_Route]], ...] = (
    (rf"/{PREFIX}/status", StatusRoute),
    (rf"/{PREFIX}/gateway", GatewayRoute),
    (rf"/{PREFIX}/models", ModelsRoute),
    (rf"/{PREFIX}/calls", CallsRoute),
)
