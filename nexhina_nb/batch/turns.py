"""Who may send now: the calls of a batch wait here for their turn, and say afterwards how it went.

The rules are `Pace`'s; this adds the clock and the waiting. Several processes may share turns
(`tabular.cluster` has some that a Dask scheduler gives), so taking one is asynchronous.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

from nexhina_nb.batch.pace import Ending, Pace
from nexhina_nb.batch.quotas import Quota


class Turns(Protocol):
    """Turns to send a call. Each one that is taken is given back."""

    async def take(self) -> None:
        """Wait until a call may be sent."""

    async def give_back(self, ending: Ending, quota: Quota | None = None) -> None:
        """The call has ended; ``quota`` is what the other side said of what it still takes."""


class Money(Protocol):
    """What calls are paid from; amounts are quota."""

    def holds(self, cost: int) -> bool:
        """Hold what a call may cost; False if what others hold must come back first. Raises
        BudgetExceeded if that would not help.
        """

    def settle(self, cost: int, spent: int) -> None:
        """What was held for a call comes back, and so much of it was spent."""


class OwnTurns:
    """Turns of this process, first come, first served. Batches in several threads, each with a loop
    of its own, may share them, and the ``money`` for their calls.
    """

    def __init__(
        self,
        pace: Pace,
        clock: Callable[[], float] = time.monotonic,
        money: Money | None = None,
    ) -> None:
        self._pace, self._clock, self._money = pace, clock, money
        self._line: deque[Waiter] = deque()
        self._lock = threading.Lock()  # of the pace, the money and the line

    async def take(self, cost: int = 0) -> None:
        """Wait until a call may be sent. Raises BudgetExceeded if it may not for what it costs."""
        waiter = Waiter(cost)
        with self._lock:
            self._line.append(waiter)
        try:
            while (delay := self._try(waiter)) != 0:
                await waiter.wait(delay)
        finally:
            with self._lock:
                self._line.remove(waiter)
                self._wake_first()

    async def give_back(self, ending: Ending, quota: Quota | None = None) -> None:
        """The call has ended."""
        self.ended(ending, quota)

    def ended(
        self, ending: Ending, quota: Quota | None = None, cost: int = 0, spent: int = 0
    ) -> None:
        """The same for those who have no loop, or money."""
        with self._lock:
            self._pace.ended(self._clock(), ending, quota)
            if self._money is not None:
                self._money.settle(cost, spent)
            self._wake_first()

    def _try(self, waiter: Waiter) -> float | None:
        """Begin if it may be, which is 0; else seconds until it may, None if that is not known."""
        with self._lock:
            if self._line[0] is not waiter:
                return None
            now = self._clock()
            delay = self._pace.delay(now)
            if delay != 0:
                return delay
            if self._money is not None and not self._money.holds(waiter.cost):
                return None
            self._pace.begin(now)
            return 0

    def _wake_first(self) -> None:
        if self._line:
            self._line[0].wake()


class Waiter:
    """A call that waits in a loop, and may be woken from any thread."""

    def __init__(self, cost: int) -> None:
        self.cost = cost
        self._loop, self._woken = asyncio.get_running_loop(), asyncio.Event()

    async def wait(self, delay: float | None) -> None:
        """Until somebody wakes it, or so many seconds have passed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._woken.wait()
        self._woken.clear()

    def wake(self) -> None:
        """Let it look again."""
        self._loop.call_soon_threadsafe(self._woken.set)
