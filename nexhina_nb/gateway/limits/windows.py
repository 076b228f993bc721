"""A sliding window of a minute: what was counted in it, and when it is forgotten.

Pure: every time is given, in seconds on a clock that does not go back.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

SECONDS = 60.0
# What is counted in the same quarter of a second is forgotten together, a minute after its end. So
# no minute, wherever it begins, ever holds more than the limit, and memory is bounded.
_SLICE = 0.25


@dataclass(slots=True)
class Slice:
    """What was counted in one slice of time; it is forgotten at ``until``."""

    until: float
    amount: int = 0


class Window:
    """The sum of what was counted in the last minute."""

    __slots__ = ("_slices", "_total")

    def __init__(self) -> None:
        self._slices: deque[Slice] = deque()
        self._total = 0

    def total(self, now: float) -> int:
        """What counts now."""
        while self._slices and self._slices[0].until <= now:
            self._total -= self._slices.popleft().amount
        return self._total

    def count(self, amount: int, now: float) -> Slice:
        """Count an amount; gives the slice that it is in, for `correct`."""
        self.total(now)
        until = (now // _SLICE + 1) * _SLICE + SECONDS
        if not self._slices or self._slices[-1].until != until:
            self._slices.append(Slice(until))
        self._slices[-1].amount += amount
        self._total += amount
        return self._slices[-1]

    def correct(self, counted: Slice, more: int, now: float) -> None:
        """It was so much more, or less if that is negative, than was counted in a slice.

        Of a slice that is forgotten nothing is given back; what is more counts now.
        """
        if counted.until > now:
            counted.amount += more
            self._total += more
        elif more > 0:
            self.count(more, now)

    def wait_for(self, amount: int, limit: int, now: float) -> float:
        """Seconds until an amount fits under a limit; 0 if it does now, and also for what never
        would while nothing is counted.
        """
        excess = self.total(now) + amount - limit
        if excess <= 0:
            return 0.0
        for slice in self._slices:
            excess -= slice.amount
            if excess <= 0:
                return slice.until - now
        return self.empty_in(now)

    def empty_in(self, now: float) -> float:
        """Seconds until nothing counts any more."""
        self.total(now)
        return self._slices[-1].until - now if self._slices else 0.0
