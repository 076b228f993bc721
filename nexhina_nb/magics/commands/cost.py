"""``%nexhina cost``: what a key has spent, from the gateway's own log, and what is left of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nexhina_nb.client import KeyUsage, tables
from nexhina_nb.client.cost import Cost as CallCost
from nexhina_nb.errors import NotFound, NotOffered
from nexhina_nb.magics.commands.connection import connect
from nexhina_nb.magics.display import Bundle, Note
from nexhina_nb.magics.options import Cost
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.cost import format_usd, usd
from nexhina_nb.pricing.markup import escaped

if TYPE_CHECKING:
    import pandas as pd

CONSUME, REFUND = 2, 6  # contract 8.2
MOST_ROWS = 1000  # contract 7.5
_KEYS = {"model": ("model",), "cell": ("notebook", "cell", "text"), "day": ("day",)}
_FIGURES = ("calls", "input tokens", "output tokens", "quota", "USD")


@dataclass(slots=True)
class Sum:
    """Figures of several calls. Quota: 500,000 = 1 USD."""

    calls: int = 0
    prompt: int = 0
    completion: int = 0
    quota: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """One row of the log; a refund gives back."""
        if row.get("type") == REFUND:
            self.quota -= _integer(row.get("quota"))
            return
        self.calls += 1
        self.prompt += _integer(row.get("prompt_tokens"))
        self.completion += _integer(row.get("completion_tokens"))
        self.quota += _integer(row.get("quota"))

    def shown(self) -> tuple[Any, ...]:
        """In the order of the columns."""
        return self.calls, self.prompt, self.completion, self.quota, format_usd(usd(self.quota))


@dataclass(frozen=True, slots=True)
class CostReport:
    """A table of sums, their total, and lines of text below."""

    keys: tuple[str, ...]
    sums: Mapping[tuple[str, ...], Sum]
    total: Sum
    notes: tuple[str, ...]

    def frame(self) -> pd.DataFrame:
        """The sums as a pandas frame; USD are Decimals."""
        import pandas as pd  # noqa: PLC0415 - heavy, and only wanted here

        rows = [(*key, *found.shown()[:-1], usd(found.quota)) for key, found in self.sums.items()]
        return pd.DataFrame(rows, columns=[*self.keys, *_FIGURES])

    def _rows(self) -> list[tuple[Any, ...]]:
        blank = [""] * (len(self.keys) - 1)
        rows = [(*key, *found.shown()) for key, found in self.sums.items()]
        return [*rows, ("total", *blank, *self.total.shown())]

    def __repr__(self) -> str:
        return "\n".join([tables.as_text(self._columns(), self._rows()), *self.notes])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        lines = "".join(f"<p>{escaped(note)}</p>" for note in self.notes)
        table = tables.as_html(self._columns(), self._rows())
        return {"text/html": f"{table}\n{lines}", "text/plain": repr(self)}, {}

    def _columns(self) -> tuple[str, ...]:
        return (*self.keys, *_FIGURES)


def cost(context: Context, args: Cost) -> CostReport | Note:
    """The newest calls of the key, grouped; if the gateway has no log, what this kernel knows."""
    client = connect(context)
    kernel = session_line(context.state.costs)
    try:
        rows, balance = client.logs(), client.usage()
    except (NotFound, NotOffered):
        return Note(f"{client.base_url} keeps no log that a key may read.\n{kernel}")
    report = _report(args.by or "model", rows, context.state.cells, (_balance(balance), kernel))
    if args.out is not None:
        context.names.assign(args.out, report.frame())
    return report


def _report(
    by: str, rows: list[dict[str, Any]], cells: Mapping[str, str], notes: tuple[str, ...]
) -> CostReport:
    sums: dict[tuple[str, ...], Sum] = {}
    total = Sum()
    for row in reversed(rows):
        if row.get("type") in (CONSUME, REFUND):
            total.add(row)
            sums.setdefault(_key(by, row, cells), Sum()).add(row)
    if by != "day":
        sums = dict(sorted(sums.items(), key=lambda item: -item[1].quota))
    if len(rows) >= MOST_ROWS:
        notes = (f"Only the newest {MOST_ROWS:,} calls are in this table.", *notes)
    return CostReport(_KEYS[by], sums, total, notes)


def _key(by: str, row: Mapping[str, Any], cells: Mapping[str, str]) -> tuple[str, ...]:
    if by == "model":
        return (str(row.get("model_name", "")),)
    if by == "day":
        return (datetime.fromtimestamp(_integer(row.get("created_at"))).date().isoformat(),)
    tags = _tags(row.get("other"))
    notebook = tags.get("notebook", "").replace("\\", "/").rpartition("/")[2]
    cell = tags.get("cell", "")
    return notebook, cell or "(unknown)", cells.get(cell, "")


def _tags(other: object) -> dict[str, str]:
    try:
        record = json.loads(other) if isinstance(other, str) else other
    except ValueError:
        record = None
    tags = record.get("tags") if isinstance(record, dict) else None
    return {str(k): str(v) for k, v in tags.items()} if isinstance(tags, dict) else {}


def _balance(balance: KeyUsage) -> str:
    return f"The key{f' {balance.name}' if balance.name else ''}: {balance}."


def session_line(costs: Iterable[CallCost]) -> str:
    """What this kernel has called since it loaded the magics."""
    quotas = [cost.quota for cost in costs]
    known = [quota for quota in quotas if quota is not None]
    calls = "1 call" if len(quotas) == 1 else f"{len(quotas)} calls"
    unknown = len(quotas) - len(known)
    more = f", {unknown} of unknown cost" if unknown else ""
    return f"This kernel: {calls}, {format_usd(usd(sum(known)))}{more}."


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 0
