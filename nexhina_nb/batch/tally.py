"""What a batch counts while it runs: rows, requests, tokens, money."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from nexhina_nb.batch.progress import Progress
from nexhina_nb.client.cost import Cost, total


@dataclass(frozen=True, slots=True)
class Bill:
    """What one answer said of itself: price, input tokens, the model that answered."""

    cost: Cost
    tokens: int = 0
    model: str | None = None
    request_id: str | None = None


@dataclass(slots=True)
class Tally:
    """Counters of one batch over ``total`` rows of input. The thread of the batch writes, others
    may read.
    """

    total: int
    done: int = 0
    failed: int = 0
    cached: int = 0
    sent: int = 0
    retries: int = 0
    hedged: int = 0
    is_late: bool = False  # the deadline came first
    cut: int = 0  # calls broken off, which may be billed all the same
    last: Bill | None = None
    clock: Callable[[], float] = time.monotonic
    _tokens: int = 0
    _cost: Cost = field(default_factory=lambda: total([]))
    _began: float = 0.0

    def __post_init__(self) -> None:
        self._began = self.clock()

    def found(self, rows: int) -> None:
        """The answer for so many rows was on disk."""
        self.done += rows
        self.cached += rows

    def answered(self, rows: int) -> None:
        """A call brought the answer for so many rows."""
        self.done += rows

    def billed(self, bill: Bill) -> None:
        """A call was answered, so it has a price, even if its answer is of no use."""
        self.last = bill
        self._tokens += bill.tokens
        self._cost = total([self._cost, bill.cost])

    @property
    def cost(self) -> Cost:
        """What all calls cost; unknown if that of one is."""
        return self._cost

    def progress(self, *, finished: bool = False) -> Progress:
        """The figures of this moment."""
        return Progress(
            total=self.total,
            done=self.done,
            failed=self.failed,
            cached=self.cached,
            sent=self.sent,
            tokens=self._tokens,
            quota=None if self.last is None else self._cost.quota,
            retries=self.retries,
            hedged=self.hedged,
            seconds=self.clock() - self._began,
            finished=finished,
            is_late=self.is_late,
        )
