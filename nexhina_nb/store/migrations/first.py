"""The tables of the first gateways. Frozen."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    Connection,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from nexhina_nb.store.migrations.columns import big_id, flag, number, row_id, small, text


def accounts(connection: Connection) -> None:
    """Users and keys."""
    metadata = MetaData()
    Table(
        "users",
        metadata,
        row_id(),
        text("username", 64, unique=True),
        small("role"),
        small("status"),
        text("group", 64),
        number("quota"),
        number("used_quota"),
        number("request_count"),
        number("created_at"),
    )
    Table(
        "tokens",
        metadata,
        row_id(),
        small("user_id", index=True),
        text("name", 64),
        text("key_hash", 64, unique=True),
        text("key_hint", 24),
        small("status"),
        number("created_time"),
        number("expired_time"),
        number("remain_quota"),
        number("used_quota"),
        flag("unlimited_quota"),
        text("model_limits"),
        text("group", 64),
    )
    metadata.create_all(connection, checkfirst=False)


def ledger_and_logs(connection: Connection) -> None:
    """What was spent."""
    metadata = MetaData()
    Table(
        "entries",
        metadata,
        big_id(),
        number("created_at"),
        small("user_id", index=True),
        small("token_id", index=True),
        text("kind", 16),
        number("amount"),
        text("request_id", 64),
        UniqueConstraint("request_id", "kind", name="uq_entries_request"),
    )
    Table(
        "logs",
        metadata,
        big_id(),
        number("created_at", index=True),
        small("type"),
        small("user_id"),
        text("username", 64),
        small("token_id"),
        text("token_name", 64),
        text("model_name", 255),
        number("quota"),
        number("prompt_tokens"),
        number("completion_tokens"),
        small("use_time"),
        flag("is_stream"),
        small("channel"),
        text("group", 64),
        text("content"),
        text("request_id", 64, index=True),
        text("upstream_request_id", 128),
        text("other"),
        Index("ix_logs_token", "token_id", "id"),
    )
    metadata.create_all(connection, checkfirst=False)


def channels_and_prices(connection: Connection) -> None:
    """Where calls go, and what they cost."""
    metadata = MetaData()
    Table(
        "channels",
        metadata,
        row_id(),
        text("name", 64, unique=True),
        text("type", 16),
        small("status"),
        text("base_url"),
        text("key_env", 128),
        text("models"),
        text("model_mapping"),
        text("group", 255),
        number("priority"),
        small("weight"),
        number("created_time"),
    )
    Table(
        "prices", metadata, row_id(), text("model", 255, index=True), number("since"), text("price")
    )
    metadata.create_all(connection, checkfirst=False)


def tasks(connection: Connection) -> None:
    """Videos."""
    metadata = MetaData()
    Table(
        "tasks",
        metadata,
        Column("id", String(64), primary_key=True),
        small("user_id"),
        small("token_id"),
        text("request_id", 64),
        text("model", 255),
        small("channel"),
        text("upstream_id", 255),
        text("status", 16, index=True),
        small("progress"),
        text("request"),
        text("error"),
        text("url"),
        text("remix_of", 64),
        number("created_at"),
        number("started_at"),
        number("finished_at"),
        Index("ix_tasks_user", "user_id", "created_at"),
    )
    metadata.create_all(connection, checkfirst=False)


def responses(connection: Connection) -> None:
    """Stored responses."""
    metadata = MetaData()
    Table(
        "responses",
        metadata,
        Column("user_id", Integer, primary_key=True, autoincrement=False),
        Column("id", String(128), primary_key=True),
        number("created_at", index=True),
        text("model", 255),
        text("status", 16),
        small("channel"),
        text("upstream_id", 128),
        text("previous_id", 128),
        text("request"),
        text("reply"),
        text("events"),
    )
    metadata.create_all(connection, checkfirst=False)
