"""Small tables as HTML and as plain text. Every cell is escaped: names and documents come from
elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from nexhina_nb.pricing.markup import escaped

MAX_ROWS = 200
MAX_CELL = 120


def mimebundle(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> dict[str, str]:
    """The table for a notebook, in both forms."""
    return {"text/html": as_html(columns, rows), "text/plain": as_text(columns, rows)}


# Front ends set every cell to the right, which is right for figures only: numbers and money.
_LEFT = ' style="text-align:left"'
_MONEY = re.compile(r"-?\$[\d,.]+")


def as_html(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """An HTML table; at most MAX_ROWS rows, then a line that says how many there are."""
    texts = [any(_is_text(row[at]) for row in rows) for at in range(len(columns))]
    heads = zip(columns, texts, strict=True)
    head = "".join(f"<th{_LEFT if text else ''}>{escaped(name)}</th>" for name, text in heads)
    lines = ["<tr>" + "".join(map(_td, row)) + "</tr>" for row in rows[:MAX_ROWS]]
    body = "\n".join(lines)
    note = f"\n<p>{escaped(_more(len(rows)))}</p>" if len(rows) > MAX_ROWS else ""
    return f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody>\n</table>{note}"


def _td(value: Any) -> str:
    return f"<td{_LEFT if _is_text(value) else ''}>{escaped(_cell(value))}</td>"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not _MONEY.fullmatch(value)


def as_text(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """The same table in columns of equal width."""
    cells = [list(columns), *([_cell(cell) for cell in row] for row in rows[:MAX_ROWS])]
    widths = [max(len(row[column]) for row in cells) for column in range(len(columns))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
    return "\n".join(lines + ([_more(len(rows))] if len(rows) > MAX_ROWS else []))


def _more(count: int) -> str:
    return f"… {count} rows in all, {MAX_ROWS} shown"


def _cell(value: Any) -> str:
    text = "" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value)
    # Control characters could move the cursor of a terminal or hide what follows.
    flat = "".join(mark if mark.isprintable() else "�" for mark in " ".join(text.split()))
    return flat if len(flat) <= MAX_CELL else flat[: MAX_CELL - 1] + "…"
