"""Parts that a server wants to see again only after longer than anybody waits for a single call:
they wait while others are answered. Pure; the time (seconds) is passed in.
"""

from __future__ import annotations

from dataclasses import dataclass

from nexhina_nb.errors import NexhinaError, RateLimited

MOST = 8  # put aside one after the other, nothing answered between: then nothing more is sent


@dataclass(frozen=True, slots=True, eq=False)
class Stay:
    """A part that waits until some moment, and what sent it away."""

    until: float
    error: RateLimited


class Aside:
    """The parts that wait; ``longest`` (seconds) is how long the rest of a batch waits for them."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._stays: set[Stay] = set()
        self._in_a_row = 0

    def __len__(self) -> int:
        return len(self._stays)

    @property
    def is_closed(self) -> bool:
        """Whether sending more is of no use before something under way is answered."""
        return self._in_a_row >= MOST

    def answered(self) -> None:
        """Something was."""
        self._in_a_row = 0

    def put(self, error: NexhinaError, now: float) -> Stay | None:
        """How long the part that met this error waits aside; None if it need not."""
        if not isinstance(error, RateLimited) or (error.retry_after or 0) <= self._longest:
            return None
        assert error.retry_after is not None
        stay = Stay(now + error.retry_after, error)
        self._stays.add(stay)
        self._in_a_row += 1
        return stay

    def take(self, stay: Stay) -> None:
        """Its time has come, so one at least may be sent again."""
        self._stays.remove(stay)
        self._in_a_row = min(self._in_a_row, MOST - 1)

    def too_long(self, now: float) -> RateLimited | None:
        """The error that ends a batch in which all else is done, if nobody waits for these parts;
        its ``retry_after`` is how long that still is.
        """
        if not self._stays:
            return None
        first = min(self._stays, key=lambda stay: stay.until)
        left = first.until - now
        if left <= self._longest and not self.is_closed:
            return None
        first.error.retry_after = left
        return first.error
