"""The log of a store as a lazy frame: read in batches when it is collected, only the columns and as
far as possible only the rows that are asked for, without disturbing the gateway that writes it.

An SQLite file is opened read-only. The frame holds the rows that are there when it is made, so that
all figures that are taken from it agree, whatever a running gateway adds.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
from polars.io.plugins import register_io_source
from sqlalchemy import Connection, Engine, Select, create_engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from nexhina_nb.analysis.predicates import translate
from nexhina_nb.analysis.schema import RECORDED, conform, type_of
from nexhina_nb.analysis.selection import Selection
from nexhina_nb.errors import StoreError
from nexhina_nb.secret import Secret
from nexhina_nb.store.accounts import hash_key
from nexhina_nb.store.db import engine_for
from nexhina_nb.store.tables import logs, tokens

BATCH_ROWS = 50_000
_COLUMNS = tuple(column.name for column in logs.columns)


@dataclass(frozen=True, slots=True)
class Window:
    """What of the table the frame holds: rows up to an id, that are wanted; ``last``: only the
    newest so many.
    """

    newest_id: int
    wanted: Selection
    last: int | None = None


def scan(url: str, wanted: Selection, last: int | None = None) -> pl.LazyFrame:
    """The log of the store at an SQLAlchemy URL. Raises StoreError if there is none."""
    with _reading(url) as connection:
        newest = connection.scalar(select(func.max(logs.c.id))) or 0
    source = partial(_batches, url, Window(newest, wanted, last))
    schema = {name: RECORDED[name] for name in _COLUMNS}
    return conform(register_io_source(source, schema=schema, is_pure=True))


def scan_own(url: str, key: Secret, wanted: Selection) -> pl.LazyFrame:
    """The rows of one key. Raises StoreError if the store cannot be read, or has no such key."""
    with _reading(url) as connection:
        owner = select(tokens.c.id).where(tokens.c.key_hash == hash_key(key.reveal()))
        token_id: int | None = connection.scalar(owner)
    if token_id is None:
        raise StoreError("the key is not in this store")
    return scan(url, replace(wanted, token_id=token_id))


def _batches(
    url: str,
    window: Window,
    with_columns: list[str] | None,
    predicate: pl.Expr | None,
    n_rows: int | None,
    batch_size: int | None,
) -> Iterator[pl.DataFrame]:
    """The protocol of polars' sources."""
    names = [name for name in with_columns or _COLUMNS if name in _COLUMNS]
    left = n_rows
    with _reading(url) as connection:
        statement = _statement(names, window, predicate)
        result = connection.execution_options(stream_results=True).execute(statement)
        while left != 0 and (rows := result.fetchmany(batch_size or BATCH_ROWS)):
            frame = _frame(names, rows)
            if predicate is not None:
                frame = frame.filter(predicate)
            if left is not None:
                frame = frame.head(left)
                left -= frame.height
            yield frame


def _statement(names: Sequence[str], window: Window, predicate: pl.Expr | None) -> Select[Any]:
    # By time and not by id, so that the index on time serves both order and limits.
    order = [logs.c.created_at, logs.c.id]
    rows = select(logs).where(logs.c.id <= window.newest_id, *window.wanted.clauses(logs))
    if window.last is not None:
        newest = rows.order_by(*(column.desc() for column in order)).limit(window.last).subquery()
        kept = select(*(newest.c[name] for name in names or ["id"]))
        return kept.order_by(newest.c.created_at, newest.c.id)
    # A frame without columns still has rows to count.
    columns = [logs.c[name] for name in names] or [logs.c.id]
    conditions = (*window.wanted.clauses(logs), *translate(predicate, logs))
    return select(*columns).where(logs.c.id <= window.newest_id, *conditions).order_by(*order)


def _frame(names: Sequence[str], rows: Sequence[Any]) -> pl.DataFrame:
    columns = dict(zip(names, zip(*rows, strict=True), strict=False))
    series = [pl.Series(name, columns[name], dtype=_raw(name)) for name in names]
    frame = pl.DataFrame(series, height=len(rows)) if not names else pl.DataFrame(series)
    typed = []
    if "created_at" in columns:
        typed.append(
            pl.from_epoch("created_at").cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
        )
    if "type" in columns:
        typed.append(type_of(pl.col("type")))
    return frame.with_columns(typed)


def _raw(name: str) -> pl.DataType:
    return pl.Int64() if name in ("created_at", "type") else RECORDED[name]


@contextmanager
def _reading(url: str) -> Iterator[Connection]:
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise StoreError(
            f"the log of the store cannot be read: {reason}",
            hint="is it the store of a gateway? `nexhina doctor` checks it",
        ) from error
    finally:
        engine.dispose()


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError:
        return engine_for(url)  # which says what is wrong with it
    if parsed.get_backend_name() != "sqlite":
        return engine_for(url).execution_options(postgresql_readonly=True)
    path = Path(parsed.database or "")
    if not path.is_file():
        raise StoreError(
            f"there is no store at {path}",
            hint="a gateway makes it when it first starts: %nexhina gateway start",
        )
    return create_engine(
        "sqlite://", creator=partial(_connect, path), poolclass=NullPool, hide_parameters=True
    )


def _connect(path: Path) -> sqlite3.Connection:
    # polars may read a batch in another of its threads, one at a time.
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5, check_same_thread=False
    )
    connection.execute("PRAGMA case_sensitive_like=ON")
    return connection
