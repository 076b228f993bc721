"""The dated price table: what a model costs, at a given moment, by which source.

The table (`data/prices.json`, made by `scripts/make_prices.py`) is a record: a changed price is a
new row. A row without ``since`` holds as far back as is known; ``hours`` are hours of the day (UTC)
at which another price holds.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib import resources
from typing import Any

from nexhina_nb.pricing.names import lookup_names, suggest
from nexhina_nb.pricing.price import EXACT, Price

# 1,000 tokens a minute of audio (contract 5.8, 20): USD a second → USD per 1M tokens
_PER_SECOND = Decimal(60_000)
_ONE = Decimal(1)
_KINDS_OF_TOKEN = (
    "input", "output", "cached", "cache_write", "image", "audio", "audio_output", "audio_apart",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table. ``kind`` is chat, embedding, rerank, image, speech and so on."""

    model: str
    kind: str
    price: Price
    hours: tuple[time, time] | None = None
    context_length: int | None = None
    max_output: int | None = None

    def is_now(self, moment: time | None) -> bool:
        """Whether the row's hours include that time of day."""
        if self.hours is None or moment is None:
            return False
        begin, end = self.hours
        return begin <= moment < end if begin < end else moment >= begin or moment < end


@dataclass(frozen=True, slots=True)
class Catalog:
    """Prices and limits of models; what an operator or a gateway sets goes before the table (None:
    that it has no price that is known). ``ratios`` are what a gateway multiplies the prices of its
    models with, for one group of keys.
    """

    rows: Mapping[str, tuple[Row, ...]]
    overrides: Mapping[str, Price | None] = field(default_factory=dict)
    ratios: Mapping[str, Decimal] = field(default_factory=dict)

    @staticmethod
    def bundled() -> Catalog:
        """The table inside the package, read on first use."""
        return _bundled()

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, Any]]) -> Catalog:
        """A catalog of rows as they are in the file."""
        table: dict[str, list[Row]] = {}
        for raw in rows:
            table.setdefault(raw["model"], []).append(_row(raw))
        return cls({model: tuple(sorted(found, key=_age)) for model, found in table.items()})

    def price(self, model: str, at: datetime | date | None = None) -> Price | None:
        """The price at a moment (default now; naive times are UTC), None where none is known.

        For a date without a time the price outside special hours is given.
        """
        names = tuple(lookup_names(model))
        for name in names:
            if name in self.overrides:
                return self.overrides[name]
        for name in names:
            if row := self._row(name, at):
                return row.price
        return None

    def ratio(self, model: str) -> Decimal:
        """What the price of a model is multiplied with; 1 where nothing else is known."""
        found = (self.ratios[name] for name in lookup_names(model) if name in self.ratios)
        return next(found, _ONE)

    def context_length(self, model: str) -> int | None:
        """How many input tokens the model takes."""
        lengths = (row.context_length for row in reversed(self.rows.get(model, ())))
        return next(filter(None, lengths), None)

    def max_output(self, model: str) -> int | None:
        """How many tokens the model gives at most."""
        limits = (row.max_output for row in reversed(self.rows.get(model, ())))
        return next(filter(None, limits), None)

    def kind(self, model: str) -> str | None:
        """What the model does: chat, embedding, rerank, image, speech, transcription, video, …"""
        rows = self.rows.get(model)
        return rows[-1].kind if rows else None

    def models(self, kind: str | None = None) -> list[str]:
        """The known names, sorted; of one kind if asked."""
        names = self.rows.keys() | self.overrides.keys()
        return sorted(name for name in names if kind in (None, self.kind(name)))

    def history(self, model: str) -> tuple[Row, ...]:
        """All rows of a model, oldest first."""
        return self.rows.get(model, ())

    def nearest(self, model: str, n: int = 3) -> list[str]:
        """Known names close to one that is not known."""
        return suggest(model, self.models(), n)

    def with_overrides(self, prices: Mapping[str, Price | None]) -> Catalog:
        """The same catalog with these prices first, whatever the date."""
        return replace(self, overrides={**self.overrides, **prices})

    def _row(self, model: str, at: datetime | date | None) -> Row | None:
        rows = self.rows.get(model, ())
        if len(rows) == 1 and rows[0].price.since is None and rows[0].hours is None:
            return rows[0]
        day, moment = _split(at)
        known = [row for row in rows if (row.price.since or date.min) <= day]
        if not known:
            return None
        newest = known[-1].price.since
        current = [row for row in known if row.price.since == newest]
        return next((row for row in current if row.is_now(moment)), current[0])


@functools.cache
def _bundled() -> Catalog:
    text = resources.files("nexhina_nb.pricing").joinpath("data", "prices.json").read_bytes()
    return Catalog.from_rows(json.loads(text))


def _split(at: datetime | date | None) -> tuple[date, time | None]:
    if at is None:
        at = datetime.now(UTC)
    if not isinstance(at, datetime):
        return at, None
    moment = at.astimezone(UTC) if at.tzinfo else at
    return moment.date(), moment.time()


def _age(row: Row) -> tuple[date, bool]:
    # the row for the whole day stands before those for some hours of it
    return row.price.since or date.min, row.hours is not None


def _row(raw: Mapping[str, Any]) -> Row:
    hours = raw.get("hours")
    return Row(
        model=raw["model"],
        kind=raw["kind"],
        price=_price(raw),
        hours=(time.fromisoformat(hours[0]), time.fromisoformat(hours[1])) if hours else None,
        context_length=raw.get("context"),
        max_output=raw.get("max_output"),
    )


def _price(raw: Mapping[str, Any]) -> Price:
    unit = raw.get("per", "token")
    source = ", ".join(filter(None, (raw.get("source"), raw.get("retrieved"))))
    since = date.fromisoformat(raw["since"]) if raw.get("since") else None
    if "usd" in raw and raw["kind"] == "transcription" and unit == "second":
        usd = EXACT.multiply(Decimal(raw["usd"]), _PER_SECOND)
        return Price.per_million(usd, unit=unit, since=since, source=source)
    if "usd" in raw:
        return Price.per_call_usd(raw["usd"], unit=unit, since=since, source=source)
    base: dict[str, Any] = {kind: raw[kind] for kind in _KINDS_OF_TOKEN if kind in raw}
    if unit == "character":  # the sound that comes out is in the price of the text
        base["audio_output"] = 0
    above = tuple(
        (int(start), Price.per_million(**{**base, **step}, source=source))
        for start, step in raw.get("above", {}).items()
    )
    return Price.per_million(**base, above=above, unit=unit, since=since, source=source)
