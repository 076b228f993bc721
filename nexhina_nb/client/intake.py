"""How the answers of a batch are read, many at once: one after the other where they come faster
than this process takes them in.

Thirty answers of two megabytes that are read side by side would all be here in halves before the
first of them is whole. What is not read yet waits in the sockets. Where the network is what is
slow, to wait would make it slower, and everything is read as it comes.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

ROOM = 4 << 20  # bytes of unfinished answers; beyond, the oldest one goes first
PATIENCE = 0.1  # seconds in which the oldest must end, else it is the network that is slow
REST = 1.0  # seconds in which nobody waits then


class Intake:
    """The unfinished answers of one batch, inside one event loop."""

    def __init__(self, room: int = ROOM, patience: float = PATIENCE, rest: float = REST) -> None:
        self._room, self._patience, self._rest = room, patience, rest
        self._held: dict[object, int] = {}  # bytes of each, oldest first
        self._since = self._free_until = 0.0  # when the oldest became it; when the rest ends
        self._ended = asyncio.Event()

    async def whole(self, answer: Any) -> bytes:
        """The body of an open answer of httpx."""
        # What is not compressed need not pass through the layer that would undo it.
        is_plain = "content-encoding" not in answer.headers
        chunks = []
        with self._place() as place:
            async for chunk in answer.aiter_raw() if is_plain else answer.aiter_bytes():
                chunks.append(chunk)
                self._held[place] += len(chunk)
                while (seconds := self._wait(place)) > 0:
                    await self._until_one_ended(seconds)
            return b"".join(chunks)

    @contextmanager
    def _place(self) -> Iterator[object]:
        place = object()
        self._since = self._since if self._held else time.monotonic()
        self._held[place] = 0
        try:
            yield place
        finally:
            self._since = time.monotonic() if self._is_oldest(place) else self._since
            del self._held[place]
            self._ended.set()

    def _is_oldest(self, place: object) -> bool:
        return next(iter(self._held)) is place

    def _wait(self, place: object) -> float:
        """Seconds that this answer has to wait for others, at most."""
        if sum(self._held.values()) <= self._room or self._is_oldest(place):
            return 0.0
        now = time.monotonic()
        if now >= self._free_until and now >= self._since + self._patience:
            self._free_until = now + self._rest
            self._since = self._free_until
        return 0.0 if now < self._free_until else self._since + self._patience - now

    async def _until_one_ended(self, seconds: float) -> None:
        self._ended.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return
