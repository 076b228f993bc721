"""The one form of a usage log as a frame: the columns of contract 8.1, typed, and beside them what
is worth a column of what `other` holds (contract 8.3).

`conform` brings any table with those names into it: rows as they travel, a CSV, somebody else's
Parquet.
"""

from __future__ import annotations

import polars as pl

from nexhina_nb.analysis.facts import DURATION, FACTS, facts
from nexhina_nb.errors import BadInput
from nexhina_nb.wire.codes import LogType

# By the numbers of contract 8.2: "consume" is a call that was answered, "error" one that was not.
TYPE_NAMES = tuple(member.name.lower() for member in LogType)
TYPE = pl.Enum(TYPE_NAMES)
MOMENT = pl.Datetime("us", "UTC")

# As in contract 8.1. `quota` is what was charged, or for a refund what was given back.
RECORDED: dict[str, pl.DataType] = {
    "id": pl.Int64(),
    "created_at": MOMENT,
    "type": TYPE,
    "user_id": pl.Int64(),
    "username": pl.String(),
    "token_id": pl.Int64(),
    "token_name": pl.String(),
    "model_name": pl.String(),
    "quota": pl.Int64(),
    "prompt_tokens": pl.Int64(),
    "completion_tokens": pl.Int64(),
    "use_time": pl.Int64(),
    "is_stream": pl.Boolean(),
    "channel": pl.Int64(),
    "channel_name": pl.String(),
    "group": pl.String(),
    "ip": pl.String(),
    "content": pl.String(),
    "request_id": pl.String(),
    "upstream_request_id": pl.String(),
    "other": pl.String(),
}
# `seconds` is exact where the gateway notes it, else the whole seconds of `use_time`.
SCHEMA: dict[str, pl.DataType] = {**RECORDED, "seconds": pl.Float64(), **FACTS}

_NEEDED = ("created_at", "model_name", "quota")
_LATEST = 253_402_128_000  # the last days of the year 9999, beyond which Python knows no dates
_ISO = ("%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z")
_NAIVE = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f")


def conform(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Any log with the columns of contract 8.1 → the same rows with exactly those of `SCHEMA`.

    Times may be Unix seconds, text or datetimes (naive ones count as UTC), types numbers or names.
    What is missing, or not of its type, is null. Raises BadInput if it is no log at all.
    """
    given = frame.collect_schema()
    if missing := [name for name in _NEEDED if name not in given]:
        raise BadInput(
            f"this is no usage log: it has no column {missing[0]!r}",
            hint="a log has the columns created_at, model_name and quota",
        )
    if dict(given) == SCHEMA:
        return frame
    typed = frame.select(_typed(name, given.get(name)) for name in RECORDED)
    if all(name in given for name in ("seconds", *FACTS)):
        more = [_typed(name, given.get(name)) for name in ("seconds", *FACTS)]
        return frame.select(*(_typed(name, given.get(name)) for name in RECORDED), *more)
    return _with_facts(typed)


def _with_facts(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Add the columns that are made of `other`. They are parsed only if something asks for them."""
    fields = pl.Struct({DURATION: pl.Float64(), **FACTS})
    # row by row, so that filters go through it to the source, and it runs in batches
    parsed = pl.struct("other", "quota").map_batches(
        facts, return_dtype=fields, is_elementwise=True
    )
    seconds = pl.coalesce(pl.col(DURATION), pl.col("use_time").cast(pl.Float64))
    return (
        frame.with_columns(parsed.alias("_facts").struct.unnest())
        .with_columns(seconds.alias("seconds"))
        .select(*SCHEMA)
    )


def _typed(name: str, given: pl.DataType | None) -> pl.Expr:
    wanted = SCHEMA[name]
    if given is None or given == pl.Null:
        return pl.lit(None, dtype=wanted).alias(name)
    column = pl.col(name)
    if given == wanted:
        return column
    if name == "created_at":
        return _moment(column, given)
    if name == "type":
        return _type(column, given)
    if wanted == pl.Boolean and given == pl.String:
        return column.str.to_lowercase().is_in(["true", "1"])
    return column.cast(wanted, strict=False)


def _moment(column: pl.Expr, given: pl.DataType) -> pl.Expr:
    if isinstance(given, pl.Datetime):
        aware = column if given.time_zone else column.dt.replace_time_zone("UTC")
        return aware.dt.convert_time_zone("UTC").cast(MOMENT)
    if given != pl.String:
        return _from_epoch(column)
    with_zone = [column.str.to_datetime(form, time_unit="us", strict=False) for form in _ISO]
    naive = [column.str.to_datetime(form, time_unit="us", strict=False) for form in _NAIVE]
    parsed = [*with_zone, *(moment.dt.replace_time_zone("UTC") for moment in naive)]
    return pl.coalesce(*parsed, _from_epoch(column)).alias("created_at")


def _from_epoch(column: pl.Expr) -> pl.Expr:
    number = column.cast(pl.Int64, strict=False)
    seconds = pl.when(number.is_between(0, _LATEST)).then(number)
    return pl.from_epoch(seconds, time_unit="s").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")


def _type(column: pl.Expr, given: pl.DataType) -> pl.Expr:
    if not given.is_numeric():
        text = column.cast(pl.String)
        return pl.coalesce(text.cast(TYPE, strict=False), type_of(text)).alias("type")
    return type_of(column)


def type_of(number: pl.Expr) -> pl.Expr:
    """The number of a type, or the same as text → its name; null for one that is not known."""
    names = dict(enumerate(TYPE_NAMES))
    whole = number.cast(pl.Int64, strict=False)
    return whole.replace_strict(names, default=None, return_dtype=TYPE)
