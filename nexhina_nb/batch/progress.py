"""How far a batch has come: a value that the runner reports and that a display shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from nexhina_nb.pricing.cost import usd as usd_of


@dataclass(frozen=True, slots=True)
class Progress:
    """One moment of a batch. ``total``, ``done``, ``failed`` and ``cached`` count rows of the
    input; ``sent`` counts requests; ``quota`` is None while no bill has come or one is unknown.
    """

    total: int
    done: int = 0
    failed: int = 0
    cached: int = 0
    sent: int = 0
    tokens: int = 0
    quota: int | None = None
    retries: int = 0
    seconds: float = 0.0
    finished: bool = False

    @property
    def rows_per_second(self) -> float:
        """Rows that were computed for this batch, not found in the cache, per second."""
        return (self.done - self.cached) / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """How long the rest takes at this pace; None while that cannot be known."""
        pace = self.rows_per_second
        return (self.total - self.done - self.failed) / pace if pace > 0 else None

    @property
    def usd(self) -> Decimal | None:
        """What the batch has cost so far."""
        return None if self.quota is None else usd_of(self.quota)


Report = Callable[[Progress], None]
