"""The figures of a report, as lazy expressions over the rows of a log: they run streaming, over a
database, a folder of Parquet or a frame alike.

What counts as what:

* a call is a row of the type consume (answered) or error (not answered);
* quota is what was charged for answered calls, minus what refunds gave back. In the embedded
  store that is, to the unit, minus the sum of the ledger's entries that are no grants: each
  consume row has one entry of minus its quota;
* unpaid is what answered calls cost beyond what their wallets held. It is in no balance;
* tokens and latencies are those of answered calls.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from nexhina_nb.pricing.cost import usd

ANSWERED = pl.col("type") == "consume"
FAILED = pl.col("type") == "error"
REFUNDED = pl.col("type") == "refund"

KEY = ("token_id", "token_name", "username")
QUANTILES = {"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99}

# The columns that the figures below are made of.
READ = (
    "created_at", "type", "token_id", "token_name", "username", "model_name", "quota",
    "prompt_tokens", "completion_tokens", "cache_tokens", "unpaid", "seconds", "frt",
    "status_code", "error_code", "content",
)  # fmt: skip
_SUMS = (
    "calls", "errors", "input_tokens", "output_tokens", "cache_tokens", "quota", "unpaid",
)  # fmt: skip
_QUOTA_USD = pl.lit(usd(1), dtype=pl.Decimal(38, 6))


def sums(rows: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """One row for each value of the columns ``by`` (or one for all): figures that can be added up.

    Columns: calls, errors, input_tokens, output_tokens, cache_tokens, quota, unpaid.
    """
    told = rows.filter(ANSWERED | FAILED | REFUNDED)
    charged = pl.col("quota").filter(ANSWERED).sum() - pl.col("quota").filter(REFUNDED).sum()
    figures = [
        (ANSWERED | FAILED).sum().cast(pl.Int64).alias("calls"),
        FAILED.sum().cast(pl.Int64).alias("errors"),
        pl.col("prompt_tokens").filter(ANSWERED).sum().alias("input_tokens"),
        pl.col("completion_tokens").filter(ANSWERED).sum().alias("output_tokens"),
        pl.col("cache_tokens").filter(ANSWERED).sum(),
        charged.alias("quota"),
        pl.col("unpaid").filter(ANSWERED).sum(),
    ]
    return told.group_by(by).agg(figures) if by else told.select(figures)


def regroup(figures: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """The same figures for fewer columns: sums of sums."""
    added = [pl.col(name).sum() for name in _SUMS]
    return figures.group_by(by).agg(added) if by else figures.select(added)


def priced(figures: pl.LazyFrame) -> pl.LazyFrame:
    """Add what follows from the sums: error_rate (null without calls) and usd, a Decimal."""
    rate = pl.when(pl.col("calls") > 0).then(pl.col("errors") / pl.col("calls"))
    return figures.with_columns(rate.alias("error_rate"), in_usd("quota").alias("usd"))


def in_usd(quota: str) -> pl.Expr:
    """A column of quota as USD: Decimals with six places, exact."""
    return pl.col(quota).cast(pl.Decimal(38, 6)) * _QUOTA_USD


def by_model(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Spend by model, dearest first."""
    return dearest(priced(sums(rows, "model_name")), ["model_name"])


def by_key(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Spend by key (its id, name and user), dearest first."""
    return dearest(priced(sums(rows, *KEY)), KEY)


def by_day(rows: pl.LazyFrame, zone: str = "UTC") -> pl.LazyFrame:
    """Spend by day of a time zone, in order; days without rows are not in it."""
    return priced(sums(with_hour(rows, zone).with_columns(DAY), "day")).sort("day")


def dearest(figures: pl.LazyFrame, names: Sequence[str]) -> pl.LazyFrame:
    """Sorted by quota, the largest first; equals by name."""
    return figures.sort("quota", *names, descending=[True, *(False for _ in names)])


def with_hour(rows: pl.LazyFrame, zone: str) -> pl.LazyFrame:
    """Add the hour in which a row was written, as the clocks of a time zone show it."""
    local = pl.col("created_at").dt.convert_time_zone(zone)
    return rows.with_columns(local.dt.truncate("1h").alias("hour"))


DAY = pl.col("hour").dt.date().alias("day")


def latency(rows: pl.LazyFrame, *by: str) -> pl.LazyFrame:
    """Percentiles of answered calls, in seconds: p50 … p99 of the whole call, first_p50 … of the
    time to its first byte. They are interpolated as NumPy does by default.
    """
    figures = [pl.len().cast(pl.Int64).alias("calls")]
    for prefix, column in (("", pl.col("seconds")), ("first_", pl.col("frt") / 1000)):
        figures += [
            column.quantile(share, "linear").alias(f"{prefix}{name}")
            for name, share in QUANTILES.items()
        ]
    answered = rows.filter(ANSWERED)
    if not by:
        return answered.select(figures)
    grouped = answered.group_by(by).agg(figures)
    return grouped.sort("calls", *by, descending=[True, *(False for _ in by)])


def errors(rows: pl.LazyFrame) -> pl.LazyFrame:
    """Failed calls by status and code, commonest first, each with one of its messages."""
    figures = [
        pl.len().cast(pl.Int64).alias("errors"),
        pl.col("model_name").n_unique().cast(pl.Int64).alias("models"),
        # the first in order of the alphabet, so that it is always the same one
        pl.col("content").min().alias("example"),
    ]
    by = ("status_code", "error_code")
    grouped = rows.filter(FAILED).group_by(by).agg(figures)
    return grouped.sort("errors", *by, descending=[True, False, False])
