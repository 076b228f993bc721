"""Generated usage logs, for lessons, plots and tests: nothing in them was ever called.

Prices and money are real (`pricing`), the rest is drawn: a rhythm of days and weeks, latencies that
are log-normal, two kinds of outage. The same seed gives the same rows. Each row says that it is
generated, in ``content`` and in ``other``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

from nexhina_nb.analysis.schema import SCHEMA, TYPE_NAMES, conform
from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import Price, Tokens, quota

if TYPE_CHECKING:
    import numpy as np

GENERATED = "generated row, not a real call"
UNTIL = date(2026, 4, 1)


@dataclass(frozen=True, slots=True)
class Kind:
    """How a model is used: its share of the calls, median tokens, median seconds, seconds for each
    token that comes out.
    """

    model: str
    path: str
    share: float
    prompt: float
    completion: float
    seconds: float
    pace: float = 0.0
    streams: float = 0.0
    cached: float = 0.0


@dataclass(frozen=True, slots=True)
class Outage:
    """A model that fails for a while; ``begin`` is a part of the whole time, ``share`` of the
    calls.
    """

    model: int
    begin: float
    hours: float
    share: float
    status: int
    code: str


_CHAT = "/v1/chat/completions"
KINDS = (
    Kind("gpt-4o", _CHAT, 0.16, 900, 260, 0.9, 0.012, 0.7, 0.35),
    Kind("gpt-4o-mini", _CHAT, 0.30, 600, 180, 0.5, 0.008, 0.6, 0.25),
    Kind("claude-sonnet-4-5", _CHAT, 0.10, 1800, 420, 1.3, 0.014, 0.8, 0.45),
    Kind("gemini-2.5-flash", _CHAT, 0.14, 1200, 220, 0.6, 0.006, 0.5, 0.2),
    Kind("deepseek-chat", _CHAT, 0.08, 1000, 300, 1.6, 0.02, 0.4, 0.3),
    Kind("text-embedding-3-small", "/v1/embeddings", 0.18, 400, 0, 0.18),
    Kind("rerank-v3.5", "/v1/rerank", 0.04, 1500, 0, 0.25),
)
KEYS = (
    ("support-bot", 0.38), ("web-shop", 0.24), ("research", 0.18), ("nightly-batch", 0.12),
    ("notebooks", 0.08),
)  # fmt: skip
OUTAGES = (
    Outage(0, 0.31, 6.0, 0.55, 429, "rate_limit_exceeded"),
    Outage(4, 0.52, 14.0, 0.40, 500, "internal_error"),
    Outage(2, 0.78, 4.0, 0.70, 429, "rate_limit_exceeded"),
)
_EVERYDAY = ((429, "rate_limit_exceeded", 0.004), (500, "internal_error", 0.002))
# Calls in each hour of a day (UTC), and on each day of a week, against the busiest.
_HOURS = (
    0.15, 0.12, 0.35, 0.35, 0.12, 0.15, 0.3, 0.55, 0.85, 1.0, 1.0, 0.9, 0.75, 0.9, 1.0, 0.95,
    0.8, 0.6, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2,
)  # fmt: skip
_WEEKDAYS = (1.0, 1.0, 0.98, 0.95, 0.85, 0.35, 0.3)


def sample_logs(
    rows: int = 100_000, days: int = 30, seed: int = 0, until: date = UNTIL
) -> pl.LazyFrame:
    """That many generated rows, in order of time, over the days before ``until``; see `logs` for
    the columns. Raises BadInput for counts that make no sense.
    """
    if rows < 0 or days < 1:
        raise BadInput(f"{rows} rows in {days} days make no sense", hint="rows=1000, days=30")
    import numpy as np  # noqa: PLC0415 - heavy, and only wanted here

    rng = np.random.default_rng(seed)
    begin = datetime.combine(until - timedelta(days=days), time(), UTC)
    when = _moments(rng, rows, days, begin)
    kind = _draw(rng, rows, [each.share for each in KINDS])
    failure = _failures(rng, when, kind, days)
    columns = _columns(rng, kind, failure) | {
        "id": np.arange(1, rows + 1),
        "created_at": when.astype(np.int64) + int(begin.timestamp()),
        "key": _draw(rng, rows, [share for _, share in KEYS]),
    }
    return _frame(columns, kind, failure, until)


def _draw(rng: np.random.Generator, rows: int, shares: Sequence[float]) -> Any:
    """Places in a list, each as likely as its share."""
    import numpy as np  # noqa: PLC0415 - as above

    edges = np.cumsum(shares) / sum(shares)
    return np.minimum(np.searchsorted(edges, rng.random(rows)), len(shares) - 1)


def _moments(rng: np.random.Generator, rows: int, days: int, begin: datetime) -> Any:
    """Seconds since the beginning, sorted."""
    import numpy as np  # noqa: PLC0415 - as above

    week = [_WEEKDAYS[(begin.weekday() + day) % 7] for day in range(days)]
    hour = _draw(rng, rows, np.outer(week, _HOURS).ravel().tolist())
    return np.sort(np.floor((hour + rng.random(rows)) * 3600))


def _failures(rng: np.random.Generator, when: Any, kind: Any, days: int) -> Any:
    """0 for a call that was answered, else the place of the failure in `_reasons`, from 1."""
    import numpy as np  # noqa: PLC0415 - as above

    failure = np.zeros(len(when), dtype=np.int64)
    chance = rng.random(len(when))
    edge = 0.0
    for place, (*_, share) in enumerate(_EVERYDAY, 1):
        failure[(chance >= edge) & (chance < edge + share)] = place
        edge += share
    for place, outage in enumerate(OUTAGES, 1 + len(_EVERYDAY)):
        first = outage.begin * days * 86_400
        within = (when >= first) & (when < first + outage.hours * 3600) & (kind == outage.model)
        failure[within & (rng.random(len(when)) < outage.share)] = place
    return failure


_REASONS = [(0, "")] + [(status, code) for status, code, _ in _EVERYDAY]
_REASONS += [(outage.status, outage.code) for outage in OUTAGES]


def _columns(rng: np.random.Generator, kind: Any, failure: Any) -> dict[str, Any]:
    """Tokens and times of each call."""
    import numpy as np  # noqa: PLC0415 - as above

    def of(name: str) -> Any:
        return np.array([getattr(each, name) for each in KINDS])[kind]

    def spread(width: float) -> Any:
        return np.exp(width * rng.standard_normal(len(kind)))

    answered = failure == 0
    prompt = np.ceil(of("prompt") * spread(0.8)) * answered
    completion = np.where(of("completion") > 0, np.ceil(of("completion") * spread(0.7)), 0)
    completion = completion * answered
    is_cached = (rng.random(len(kind)) < of("cached")) & (prompt >= 1024)
    first = of("seconds") * spread(0.45)
    streams = rng.random(len(kind)) < of("streams")
    return {
        "prompt_tokens": prompt.astype(np.int64),
        "completion_tokens": completion.astype(np.int64),
        # caches hold whole blocks of 128 tokens
        "cache_tokens": (np.floor(prompt * 0.8 / 128) * 128 * is_cached).astype(np.int64),
        "is_stream": streams,
        "frt": np.where(streams & answered, np.round(first * 1000), -1000).astype(np.int64),
        "milliseconds": np.round((first + of("pace") * completion) * 1000).astype(np.int64),
    }


def _frame(columns: dict[str, Any], kind: Any, failure: Any, until: date) -> pl.LazyFrame:
    """The columns of a log, as the gateway would have written it."""
    rows = pl.DataFrame(columns | {"kind": kind, "failure": failure})
    money = pl.Series(_quotas(rows, until), dtype=pl.Int64)
    error, consume = TYPE_NAMES.index("error"), TYPE_NAMES.index("consume")
    when, names = pl.col("failure") > 0, [each.model for each in KINDS]
    known = rows.select(
        "id", "created_at", "prompt_tokens", "completion_tokens", "is_stream",
        type=pl.when(when).then(error).otherwise(consume),
        user_id=1, username=pl.lit("generated"), token_id=pl.col("key") + 1,
        token_name=_pick("key", [name for name, _ in KEYS]),
        model_name=_pick("kind", names), quota=money,
        use_time=(pl.col("milliseconds") / 1000).round().cast(pl.Int64), channel=1,
        group=pl.lit("default"),
        request_id=pl.format("generated-{}", "id"), upstream_request_id=pl.lit(""),
        frt=pl.when(pl.col("frt") >= 0).then("frt"), cache_tokens="cache_tokens",
        unpaid=pl.lit(None, pl.Int64), seconds=pl.col("milliseconds") / 1000,
        status_code=pl.when(when).then(_pick("failure", [status for status, _ in _REASONS])),
        error_code=pl.when(when).then(_pick("failure", [code for _, code in _REASONS])),
        request_path=_pick("kind", [each.path for each in KINDS]),
        notebook=pl.lit(None, pl.String), cell=pl.lit(None, pl.String),
        channel_name=pl.lit(None, pl.String), ip=pl.lit(None, pl.String),
    )  # fmt: skip
    return conform(known.with_columns(other=_other(), content=_content()).lazy().select(*SCHEMA))


def _content() -> pl.Expr:
    failed = pl.format("upstream {} ({})", "status_code", pl.lit(GENERATED))
    return pl.coalesce(failed, pl.lit(GENERATED))


def _pick(column: str, values: Sequence[Any]) -> pl.Expr:
    return pl.col(column).replace_strict(dict(enumerate(values)))


def _other() -> pl.Expr:
    """The JSON of contract 8.3, as this gateway writes it."""
    failed = pl.format('"status_code": {}, "error_code": "{}", ', "status_code", "error_code")
    return pl.concat_str(
        pl.lit("{"),
        failed.fill_null(""),
        pl.format('"frt": {}, ', pl.col("frt").fill_null(-1000)),
        pl.format('"duration_ms": {}, ', (pl.col("seconds") * 1000).round().cast(pl.Int64)),
        pl.format('"cache_tokens": {}, ', "cache_tokens"),
        pl.format('"request_path": "{}", "generated": true', "request_path"),
        pl.lit("}"),
    )


def _quotas(rows: pl.DataFrame, until: date) -> list[int]:
    prices = [_price(each.model, until) for each in KINDS]
    figures = rows.select(
        "kind", "failure", "prompt_tokens", "completion_tokens", "cache_tokens"
    ).iter_rows()
    return [
        0 if failure else quota(prices[kind], Tokens(prompt, completion, cached=cached))
        for kind, failure, prompt, completion, cached in figures
    ]


def _price(model: str, day: date) -> Price:
    price = Catalog.bundled().price(model, day)
    if price is None:
        raise NotFound(f"no price of {model} is known for {day}", hint="choose a later day")
    return price
