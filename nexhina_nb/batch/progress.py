"""How far a batch has come: a value that the runner reports and that a display shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from nexhina_nb.pricing.cost import usd as usd_of


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a batch. ``total``, ``done``, ``failed`` and ``cached`` count rows of the
    input; ``sent``, ``retries`` and ``hedged`` count requests; ``quota`` is None while no bill has
    come or one is unknown; ``is_late``: the deadline came before the end.
    """

    total: int
    done: int = 0
    failed: int = 0
    cached: int = 0
    sent: int = 0
    tokens: int = 0
    quota: int | None = None
    retries: int = 0
    hedged: int = 0
    seconds: float = 0.0
    finished: bool = False
    is_late: bool = False

    @property
    def left(self) -> int:
        """Rows that have come to no end yet."""
        return self.total - self.done - self.failed

    @property
    def computed(self) -> int:
        """Rows that were computed for this batch, not found in the cache."""
        return self.done - self.cached

    @property
    def rows_per_second(self) -> float:
        """The pace: rows that were computed, per second."""
        return self.computed / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this pace; None while that cannot be known."""
        pace = self.rows_per_second
        return self.left / pace if pace > 0 else None

    @property
    def usd(self) -> Decimal | None:
        """What the batch has cost so far."""
        return None if self.quota is None else usd_of(self.quota)

    @property
    def usd_to_come(self) -> Decimal | None:
        """About what the rest will cost, if its rows cost what those before did on average; None
        while that cannot be known.
        """
        if self.quota is None or self.computed <= 0:
            return None
        return usd_of(self.quota * self.left // self.computed)

    def plus(self, other: Progress) -> Progress:
        """The progress of two batches as that of one, as far as their costs are known."""
        quotas = [each.quota for each in (self, other) if each.quota is not None]
        sums = {name: getattr(self, name) + getattr(other, name) for name in _SUMS}
        return replace(
            other,
            **sums,
            quota=sum(quotas) if quotas else None,
            is_late=self.is_late or other.is_late,
        )


_SUMS = ("total", "done", "failed", "cached", "sent", "tokens", "retries", "hedged", "seconds")
Report = Callable[[Progress], None]
