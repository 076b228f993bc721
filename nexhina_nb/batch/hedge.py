"""When to ask a second time for what is slow to come: after far longer than others took."""

from __future__ import annotations

import statistics
from collections import deque

ENOUGH = 4  # answers, before anything can be said
TIMES = 3.0  # of the median: at that, one call in a hundred or so is hedged where nothing is wrong
LEAST = 0.05  # seconds: below that a second call brings nothing


class Hedge:
    """Learns how long calls take; ``is_wanted`` is the caller's choice, since both calls of a pair
    may be billed.
    """

    def __init__(self, *, is_wanted: bool) -> None:
        self.is_wanted = is_wanted
        self._seconds: deque[float] = deque(maxlen=128)

    def took(self, seconds: float) -> None:
        """A call was answered after so long."""
        if self.is_wanted:
            self._seconds.append(seconds)

    def is_late(self, seconds: float) -> bool:
        """Whether a call that has not been answered for so long gets a second one."""
        if len(self._seconds) < ENOUGH:
            return False
        return seconds >= max(LEAST, TIMES * statistics.median(self._seconds))
