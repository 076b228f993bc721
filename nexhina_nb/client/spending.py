"""What a key spent in a span of time, as the gateway sums it up, or as its log rows add up."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from nexhina_nb.client import tables
from nexhina_nb.errors import BadInput, Upstream
from nexhina_nb.pricing.cost import format_usd, usd
from nexhina_nb.wire.codes import LogType

# A point in time: Unix seconds, or a datetime (without a zone: local time).
Moment = float | datetime
MOST_ROWS = 1000  # of a key's log, contract 7.5
_FIGURES = ("quota", "calls", "errors", "prompt_tokens", "completion_tokens")


@dataclass(frozen=True, slots=True)
class Spending:
    """What a key spent: quota (500,000 = 1 USD), answered calls, failed ones, tokens.

    Not ``complete``: the gateway shows only the newest rows of its log, and the span is longer.
    """

    quota: int = 0
    calls: int = 0
    errors: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    complete: bool = True

    @classmethod
    def read(cls, data: Any) -> Spending:
        """From the ``data`` of the gateway's answer; Upstream if it makes no sense."""
        figures = [data.get(name) for name in _FIGURES] if isinstance(data, dict) else [None]
        if not all(isinstance(figure, int) for figure in figures):
            raise Upstream("the sums of the key's log make no sense", code="bad_response_body")
        return cls(*figures)

    @classmethod
    def of_rows(
        cls, rows: Iterable[Mapping[str, Any]], since: int | None, until: int | None
    ) -> Spending:
        """From log rows (contract 8.1), newest first, both times included."""
        read = [(row, _integer(row, "created_at")) for row in rows]
        sums = dict.fromkeys(_FIGURES, 0)
        for row, at in read:
            if (since is None or at >= since) and (until is None or at <= until):
                _add(sums, row)
        reached = since is not None and bool(read) and read[-1][1] < since
        return cls(**sums, complete=len(read) < MOST_ROWS or reached)

    @property
    def usd(self) -> Decimal:
        """The quota in USD, exact."""
        return usd(self.quota)

    def __str__(self) -> str:
        calls = "1 call" if self.calls == 1 else f"{self.calls:,} calls"
        failed = f", {self.errors:,} failed" if self.errors else ""
        more = "" if self.complete else f" (only the newest {MOST_ROWS:,} rows of the log)"
        return f"{format_usd(self.usd)}, {calls}{failed}{more}"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        columns = ("calls", "errors", "input tokens", "output tokens", "quota", "USD")
        tokens = self.prompt_tokens, self.completion_tokens
        row = (self.calls, self.errors, *tokens, self.quota, format_usd(self.usd))
        return tables.mimebundle(columns, [row]), {}


def seconds(moment: Moment | None) -> int | None:
    """A point in time as the log has it: whole Unix seconds. Raises BadInput for what is none."""
    if moment is None:
        return None
    try:
        at = moment.timestamp() if isinstance(moment, datetime) else float(moment)
        return max(0, math.floor(at))
    except (TypeError, ValueError, OverflowError):
        raise BadInput(
            f"{moment!r} is not a point in time", hint="give Unix seconds or a datetime"
        ) from None


def _add(sums: dict[str, int], row: Mapping[str, Any]) -> None:
    kind, quota = row.get("type"), _integer(row, "quota")
    if kind == LogType.REFUND:
        sums["quota"] -= quota
    elif kind == LogType.ERROR:
        sums["errors"] += 1
    elif kind == LogType.CONSUME:
        sums["quota"] += quota
        sums["calls"] += 1
        sums["prompt_tokens"] += _integer(row, "prompt_tokens")
        sums["completion_tokens"] += _integer(row, "completion_tokens")


def _integer(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else 0
