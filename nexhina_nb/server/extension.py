"""The extension as Jupyter Server knows it: routes, an early start if asked for, an orderly end."""

from __future__ import annotations

from typing import Any

from jupyter_server.extension.application import ExtensionApp

from nexhina_nb.errors import NexhinaError
from nexhina_nb.server.handlers import ROUTES
from nexhina_nb.server.service import Service
from nexhina_nb.settings import load


class NexhinaServer(ExtensionApp):
    """Owns one gateway for all kernels of the server; it ends with the server."""

    name = "nexhina_nb"

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.service = Service()

    def initialize_handlers(self) -> None:
        """Add the routes; have the gateway start once the server listens."""
        self.handlers.extend((path, route, {"service": self.service}) for path, route in ROUTES)
        if self._is_wanted_early():
            assert self.serverapp is not None
            self.serverapp.io_loop.add_callback(self.start_gateway)

    async def start_gateway(self) -> None:
        """Start it, or say in the log of the server why not."""
        try:
            await self.service.lifecycle.start()
        except NexhinaError as error:
            self.log.warning("nexhina_nb: %s", error)

    async def stop_extension(self) -> None:
        """Let the running calls of the child finish, and end it."""
        if self.service.lifecycle.owns:
            self.log.info("nexhina_nb: the gateway ends; calls that are running finish first")
        await self.service.lifecycle.close()

    def _is_wanted_early(self) -> bool:
        try:
            settings = load()
        except NexhinaError as error:
            self.log.warning("nexhina_nb: %s", error)
            return False
        return settings.autostart and not settings.base_url
