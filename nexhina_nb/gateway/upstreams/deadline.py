"""One timer for the whole life of a connection.

Every read moves the moment at which silence becomes a fault. To cancel a timer and make another
each time would be a good part of the cost of a read; here moving the moment away is an addition,
and the timer looks when it fires whether it is time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

_NEVER = float("inf")


class Deadline:
    """Calls ``expired`` once the moment set last has passed."""

    __slots__ = ("_at", "_expired", "_fires", "_handle", "_loop")

    def __init__(self, loop: asyncio.AbstractEventLoop, expired: Callable[[], None]) -> None:
        self._loop = loop
        self._expired = expired
        self._at = self._fires = _NEVER
        self._handle: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Expire in so many seconds from now, whatever was set before."""
        self._at = at = self._loop.time() + seconds
        if at < self._fires:
            self._arm(at)

    def clear(self) -> None:
        """Do not expire until the next `set`."""
        self._at = _NEVER

    def cancel(self) -> None:
        """Give the timer back; nothing expires any more."""
        self._at = self._fires = _NEVER
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _arm(self, at: float) -> None:
        if self._handle is not None:
            self._handle.cancel()
        self._fires = at
        self._handle = self._loop.call_at(at, self._fire)

    def _fire(self) -> None:
        self._handle = None
        self._fires = _NEVER
        # A loop's clock is no finer than this, and firing early by less harms nobody.
        if self._at - self._loop.time() <= 0.001:
            self._at = _NEVER
            self._expired()
        elif self._at != _NEVER:
            self._arm(self._at)
