"""How often one address may ask the admin API (contract 7.1), counted in memory."""

from __future__ import annotations

import time
from collections.abc import Callable

from nexhina_nb.errors import RateLimited

# Addresses that are remembered; who comes after that pushes out who has been silent longest.
_MOST_ADDRESSES = 10_000


class Window:
    """So many requests of an address in so many seconds."""

    def __init__(
        self, most: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._counts: dict[str, tuple[float, int]] = {}

    def enter(self, address: str) -> None:
        """Count a request. Raises RateLimited (429) for one too many."""
        self.look(address)
        self.count(address)

    def look(self, address: str) -> None:
        """Raise RateLimited (429) if a request of this address would be one too many."""
        now = self._clock()
        start, count = self._counts.get(address, (now, 0))
        if count >= self._most and now - start < self._seconds:
            raise RateLimited(
                f"more than {self._most} requests in {self._seconds:.0f} seconds",
                retry_after=start + self._seconds - now,
            )

    def forgive(self, address: str) -> None:
        """Take back a request that was counted."""
        if (found := self._counts.get(address)) is not None and found[1]:
            self._counts[address] = found[0], found[1] - 1

    def count(self, address: str) -> None:
        """Count a request."""
        now = self._clock()
        start, count = self._counts.pop(address, (now, 0))
        if now - start >= self._seconds:
            start, count = now, 0
        self._counts[address] = start, count + 1
        if len(self._counts) > _MOST_ADDRESSES:
            del self._counts[next(iter(self._counts))]
