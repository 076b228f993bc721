"""Which rows of a log are wanted: the same conditions for a frame and for a database."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from nexhina_nb.analysis import moments
from nexhina_nb.analysis.moments import Moment
from nexhina_nb.analysis.schema import TYPE_NAMES
from nexhina_nb.errors import BadInput

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Table

_NAMES = dict(enumerate(TYPE_NAMES))

Names = str | Iterable[str] | None
Types = str | int | Iterable[str | int] | None


@dataclass(frozen=True, slots=True)
class Selection:
    """Moments are UTC, ``since`` is in, ``until`` is out. Empty means all. Names may be globs."""

    since: datetime | None = None
    until: datetime | None = None
    keys: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    token_id: int | None = None
    channel: int | None = None
    group: str = ""
    request_id: str = ""

    @classmethod
    def read(
        cls,
        since: Moment | None = None,
        until: Moment | None = None,
        key: Names = None,
        model: Names = None,
        type: Types = None,
        *,
        channel: int | None = None,
        group: str | None = None,
        request_id: str | None = None,
    ) -> Selection:
        """From what people write. Raises BadInput."""
        given = (type,) if isinstance(type, str | int) else type or ()
        return cls(
            since=moments.parse(since),
            until=moments.parse(until, is_end=True),
            keys=_names(key),
            models=_names(model),
            types=tuple(_type(name) for name in given),
            channel=channel,
            group=group or "",
            request_id=request_id or "",
        )

    def apply(self, frame: pl.LazyFrame) -> pl.LazyFrame:
        """The rows of the frame that are wanted."""
        for condition in self._conditions():
            frame = frame.filter(condition)
        return frame

    def _conditions(self) -> Iterable[pl.Expr]:
        if self.since is not None:
            yield pl.col("created_at") >= self.since
        if self.until is not None:
            yield pl.col("created_at") < self.until
        if self.keys:
            yield _matches("token_name", self.keys)
        if self.models:
            yield _matches("model_name", self.models)
        if self.types:
            yield pl.col("type").cast(pl.String).is_in(self.types)
        for column, value in self._exact():
            yield pl.col(column) == value

    def _exact(self) -> Iterable[tuple[str, int | str]]:
        """Columns that hold just one value."""
        for column in ("token_id", "channel"):
            if (number := getattr(self, column)) is not None:
                yield column, number
        for column in ("group", "request_id"):
            if text := getattr(self, column):
                yield column, text

    def clauses(self, table: Table) -> list[ColumnElement[bool]]:
        """The same for SQL; the store keeps whole Unix seconds, and numbers for types."""
        from sqlalchemy import or_  # noqa: PLC0415 - heavy: a file needs no database

        c = table.c
        found: list[ColumnElement[bool]] = []
        if self.since is not None:
            found.append(c.created_at >= ceil_seconds(self.since))
        if self.until is not None:
            found.append(c.created_at < ceil_seconds(self.until))
        for column, names in ((c.token_name, self.keys), (c.model_name, self.models)):
            if names:
                found.append(or_(*(_like(column, name) for name in names)))
        if self.types:
            found.append(c.type.in_([TYPE_NAMES.index(name) for name in self.types]))
        found += [c[column] == value for column, value in self._exact()]
        return found


def ceil_seconds(moment: datetime) -> int:
    """The first whole Unix second that is not before the moment."""
    return int(moment.replace(microsecond=0).timestamp()) + bool(moment.microsecond)


def _names(names: Names) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names or ())


def _type(name: str | int) -> str:
    text = name.lower() if isinstance(name, str) else _NAMES.get(name)
    if text not in TYPE_NAMES:
        raise BadInput(f"there is no type {name!r}", hint=f"one of: {', '.join(TYPE_NAMES)}")
    return text


def _is_glob(name: str) -> bool:
    return "*" in name or "?" in name


def _matches(column: str, names: tuple[str, ...]) -> pl.Expr:
    patterns = [_pattern(name) for name in names if _is_glob(name)]
    exact = pl.col(column).is_in([name for name in names if not _is_glob(name)])
    return pl.any_horizontal(exact, *(pl.col(column).str.contains(each) for each in patterns))


def _pattern(glob: str) -> str:
    parts = (".*" if mark == "*" else "." if mark == "?" else re.escape(mark) for mark in glob)
    return f"(?s)^{''.join(parts)}$"


def _like(column: Any, name: str) -> ColumnElement[bool]:
    equal: ColumnElement[bool] = column == name
    if not _is_glob(name):
        return equal
    safe = name.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    like: ColumnElement[bool] = column.like(safe.replace("*", "%").replace("?", "_"), escape="\\")
    return like
