"""Threads that nobody waits for: to look up a name may take for ever, and cannot be broken off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from queue import SimpleQueue
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


class Detached(ThreadPoolExecutor):
    """For what asyncio does in threads. Neither the end of the loop nor that of the interpreter
    waits for calls that are under way; ``most`` are at once.
    """

    def __init__(self, most: int = 16) -> None:
        super().__init__(most)  # asyncio takes no other kind; it begins no threads by itself
        self._most, self._begun = most, 0
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """The call, as soon as a thread is free."""
        done: Future[T] = Future()
        self._calls.put(partial(_settle, done, partial(fn, *args, **kwargs)))
        if self._begun < self._most:
            self._begun += 1
            threading.Thread(target=self._work, name="nexhina-detached", daemon=True).start()
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """The threads end after what they are at."""
        for _ in range(self._begun):
            self._calls.put(None)

    def _work(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _settle(done: Future[T], call: Callable[[], T]) -> None:
    if not done.set_running_or_notify_cancel():
        return
    try:
        result = call()
    except BaseException as error:  # noqa: BLE001 - the caller's affair
        done.set_exception(error)
    else:
        done.set_result(result)
