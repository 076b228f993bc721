"""Answers that several askers share for a moment, so that ten browser tabs cost what one does."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

T = TypeVar("T")
# What was wrong may have been put right: an address, a key, a network.
FAILED_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Held:
    about: Hashable
    began: float
    task: asyncio.Task[Any]


class Shared:
    """Keeps the last answer under each name. Used from one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._held: dict[str, _Held] = {}

    async def get(
        self,
        name: str,
        about: Hashable,
        read: Callable[[], Coroutine[Any, Any, T]],
        seconds: float = 1.0,
    ) -> T:
        """The answer, or the failure, of ``read``: the one that is on its way, or the last one if
        it was asked for less than ``seconds`` ago (a failure: 10 at most) and was ``about`` the
        same.
        """
        held = self._held.get(name)
        if held is None or held.about != about or self._is_old(held, seconds):
            held = _Held(about, self._clock(), asyncio.create_task(read()))
            self._held[name] = held
        # An asker who leaves takes nothing away from the others.
        return cast(T, await asyncio.shield(held.task))

    def _is_old(self, held: _Held, seconds: float) -> bool:
        if not held.task.done():
            return False
        failed = held.task.cancelled() or held.task.exception() is not None
        longest = min(seconds, FAILED_SECONDS) if failed else seconds
        return self._clock() - held.began >= longest
