"""What the browser may ask and have done: the gateway's state, its figures, start and stop.

No answer holds a key, whether the gateway's or the user's own.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from nexhina_nb.errors import BadInput, ConfigError, GatewayNotRunning, NexhinaError
from nexhina_nb.release import version
from nexhina_nb.server.lifecycle import Gateway, Lifecycle
from nexhina_nb.server.shared import Shared
from nexhina_nb.settings import Settings, load

FRESH_SECONDS = 1.0
# New API shows a key its log twenty times in twenty minutes (contract 7.1), and two routes ask.
FRESH_SECONDS_REMOTE = 120.0
MOST_CALLS = 1000  # contract 7.5
HOW_TO_START = "start one in the Nexhina panel, or run `%nexhina gateway start` in a cell"


class Service:
    """The answers, as JSON objects. Used from one event loop."""

    def __init__(self, settings: Callable[[], Settings] = load) -> None:
        self._settings = settings
        self.lifecycle = Lifecycle(settings)
        self._shared = Shared()

    async def status(self) -> dict[str, Any]:
        """The state of the gateway, the key's balance, and what was spent today; always an answer,
        whatever is wrong.
        """
        try:
            gateway = self.lifecycle.look()
        except ConfigError as error:
            gateway = Gateway("failed", error=str(error))
        status: dict[str, Any] = {
            "state": gateway.state,
            "owned": gateway.owned,
            "base_url": gateway.base_url,
            "pid": gateway.pid,
            "version": version(),
            "error": gateway.error,
            "key": None,
            "today": None,
        }
        if not gateway.answers:
            return status
        try:
            status |= await self._read("spending", gateway)
        except NexhinaError as error:
            status["error"] = str(error)
        return status

    async def act(self, action: object) -> dict[str, Any]:
        """Start or stop the gateway; the status when that has happened."""
        if action not in ("start", "stop"):
            raise BadInput('the action is "start" or "stop"')
        await (self.lifecycle.start() if action == "start" else self.lifecycle.stop())
        return await self.status()

    async def models(self) -> dict[str, Any]:
        """The models that the key may use. Raises GatewayNotRunning if there is nobody to ask."""
        return {"models": await self._read("models", self._answering())}

    async def calls(self, limit: str) -> dict[str, Any]:
        """The key's newest calls. Raises GatewayNotRunning as above, BadInput for a bad limit."""
        if not (limit.isascii() and limit.isdecimal() and 0 < int(limit[:9]) <= MOST_CALLS):
            raise BadInput(f"the limit is a number from 1 to {MOST_CALLS}")
        return {"calls": await self._read("calls", self._answering(), int(limit))}

    def _answering(self) -> Gateway:
        gateway = self.lifecycle.look()
        if not gateway.answers:
            message = gateway.error or "no gateway is running"
            raise GatewayNotRunning(message, hint=HOW_TO_START)
        return gateway

    async def _read(self, what: str, gateway: Gateway, *arguments: int) -> Any:
        read = partial(self._ask, what, *arguments)
        about = gateway.base_url, gateway.pid, arguments
        seconds = FRESH_SECONDS_REMOTE if gateway.state == "remote" else FRESH_SECONDS
        return await self._shared.get(what, about, read, seconds)

    async def _ask(self, what: str, *arguments: int) -> Any:
        # It brings the client and pydantic: loaded at the first question, beside the event loop.
        module = await asyncio.to_thread(importlib.import_module, "nexhina_nb.server.figures")
        ask: Callable[..., Coroutine[Any, Any, Any]] = getattr(module, what)
        return await ask(self._settings(), *arguments)
