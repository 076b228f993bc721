"""Tables as values: read from Markdown, CSV, JSON or plain rows, and written as any of the first
three.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import Any

_RULE = re.compile(r"^\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*$")
_ROW = re.compile(r"^\s*\|.*\|\s*$")
_MOST_CELLS = 20_000


@dataclass(frozen=True, slots=True)
class Grid:
    """A header and rows of texts, all of the same width."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    source: str = ""

    def column(self, name: str) -> int | None:
        """The place of a column, by its name or a part of it."""
        wanted = name.strip().lower()
        names = [row.lower() for row in self.header]
        if wanted in names:
            return names.index(wanted)
        close = [
            at
            for at, row in enumerate(names)
            if row and (row in wanted.split() or wanted.rstrip("s") == row.rstrip("s"))
        ]
        return close[0] if close else None


def parse(text: str) -> Grid | None:
    """The table in a text, or None."""
    return _from_json(text) or _from_markdown(text) or _from_csv(text)


def _grid(rows: list[list[str]], source: str) -> Grid | None:
    width = max((len(row) for row in rows), default=0)
    if len(rows) < 2 or not width or width * len(rows) > _MOST_CELLS:
        return None
    padded = [tuple(cell.strip() for cell in [*row, *[""] * (width - len(row))]) for row in rows]
    return Grid(padded[0], tuple(padded[1:]), source)


def _from_markdown(text: str) -> Grid | None:
    lines = [line.strip() for line in text.splitlines() if _ROW.match(line) or _RULE.match(line)]
    rows = [re.split(r"(?<!\\)\|", line.strip("|")) for line in lines if not _RULE.match(line)]
    return (
        _grid([[cell.replace("\\|", "|") for cell in row] for row in rows], "markdown")
        if len(lines) > 1
        else None
    )


def _from_csv(text: str) -> Grid | None:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    for sign in ("\t", ";", ","):
        held = [line for line in lines if sign in line]
        if len(held) >= 2 and len(held) >= len(lines) - 1:
            try:
                rows = list(csv.reader(held, delimiter=sign, skipinitialspace=True))
            except csv.Error:
                continue
            if len({len(row) for row in rows}) == 1:
                return _grid(rows, "csv")
    return None


def _from_json(text: str) -> Grid | None:
    start = min((at for at in (text.find("["), text.find("{")) if at >= 0), default=-1)
    end = max(text.rfind("]"), text.rfind("}"))
    if start < 0 or end <= start:
        return None
    try:
        found = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return None
    rows = found if isinstance(found, list) else [found]
    if not rows or not all(isinstance(row, dict) and row for row in rows):
        return None
    header = list(dict.fromkeys(key for row in rows for key in row))
    return _grid([header, *[[_cell(row.get(key)) for key in header] for row in rows]], "json")


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def write(grid: Grid, style: str) -> str:
    """The table as ``markdown``, ``csv``, ``json`` or ``html``."""
    return {"csv": _as_csv, "json": _as_json, "html": _as_html}.get(style, _as_markdown)(grid)


def _as_markdown(grid: Grid) -> str:
    lines = [grid.header, ("---",) * len(grid.header), *grid.rows]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in lines
    )


def _as_csv(grid: Grid) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows([grid.header, *grid.rows])
    return out.getvalue().rstrip("\n")


def _as_json(grid: Grid) -> str:
    rows = [dict(zip(grid.header, map(value, row), strict=True)) for row in grid.rows]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def _as_html(grid: Grid) -> str:
    def row(cells: tuple[str, ...], tag: str) -> str:
        return "<tr>" + "".join(f"<{tag}>{_escape(cell)}</{tag}>" for cell in cells) + "</tr>"

    return "\n".join(
        ["<table>", row(grid.header, "th"), *(row(cells, "td") for cells in grid.rows), "</table>"]
    )


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def value(cell: str) -> Any:
    """The JSON value of a cell: a number or truth value where it is written like one; empty is
    null.
    """
    if re.fullmatch(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,12})?", cell):
        return float(cell) if "." in cell else int(cell)
    return {"true": True, "false": False, "": None}.get(cell.lower(), cell)
