"""Once a day: log rows and captures that are too old go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Connection

from nexhina_nb.errors import StoreError
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.store.pruning import BATCH, limits_of_age, prune_captures, prune_logs

_DAY = 86_400
_PAUSE = 0.05  # seconds between two batches: bills go in between
_PRUNE = {"logs": prune_logs, "captures": prune_captures}
log = logging.getLogger("nexhina.gateway")


class Pruner:
    """The daily task of one gateway. Made in its event loop."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._task = asyncio.create_task(self._run())

    async def aclose(self) -> None:
        """Stop; what is left goes the next time."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    async def _run(self) -> None:
        settings = self._gateway.settings
        while True:
            try:
                for what, before in limits_of_age(settings.log_days, settings.capture_days):
                    await prune_all(self._gateway, _PRUNE[what], before)
            except StoreError as error:
                log.error("what is old has not been pruned: %s", error)
            await asyncio.sleep(_DAY)


async def prune_all(gateway: Gateway, prune: Callable[[Connection, int], int], before: int) -> int:
    """Delete everything older, a batch at a time; how many rows it were."""
    total = 0
    while True:
        gone = await gateway.write(prune, before)
        total += gone
        if gone < BATCH:
            return total
        await asyncio.sleep(_PAUSE)
