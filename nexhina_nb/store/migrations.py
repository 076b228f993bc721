"""The steps from an empty database to today's tables: frozen, named, applied once each, in order.

A step is never edited after a release; a change of the tables is a new step at the end. `tables`
says how it looks now, and a test builds the database from every earlier point and compares.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
)

Step = Callable[[Connection], None]

_applied = Table(
    "migrations",
    MetaData(),
    Column("name", String(64), primary_key=True),
    Column("applied_at", BigInteger, nullable=False),
)


def _number(name: str, *, index: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=False, index=index)


def _small(name: str, *, index: bool = False) -> Column[int]:
    return Column(name, Integer, nullable=False, index=index)


def _text(name: str, length: int = 0, *, unique: bool = False, index: bool = False) -> Column[str]:
    kind = String(length) if length else Text()
    return Column(name, kind, nullable=False, unique=unique, index=index)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


def _id() -> Column[int]:
    return Column("id", Integer, primary_key=True)


def _big_id() -> Column[int]:
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _accounts(connection: Connection) -> None:
    metadata = MetaData()
    Table(
        "users",
        metadata,
        _id(),
        _text("username", 64, unique=True),
        _small("role"),
        _small("status"),
        _text("group", 64),
        _number("quota"),
        _number("used_quota"),
        _number("request_count"),
        _number("created_at"),
    )
    Table(
        "tokens",
        metadata,
        _id(),
        _small("user_id", index=True),
        _text("name", 64),
        _text("key_hash", 64, unique=True),
        _text("key_hint", 24),
        _small("status"),
        _number("created_time"),
        _number("expired_time"),
        _number("remain_quota"),
        _number("used_quota"),
        _flag("unlimited_quota"),
        _text("model_limits"),
        _text("group", 64),
    )
    metadata.create_all(connection, checkfirst=False)


def _ledger_and_logs(connection: Connection) -> None:
    metadata = MetaData()
    Table(
        "entries",
        metadata,
        _big_id(),
        _number("created_at"),
        _small("user_id", index=True),
        _small("token_id", index=True),
        _text("kind", 16),
        _number("amount"),
        _text("request_id", 64),
        UniqueConstraint("request_id", "kind", name="uq_entries_request"),
    )
    Table(
        "logs",
        metadata,
        _big_id(),
        _number("created_at", index=True),
        _small("type"),
        _small("user_id"),
        _text("username", 64),
        _small("token_id"),
        _text("token_name", 64),
        _text("model_name", 255),
        _number("quota"),
        _number("prompt_tokens"),
        _number("completion_tokens"),
        _small("use_time"),
        _flag("is_stream"),
        _small("channel"),
        _text("group", 64),
        _text("content"),
        _text("request_id", 64, index=True),
        _text("upstream_request_id", 128),
        _text("other"),
        Index("ix_logs_token", "token_id", "id"),
    )
    metadata.create_all(connection, checkfirst=False)


def _channels_and_prices(connection: Connection) -> None:
    metadata = MetaData()
    Table(
        "channels",
        metadata,
        _id(),
        _text("name", 64, unique=True),
        _text("type", 16),
        _small("status"),
        _text("base_url"),
        _text("key_env", 128),
        _text("models"),
        _text("model_mapping"),
        _text("group", 255),
        _number("priority"),
        _small("weight"),
        _number("created_time"),
    )
    Table(
        "prices", metadata, _id(), _text("model", 255, index=True), _number("since"), _text("price")
    )
    metadata.create_all(connection, checkfirst=False)


def _tasks(connection: Connection) -> None:
    metadata = MetaData()
    Table(
        "tasks",
        metadata,
        Column("id", String(64), primary_key=True),
        _small("user_id"),
        _small("token_id"),
        _text("request_id", 64),
        _text("model", 255),
        _small("channel"),
        _text("upstream_id", 255),
        _text("status", 16, index=True),
        _small("progress"),
        _text("request"),
        _text("error"),
        _text("url"),
        _text("remix_of", 64),
        _number("created_at"),
        _number("started_at"),
        _number("finished_at"),
        Index("ix_tasks_user", "user_id", "created_at"),
    )
    metadata.create_all(connection, checkfirst=False)


def _responses(connection: Connection) -> None:
    metadata = MetaData()
    Table(
        "responses",
        metadata,
        Column("user_id", Integer, primary_key=True, autoincrement=False),
        Column("id", String(128), primary_key=True),
        _number("created_at", index=True),
        _text("model", 255),
        _text("status", 16),
        _small("channel"),
        _text("upstream_id", 128),
        _text("previous_id", 128),
        _text("request"),
        _text("reply"),
        _text("events"),
    )
    metadata.create_all(connection, checkfirst=False)


STEPS: tuple[tuple[str, Step], ...] = (
    ("0001_accounts", _accounts),
    ("0002_ledger_and_logs", _ledger_and_logs),
    ("0003_channels_and_prices", _channels_and_prices),
    ("0004_tasks", _tasks),
    ("0005_responses", _responses),
)


def migrate(connection: Connection, steps: tuple[tuple[str, Step], ...] = STEPS) -> list[str]:
    """Apply what is missing, inside the caller's transaction; returns the names applied."""
    if not inspect(connection).has_table(_applied.name):
        _applied.create(connection)
    done = set(connection.scalars(select(_applied.c.name)))
    fresh = [(name, step) for name, step in steps if name not in done]
    for name, step in fresh:
        step(connection)
        connection.execute(insert(_applied).values(name=name, applied_at=int(time.time())))
    return [name for name, _ in fresh]
