"""What a report says, apart from how it is shown."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import polars as pl

from nexhina_nb.pricing.cost import usd


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums over all rows; see `metrics` for what counts as what. Quota: 500,000 = 1 USD."""

    calls: int
    errors: int
    input_tokens: int
    output_tokens: int
    cache_tokens: int
    quota: int
    unpaid: int

    @property
    def error_rate(self) -> float | None:
        """The share of calls that were not answered; None without calls."""
        return self.errors / self.calls if self.calls else None

    @property
    def usd(self) -> Decimal:
        """What was spent, in USD."""
        return usd(self.quota)


@dataclass(frozen=True, eq=False, repr=False)
class Figures:
    """The figures of a log, as polars frames.

    ``by_model``, ``by_key`` and ``by_day`` hold calls, errors, error_rate, tokens, quota and usd;
    ``latency`` percentiles in seconds by model; ``errors`` the commonest failures. Days and hours
    are those of ``zone``.
    """

    totals: Totals
    by_model: pl.DataFrame
    by_key: pl.DataFrame
    by_day: pl.DataFrame
    by_hour: pl.DataFrame
    latency: pl.DataFrame
    errors: pl.DataFrame
    zone: str
