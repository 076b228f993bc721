"""A few rows of a log as a table for people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import polars as pl

from nexhina_nb.client import tables
from nexhina_nb.pricing.cost import format_usd, usd

COLUMNS = ("time", "key", "model", "in", "out", "cost", "seconds", "note")


@dataclass(frozen=True, slots=True, repr=False)
class Listing:
    """Rows of a log, in the order in which they are shown; times are local."""

    frame: pl.DataFrame

    def rows(self) -> list[tuple[Any, ...]]:
        """What is shown, in the order of `COLUMNS`."""
        return [_row(row) for row in self.frame.iter_rows(named=True)]

    def __len__(self) -> int:
        return self.frame.height

    def __repr__(self) -> str:
        return tables.as_text(COLUMNS, self.rows()) if len(self) else "No calls match."

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        if not len(self):
            return {"text/plain": repr(self)}, {}
        return tables.mimebundle(COLUMNS, self.rows()), {}


def _row(row: dict[str, Any]) -> tuple[Any, ...]:
    moment, quota, seconds = row["created_at"], row["quota"], row["seconds"]
    return (
        "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M:%S}",
        row["token_name"],
        row["model_name"],
        row["prompt_tokens"],
        row["completion_tokens"],
        None if quota is None else format_usd(usd(-quota if row["type"] == "refund" else quota)),
        None if seconds is None else f"{seconds:.2f}",
        _note(row),
    )


def _note(row: dict[str, Any]) -> str:
    parts = [row["content"]]
    if row["type"] == "error":
        parts = [row["error_code"], row["content"] or "failed"]
    elif row["type"] != "consume":
        parts = [row["type"], row["content"]]
    if row["unpaid"]:
        parts.append(f"{format_usd(usd(row['unpaid']))} not paid")
    return ", ".join(part for part in parts if part)
