"""What is in the cache, as a table for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nexhina_nb.client import tables

COLUMNS = ("verb", "model", "answers", "size", "oldest", "newest")
_LATEST = 253_402_300_799  # seconds: what a datetime reaches


@dataclass(frozen=True, slots=True)
class Portion:
    """The answers of one verb and model. Both are empty, and the times None, for those that an
    earlier version has kept.
    """

    verb: str
    model: str
    answers: int
    bytes: int
    oldest: datetime | None
    newest: datetime | None


@dataclass(frozen=True, slots=True, repr=False)
class Contents:
    """A file of answers: ``size`` is what it takes on disk, ``limit`` what it may, in bytes."""

    path: Path
    size: int
    limit: int
    portions: tuple[Portion, ...]

    @property
    def answers(self) -> int:
        """How many there are."""
        return sum(portion.answers for portion in self.portions)

    def rows(self) -> list[tuple[Any, ...]]:
        """What is shown, in the order of `COLUMNS`: a row each, and one for all."""
        rows = [_row(portion) for portion in self.portions]
        if rows:
            rows.append(("all", "", self.answers, self.room(), "", ""))
        return rows

    def room(self) -> str:
        """What it takes on disk, and what it may."""
        return f"{in_words(self.size)} of {in_words(self.limit)}"

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        portions = [
            asdict(portion) | {"oldest": _iso(portion.oldest), "newest": _iso(portion.newest)}
            for portion in self.portions
        ]
        return {
            "path": str(self.path), "size": self.size, "limit": self.limit, "portions": portions
        }  # fmt: skip

    def __repr__(self) -> str:
        return tables.as_text(COLUMNS, self.rows()) if self.portions else "No answers are kept."

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        if not self.portions:
            return {"text/plain": repr(self)}, {}
        return tables.mimebundle(COLUMNS, self.rows()), {}


def portions(totals: Iterable[tuple[str, str, float, float, int, int]]) -> tuple[Portion, ...]:
    """The portions, from what `lots.totals` says."""
    return tuple(
        Portion(verb, model, int(answers), int(size), _moment(oldest), _moment(newest))
        for verb, model, answers, size, oldest, newest in totals
    )


def in_words(size: float) -> str:
    """``1536000`` → ``"1.5 MB"``."""
    for unit in ("B", "kB", "MB"):
        if abs(size) < 1000:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= _LATEST else None


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _row(portion: Portion) -> tuple[Any, ...]:
    return (
        portion.verb or "?", portion.model or "?", portion.answers, in_words(portion.bytes),
        _local(portion.oldest), _local(portion.newest),
    )  # fmt: skip


def _local(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.astimezone():%Y-%m-%d %H:%M}"
