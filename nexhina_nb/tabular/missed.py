"""Rows without an answer in a frame that comes in pieces, batches or partitions: for
``errors="raise"``, where nobody has the frame as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from nexhina_nb.batch.desk import Desk
from nexhina_nb.errors import BatchFailed
from nexhina_nb.tabular.running import is_kept


@dataclass(slots=True)
class Missed:
    """How many of ``total`` rows have no answer, and what there is to say of the first."""

    total: int = 0
    failed: int = 0
    first: str = ""

    def add(self, reasons: Iterable[Any]) -> None:
        """The column of errors of one more piece."""
        for why in reasons:
            if isinstance(why, str):  # a null may be NaN
                self.failed += 1
                self.first = self.first or f"row {self.total}: {why}"
            self.total += 1

    def error(self, desk: Desk, piece: str = "") -> BatchFailed:
        """The error for these rows, which has no frame; they are all, or those of one ``piece``."""
        there, others = (f" of a {piece}", f"of that {piece} ") if piece else ("", "")
        kept = "they are on disk" if is_kept(desk) else "they are kept nowhere, so they cost again"
        return BatchFailed(
            f"{self.failed:,} of {self.total:,} rows{there} failed, the first is {self.first}",
            partial=None, failed=self.failed, total=self.total,
            hint=f'all others {others}were answered, and errors="column" gives them; {kept}',
        )  # fmt: skip
