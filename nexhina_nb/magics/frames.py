"""pandas and polars frames of the notebook: shown in a prompt, found by their name.

Neither library is loaded here: a frame that exists has loaded its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.magics.names import Names
from nexhina_nb.magics.nearest import nearest

MAX_ROWS = 30
MAX_CELL = 200


def is_frame(value: Any) -> bool:
    """Whether it is an eager frame of pandas or polars."""
    return _library(value) in ("pandas", "polars") and type(value).__name__ == "DataFrame"


def _library(value: Any) -> str:
    return type(value).__module__.partition(".")[0]


def as_markdown(frame: Any) -> str:
    """The first `MAX_ROWS` rows as a Markdown table; a last line says so if there are more.

    An index of pandas that carries something becomes columns.
    """
    columns, rows = _content(frame)
    lines = [columns, ["---"] * len(columns), *rows]
    table = "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)
    total = len(frame)
    return table if total <= MAX_ROWS else f"{table}\n\n(the first {MAX_ROWS} of {total:,} rows)"


def _content(frame: Any) -> tuple[list[Any], list[Sequence[Any]]]:
    head = frame.head(MAX_ROWS)
    if _library(frame) == "polars":
        return list(head.columns), head.rows()
    if type(head.index).__name__ != "RangeIndex" or head.index.name is not None:
        head = head.reset_index(names=_index_names(head))
    return list(head.columns), list(head.itertuples(index=False, name=None))


def _index_names(frame: Any) -> list[str]:
    several = frame.index.nlevels > 1
    names = [
        (f"index {level}" if several else "index") if name is None else str(name)
        for level, name in enumerate(frame.index.names)
    ]
    taken = {str(column) for column in frame.columns}
    return [f"{name} (index)" if name in taken else name for name in names]


def _cell(value: Any) -> str:
    text = " ".join(str(value).replace("|", "\\|").split())
    return text if len(text) <= MAX_CELL else text[: MAX_CELL - 1] + "…"


def pick(
    names: Names,
    frame: str,
    column: str | None,
    flags: tuple[str, str] = ("--from", "--column"),
) -> tuple[Any, Any]:
    """The frame of that name, and the column as the frame calls it; ``flags`` are the options that
    name them. Raises BadInput.
    """
    value = frame_of(names, frame, flags[0])
    columns = [str(name) for name in value.columns]
    if column is None:
        raise BadInput(f"{flags[0]} needs {flags[1]}", hint=f"columns: {', '.join(columns)}")
    if column not in columns:
        hint = nearest(column, columns, "columns")
        raise BadInput(f"{frame} has no column {column!r}", hint=hint)
    return value, value.columns[columns.index(column)]


def frame_of(names: Names, frame: str, flag: str = "--from") -> Any:
    """The frame of that name. Raises BadInput."""
    value = names[frame]
    if not is_frame(value):
        kind = kind_of(value)
        ways = {"a LazyFrame": f"{frame}.collect()", "a Table": f"pl.from_arrow({frame})"}
        hint = f"rows = {ways[kind]} makes one: {flag} rows" if kind in ways else f"{flag} FRAME"
        raise BadInput(f"{frame} is no pandas or polars DataFrame but {kind}", hint=hint)
    return value
