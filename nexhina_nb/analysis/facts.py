"""What a log row says in `other`, as columns (contract 8.3, and three names of this gateway's own:
``duration_ms``, ``quota_owed``, ``tags``).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import orjson
import polars as pl

FACTS: dict[str, pl.DataType] = {
    "frt": pl.Int64(),  # milliseconds to the first byte, null when none came
    "cache_tokens": pl.Int64(),  # input tokens that were read from a cache
    "unpaid": pl.Int64(),  # quota that the call cost beyond what the wallet held
    "status_code": pl.Int64(),  # of a call that failed
    "error_code": pl.String(),
    "request_path": pl.String(),
    "notebook": pl.String(),  # where in the caller's work the call was made
    "cell": pl.String(),
}
DURATION = "duration"
_FIELDS = pl.Struct({DURATION: pl.Float64(), **FACTS})


def facts(rows: pl.Series) -> pl.Series:
    """Structs of `other` and `quota` → structs of the duration in seconds and of `FACTS`; what
    cannot be read is null.
    """
    fields = rows.struct
    found = [read(*pair) for pair in zip(fields["other"], fields["quota"], strict=True)]
    columns = zip(*found, strict=True) if found else ((),) * len(_FIELDS.fields)
    series = [
        pl.Series(field.name, column, dtype=field.dtype)
        for field, column in zip(_FIELDS.fields, columns, strict=True)
    ]
    return pl.DataFrame(series).to_struct(rows.name)


def read(other: str | None, quota: int | None) -> tuple[Any, ...]:
    """The facts of one row, in the order of the struct."""
    record = parse(other)
    tags = record.get("tags")
    tags = tags if isinstance(tags, dict) else {}
    owed = _whole(record.get("quota_owed"))
    first = _whole(record.get("frt"))
    took = _least(_number(record.get("duration_ms")))
    return (
        # Here, since polars divides a column in one way or another, as the last digit shows.
        None if took is None else took / 1000,
        # New API writes -1000 where no first byte came
        _least(first),
        _whole(record.get("cache_tokens")),
        None if owed is None or quota is None else owed - quota,
        _whole(record.get("status_code")),
        _text(record.get("error_code")),
        _text(record.get("request_path")),
        _text(tags.get("notebook")),
        _text(tags.get("cell")),
    )


def tag(name: str) -> pl.Expr:
    """A tag of each call as a column of texts, called "tag"; null where a call has none."""

    def texts(rows: pl.Series) -> pl.Series:
        found = (parse(other).get("tags") for other in rows)
        values = [_text(tags.get(name)) if isinstance(tags, dict) else None for tags in found]
        return pl.Series(values, dtype=pl.String)

    parsed = pl.col("other").map_batches(texts, return_dtype=pl.String(), is_elementwise=True)
    return parsed.alias("tag")


def parse(other: str | None) -> Mapping[str, Any]:
    """`other` as an object; an empty one for anything that is not."""
    try:
        record = orjson.loads(other or "{}")
    except orjson.JSONDecodeError:
        return {}
    return record if isinstance(record, dict) else {}


def as_text(other: object) -> str | None:
    """`other` of a row that travelled: JSON as text, which some senders leave as an object."""
    if other is None or isinstance(other, str):
        return other
    return json.dumps(other)


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None or abs(number) >= 2**63 else int(number)


def _number(value: object) -> float | int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None  # type: ignore[return-value]  # mypy loses the narrowing


def _least(value: Any) -> Any:
    return None if value is None or value < 0 else value


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def rows_as_columns(
    rows: Iterable[Mapping[str, Any]], names: Iterable[str]
) -> dict[str, list[Any]]:
    """Rows as they travel → one list for each name."""
    kept = list(rows)
    columns = {name: [row.get(name) for row in kept] for name in names}
    columns["other"] = [as_text(other) for other in columns["other"]]
    return columns
