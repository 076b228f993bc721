"""A report as a page of HTML and as plain text."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl

from nexhina_nb.analysis.figures import Figures
from nexhina_nb.client import tables
from nexhina_nb.pricing.cost import format_usd, usd
from nexhina_nb.pricing.markup import escaped

MOST_ROWS = 15
_TITLES = {
    "spend": "Spend over time, stacked by model",
    "latency": "Percentiles of latency by model",
    "errors": "Share of failed calls over time, stacked by model",
}
_SPEND = ("calls", "error rate", "input tokens", "output tokens", "cached tokens", "quota", "USD")
_LATENCY = ("calls", "p50", "p90", "p95", "p99", "first p50", "first p90", "first p95", "first p99")
_STYLE = (
    "body{font-family:system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;"
    "color:#222}table{border-collapse:collapse}td,th{padding:.2rem .7rem;"
    "border-bottom:1px solid #ddd}img{max-width:100%;height:auto}"
)


def html(report: Figures, pictures: Mapping[str, bytes]) -> str:
    """The page without its frame, as a notebook shows it."""
    parts = [f"<p>{escaped(line)}</p>" for line in headline(report)]
    for title, columns, rows, picture in _sections(report):
        parts.append(f"<h4>{escaped(title)}</h4>")
        if rows:
            parts.append(_table(columns, rows))
        if picture in pictures:
            parts.append(_image(pictures[picture], _TITLES[picture]))
    return "<div>\n" + "\n".join(parts) + "\n</div>"


def document(body: str) -> str:
    """A page that stands alone."""
    head = f'<meta charset="utf-8"><title>Usage report</title><style>{_STYLE}</style>'
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def text(report: Figures) -> str:
    """The tables as plain text."""
    parts = list(headline(report))
    for title, columns, rows, _ in _sections(report):
        if rows:
            shown = [[_shown(cell) for cell in row] for row in rows]
            parts.append(f"\n{title}\n{tables.as_text(columns, shown)}")
    return "\n".join(parts)


def headline(report: Figures) -> list[str]:
    """The sums in one or two sentences."""
    totals = report.totals
    if not totals.calls and not totals.quota:
        return ["No calls in this log."]
    days = report.by_day.get_column("day").drop_nulls()
    span = "" if days.is_empty() else f" from {days.min()!s} to {days.max()!s} ({report.zone})"
    calls = "1 call" if totals.calls == 1 else f"{totals.calls:,} calls"
    rate = "" if totals.error_rate is None else f" ({totals.error_rate:.2%} of them failed)"
    lines = [
        f"{calls}{rate}{span}, "
        f"{totals.input_tokens:,} tokens in ({totals.cache_tokens:,} cached), "
        f"{totals.output_tokens:,} out.",
        f"Spent: {format_usd(totals.usd)} ({totals.quota:,} quota).",
    ]
    if totals.unpaid:
        owed = format_usd(usd(totals.unpaid))
        lines.append(f"Not paid, since wallets were empty: {owed} ({totals.unpaid:,} quota).")
    return lines


Section = tuple[str, tuple[str, ...], list[list[Any]], str]


def _sections(report: Figures) -> list[Section]:
    by_key = report.by_key.with_columns(_key().alias("key"))
    return [
        _section("Spend by model", "model", report.by_model, "model_name", "spend"),
        _section("Spend by key", "key", by_key, "key"),
        _section(f"Spend by day ({report.zone})", "day", report.by_day.reverse(), "day"),
        _cut("Latency of answered calls, in seconds", ("model", *_LATENCY), report.latency,
             "latency"),
        _cut("Commonest errors", ("status", "code", "calls", "models", "example"), report.errors,
             "errors"),
    ]  # fmt: skip


def _key() -> pl.Expr:
    name, user = pl.col("token_name").fill_null("(no name)"), pl.col("username")
    return pl.when(user != "").then(pl.format("{} ({})", name, user)).otherwise(name)


def _section(title: str, head: str, figures: pl.DataFrame, name: str, picture: str = "") -> Section:
    columns = (
        name, "calls", "error_rate", "input_tokens", "output_tokens", "cache_tokens", "quota",
        "usd",
    )  # fmt: skip
    section = _cut(title, (head, *_SPEND), figures.select(columns), picture)
    for row in section[2]:
        row[2] = None if row[2] is None else f"{row[2]:.2%}"
    return section


def _cut(title: str, columns: tuple[str, ...], figures: pl.DataFrame, picture: str) -> Section:
    rows = [list(row) for row in figures.head(MOST_ROWS).rows()]
    if figures.height > MOST_ROWS:
        title += f" ({MOST_ROWS} of {figures.height:,})"
    return title, columns, rows, picture


def _shown(cell: Any) -> str:
    if cell is None:
        return "–"
    if isinstance(cell, Decimal):
        return format_usd(cell)
    if isinstance(cell, int):
        return f"{cell:,}"
    return f"{cell:.3f}" if isinstance(cell, float) else str(cell)


def _table(columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    head = "".join(
        f'<th style="text-align:{_side(cell)}">{escaped(name)}</th>'
        for name, cell in zip(columns, rows[0], strict=True)
    )
    lines = ["<tr>" + "".join(map(_td, row)) + "</tr>" for row in rows]
    return (
        f"<table>\n<thead><tr>{head}</tr></thead>\n<tbody>\n"
        + "\n".join(lines)
        + "\n</tbody></table>"
    )


def _td(cell: Any) -> str:
    flat = " ".join(_shown(cell).split())
    cut = flat if len(flat) <= tables.MAX_CELL else flat[: tables.MAX_CELL - 1] + "…"
    return f'<td style="text-align:{_side(cell)}">{escaped(cut)}</td>'


def _side(cell: Any) -> str:
    is_name = isinstance(cell, date) or (isinstance(cell, str) and not cell.endswith("%"))
    return "left" if is_name else "right"


def _image(png: bytes, words: str) -> str:
    data = base64.b64encode(png).decode("ascii")
    return f'<img alt="{escaped(words)}" src="data:image/png;base64,{data}" style="max-width:100%">'
