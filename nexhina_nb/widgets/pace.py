"""Drawing at a pace that a front end can follow, without making the sender wait."""

from __future__ import annotations

import contextvars
import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

# Ten drawings a second read as a flow. One that takes long, such as the Markdown of a long answer,
# gets a share of the time: the rest of the program needs it too.
UPDATE_SECONDS = 0.1
SHARE = 0.2


class Pacer(Generic[T]):
    """Calls ``draw`` with the newest value, in a thread of its own.

    A value that is overtaken by the next is never drawn; the last one always is, unless `stop`
    comes first.
    """

    def __init__(self, draw: Callable[[T], None], name: str) -> None:
        self._draw = draw
        self._newest: list[T] = []
        self._changed, self._stopped = threading.Event(), threading.Event()
        # The kernel tells from the context to which cell an output belongs.
        run = contextvars.copy_context().run
        self._thread = threading.Thread(target=run, args=(self._run,), name=name, daemon=True)
        self._thread.start()

    def put(self, value: T) -> None:
        """A newer value."""
        self._newest = [value]
        self._changed.set()

    def stop(self) -> None:
        """Draw no more; when it returns, nothing is being drawn."""
        self._stopped.set()
        self._changed.set()
        self._thread.join()

    def _run(self) -> None:
        wait = UPDATE_SECONDS
        while self._changed.wait() and not self._stopped.wait(wait):
            self._changed.clear()
            start = time.monotonic()
            self._draw(self._newest[0])
            wait = max(UPDATE_SECONDS, (time.monotonic() - start) / SHARE)
