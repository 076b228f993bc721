"""`cost`: what a key was really billed, by model, cell, notebook, day, key or a tag.

From the log of the gateway: all of it where its store is on this machine and the caller may read
it, else the newest 1,000 calls that the gateway tells the key of.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import polars as pl

from nexhina_nb import discovery, origin
from nexhina_nb.analysis import cells as cells_module, facts, frames, metrics
from nexhina_nb.analysis.moments import Moment, local_zone
from nexhina_nb.analysis.selection import Selection
from nexhina_nb.client import Client, KeyUsage, tables
from nexhina_nb.errors import BadInput, StoreError
from nexhina_nb.pricing.cost import format_usd, usd
from nexhina_nb.pricing.markup import escaped
from nexhina_nb.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS = 1000  # contract 7.5
OTHERS = "(other notebooks)"
UNKNOWN = "(unknown)"
UNTAGGED = "(no such tag)"
TAG = "tag:"
_KEYS: dict[str, tuple[str, ...]] = {
    "model": ("model",),
    "cell": ("notebook", "cell", "text"),
    "notebook": ("notebook",),
    "day": ("day",),
    "key": ("key",),
}
# The columns of the log that make up the keys.
_COLUMNS: dict[str, list[str]] = {
    "model": ["model_name"],
    "cell": ["notebook", "cell"],
    "notebook": ["notebook"],
    "day": ["day"],
    "key": ["token_name"],
    TAG: ["tag"],
}
_FIGURES = ("calls", "input tokens", "output tokens", "quota", "USD")
_SHORT_ID = 8


@dataclass(frozen=True, slots=True)
class Sum:
    """Figures of several answered calls, less refunds. Quota: 500,000 = 1 USD."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    quota: int = 0

    def __add__(self, other: Sum) -> Sum:
        added = (getattr(self, row.name) + getattr(other, row.name) for row in fields(self))
        return Sum(*added)

    def shown(self) -> tuple[Any, ...]:
        """In the order of the columns."""
        return self.calls, self.prompt, self.completion, self.quota, format_usd(usd(self.quota))


@dataclass(frozen=True, slots=True)
class CostReport:
    """A table of sums, their total, and lines of text below."""

    keys: tuple[str, ...]
    sums: Mapping[tuple[str, ...], Sum]
    notes: tuple[str, ...] = ()

    @property
    def total(self) -> Sum:
        """The sum of all rows."""
        return sum(self.sums.values(), Sum())

    def frame(self) -> pd.DataFrame:
        """The sums as a pandas frame; USD are Decimals."""
        import pandas as pd  # noqa: PLC0415 - heavy, and only wanted here

        rows = [(*key, *found.shown()[:-1], usd(found.quota)) for key, found in self.sums.items()]
        return pd.DataFrame(rows, columns=list(self._columns()))

    def _rows(self) -> list[tuple[Any, ...]]:
        blank = [""] * (len(self.keys) - 1)
        rows = [(*self._short(key), *found.shown()) for key, found in self.sums.items()]
        return [*rows, ("total", *blank, *self.total.shown())]

    def _short(self, key: tuple[str, ...]) -> tuple[str, ...]:
        if "cell" not in self.keys or key[1] == UNKNOWN:
            return key
        return (key[0], key[1][:_SHORT_ID], *key[2:])

    def __repr__(self) -> str:
        return "\n".join([tables.as_text(self._columns(), self._rows()), *self.notes])

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        lines = "".join(f"<p>{escaped(note)}</p>" for note in self.notes)
        table = tables.as_html(self._columns(), self._rows())
        return {"text/html": f"{table}\n{lines}", "text/plain": repr(self)}, {}

    def _columns(self) -> tuple[str, ...]:
        return (*self.keys, *_FIGURES)


@dataclass(frozen=True, slots=True)
class Place:
    """The notebook that asks, and what its kernel knows of its cells."""

    notebook: str = ""
    cells: Mapping[str, str] | None = None
    everything: bool = False

    @property
    def tag(self) -> str:
        """The notebook as the log knows it; empty where all notebooks are wanted."""
        return "" if self.everything else origin.notebook_tag(self.notebook)


def cost(
    by: str = "model",
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    everything: bool = False,
    client: Client | None = None,
    place: Place | None = None,
    settings: Settings | None = None,
) -> CostReport:
    """What the key was billed, as a table that shows itself; ``.frame()`` gives it to pandas.

    ``by`` is "model", "cell", "notebook", "day", "key", or "tag:NAME" for the values of a tag that
    calls were given (``Client(tags={"NAME": …})``). By cell, the calls of other notebooks are one
    row, unless ``everything`` is wanted. ``since`` and ``until`` are as in `logs`.

    Raises GatewayNotRunning if there is nothing to ask, NotFound if a gateway keeps no log.
    """
    _read(by)  # what is not known is refused before anybody is asked
    place = place or Place(origin.current_origin().notebook, everything=everything)
    wanted = Selection.read(since, until)
    with ExitStack() as stack:
        asked = client or stack.enter_context(Client(settings=settings))
        rows, notes = own_rows(asked, wanted)
        sums = summed(by, rows, place)
        notes = (*notes, *_hint(by, sums), _balance(asked.usage()))
    return CostReport(_KEYS.get(by, (by,)), sums, notes)


def _read(by: str) -> tuple[str, str]:
    """What to group by, and the name of a tag. Raises BadInput."""
    name = by.removeprefix(TAG) if by.startswith(TAG) else ""
    kind = TAG if name else by
    if kind not in _COLUMNS or by == TAG:
        known = ", ".join([*_KEYS, f"{TAG}NAME"])
        raise BadInput(f"cost by {by!r} is not known", hint=f"one of: {known}")
    return kind, name


def own_rows(client: Client, wanted: Selection) -> tuple[pl.LazyFrame, tuple[str, ...]]:
    """The rows of the client's own key, and what is to be said of them."""
    url = _own_store(client)
    if url:
        from nexhina_nb.analysis.scan import scan_own  # noqa: PLC0415 - it loads SQLAlchemy

        try:
            return scan_own(url, client.key, wanted), ()
        except StoreError:
            pass  # somebody else's: the gateway tells what this key may know
    rows = client.logs()
    cut = (f"Only the newest {MOST_ROWS:,} calls are in this table.",)
    # In order of time, as a store has them.
    frame = wanted.apply(frames.from_rows(reversed(rows)))
    return frame, cut if len(rows) >= MOST_ROWS else ()


def _own_store(client: Client) -> str:
    """The store of the gateway that runs on this machine, if that is where the client calls."""
    if not client.is_local:
        return ""
    running = discovery.find(client.settings.home)
    return running.store if running and running.store.startswith("sqlite:") else ""


def summed(by: str, rows: pl.LazyFrame, place: Place) -> dict[tuple[str, ...], Sum]:
    """Key → sums; the dearest first, days in order."""
    kind, name = _read(by)
    columns = _COLUMNS[kind]
    billed = rows.filter(metrics.ANSWERED | metrics.REFUNDED)
    if kind == TAG:
        billed = billed.with_columns(facts.tag(name))
    if by == "day":
        local = pl.col("created_at").dt.convert_time_zone(local_zone())
        billed = billed.with_columns(local.dt.date().alias("day"))
    figures = metrics.sums(billed, *columns)
    order = figures.sort("day") if by == "day" else metrics.dearest(figures, columns)
    found = order.collect(engine="streaming").rows(named=True)
    keys = _named(kind, [tuple(row[name] for name in columns) for row in found], place)
    sums: dict[tuple[str, ...], Sum] = {}
    for key, row in zip(keys, found, strict=True):
        one = Sum(row["calls"], row["input_tokens"], row["output_tokens"], row["quota"])
        sums[key] = sums.get(key, Sum()) + one
    return sums if by == "day" else dict(sorted(sums.items(), key=lambda item: -item[1].quota))


def _named(by: str, keys: list[tuple[Any, ...]], place: Place) -> list[tuple[str, ...]]:
    if by == "cell":
        return _cells(keys, place)
    if by == "notebook":
        known = cells_module.names({path for (path,) in keys if path})
        return [(known.get(path, UNKNOWN),) for (path,) in keys]
    blank = UNTAGGED if by == TAG else ""
    return [(blank if value is None else str(value),) for (value,) in keys]


def _cells(keys: list[tuple[Any, ...]], place: Place) -> list[tuple[str, ...]]:
    here = origin.notebook_tag(place.notebook)
    shown = {path for path, _ in keys if path and place.tag in ("", path)}
    names, saved = cells_module.names(shown), {path: cells_module.texts(path) for path in shown}
    named: list[tuple[str, ...]] = []
    for path, cell in keys:
        if path and path not in shown:
            named.append((OTHERS, "", ""))
        elif cell:
            # A copy of a notebook has the same cell ids, and perhaps other texts.
            known = (place.cells or {}) if here in ("", path) else {}
            text = cells_module.label(cell, known, saved.get(path, {}))
            named.append((names.get(path, ""), cell, text))
        else:
            named.append((names.get(path, ""), UNKNOWN, ""))
    return named


def _hint(by: str, sums: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    if by == "cell" and any(key[0] == OTHERS for key in sums):
        return ("Other notebooks are one row; --all (everything=True) shows their cells.",)
    return ()


def _balance(balance: KeyUsage) -> str:
    return f"The key{f' {balance.name}' if balance.name else ''}: {balance}."
