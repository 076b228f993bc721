"""How the answers of many calls at once are read: what a process holds of unfinished ones is
bounded, and the rest waits in the sockets.

Thirty answers of two megabytes each that come in side by side would otherwise all be here in halves
before the first of them is whole.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

ROOM = 8 << 20  # bytes of unfinished answers, beyond which only the oldest one is read on
# Seconds that others wait for an answer that has stopped coming: memory is not worth a standstill.
PATIENCE = 0.5


class Intake:
    """The unfinished answers of one client, inside one event loop."""

    def __init__(self, room: int = ROOM, patience: float = PATIENCE) -> None:
        self._room, self._patience = room, patience
        self._held: dict[object, int] = {}  # bytes of each, oldest first
        self._changed = asyncio.Event()

    async def whole(self, answer: Any) -> bytes:
        """The body of an open answer of httpx."""
        # What is not compressed need not pass through the layer that would undo it.
        is_plain = "content-encoding" not in answer.headers
        chunks = []
        async with self._place() as place:
            async for chunk in answer.aiter_raw() if is_plain else answer.aiter_bytes():
                chunks.append(chunk)
                self._held[place] += len(chunk)
                if sum(self._held.values()) > self._room:
                    await self._wait(place)
            return b"".join(chunks)

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[object]:
        place = object()
        self._held[place] = 0
        try:
            yield place
        finally:
            del self._held[place]
            self._changed.set()

    async def _wait(self, place: object) -> None:
        """Until there is room, or this is the oldest; or nothing has changed for a while."""
        with contextlib.suppress(TimeoutError):
            while sum(self._held.values()) > self._room and next(iter(self._held)) is not place:
                self._changed.clear()
                async with asyncio.timeout(self._patience):
                    await self._changed.wait()
