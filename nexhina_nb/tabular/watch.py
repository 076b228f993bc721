"""Tells the threads of Dask's own schedulers, those without a cluster, that nobody waits for their
partition any more: somebody interrupted the computation, or another partition failed. Dask leaves
such threads to themselves, and theirs would go on with calls that cost money.

Knows also how long the partitions of a computation may still send.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dask.callbacks import Callback

from nexhina_nb.errors import Stopped
from nexhina_nb.tabular.running import NO_TIME

OURS = "nexhina-"  # how the names of tasks begin


class Watch(Callback):
    """Hears of each computation of this process when it ends."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._begun: set[str] = set()  # of the computations that have not ended
        self._runs: set[tuple[str, threading.Event]] = set()
        self._late: set[str] = set()  # handed to a thread in vain: it has not begun with them yet
        self._ends: dict[str, float] = {}  # of the plans that are carried out

    @contextmanager
    def over(self, name: str) -> Iterator[Callable[[], None]]:
        """While the task of this name runs: what raises Stopped once nobody waits for it."""
        gone = threading.Event()

        def poll() -> None:
            if gone.is_set():
                raise Stopped("the computation has ended")

        with self._lock:
            if name in self._late:
                self._late.discard(name)
                gone.set()
            self._begun.add(name)
            self._runs.add((name, gone))
        try:
            poll()
            yield poll
        finally:
            with self._lock:
                self._runs.discard((name, gone))

    def left(self, name: str, poll: Callable[[], None], seconds: float) -> float:
        """For the task of this name, see `seconds_left`; ``poll`` is what `over` gave it."""
        with self._lock:
            poll()  # or it would begin the time of the next computation
            return seconds_left(self._ends, plan_of(name), seconds)

    def _finish(self, graph: Mapping[Any, Any], state: Mapping[str, Any], errored: bool) -> None:
        running = {*state.get("running", ())} if errored else set()
        with self._lock:
            for name, gone in self._runs:
                if name in running:
                    gone.set()
            self._late |= {name for name in running if _is_ours(name)} - self._begun
            self._begun.difference_update(graph)
            if self._ends:
                others = {plan_of(name) for name, gone in self._runs if not gone.is_set()}
                for plan in {plan_of(name) for name in graph} - others:
                    self._ends.pop(plan, None)


def name_of(plan: str, number: int) -> str:
    """What the task of a partition is called."""
    return f"{plan}-{number}"


def plan_of(name: Any) -> str:
    """What the names of all partitions of a plan begin with; nothing if the task is not ours."""
    return name.rpartition("-")[0] if _is_ours(name) else ""


def seconds_left(ends: dict[str, float], plan: str, seconds: float) -> float:
    """Until the deadline of a plan, which comes so many seconds after this is asked first."""
    now = time.monotonic()
    return max(ends.setdefault(plan, now + seconds) - now, NO_TIME)


def _is_ours(name: Any) -> bool:
    return isinstance(name, str) and name.startswith(OURS)


@functools.cache
def watch() -> Watch:
    """The one of this process."""
    made = Watch()
    made.register()
    return made
