"""Groups, codes, limits, budgets; channels with several keys; a ledger that says all there is.

Frozen.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Float,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    false,
    text,
)
from sqlalchemy.schema import CreateColumn
from sqlalchemy.types import TypeEngine

from nexhina_nb.store.migrations.columns import flag, number, row_id, small, text as words

_BIG, _INT, _FLAG, _TEXT = BigInteger(), Integer(), Boolean(), Text()
_NEW_COLUMNS: dict[str, dict[str, TypeEngine[Any]]] = {
    "users": {
        "display_name": String(64), "email": String(64), "remark": String(255),
        "password_hash": _TEXT, "access_token_hash": String(64), "last_login_at": _BIG,
        "deleted_at": _BIG, "setting": _TEXT,
    },
    "tokens": {
        "model_limits_enabled": _FLAG, "allow_ips": _TEXT, "cross_group_retry": _FLAG,
        "accessed_time": _BIG, "deleted_at": _BIG, "manages": _FLAG, "budget": _BIG,
        "budget_period": String(8), "budget_used": _BIG, "budget_since": _BIG, "rpm": _INT,
        "tpm": _BIG, "parallel": _INT, "queue_seconds": _INT, "capture": _FLAG,
    },
    "entries": {"token_amount": _BIG, "channel": _INT},
    "logs": {"ip": String(64)},
    "channels": {
        "code": _INT, "keys": _TEXT, "multi_key_mode": String(8), "key_states": _TEXT,
        "allow_private": _FLAG, "first_token_timeout": Float(), "idle_timeout": Float(),
        "param_override": _TEXT, "header_override": _TEXT, "status_code_mapping": _TEXT,
        "openai_organization": String(128), "test_model": String(255), "test_time": _BIG,
        "response_time": _INT, "balance": Float(), "balance_updated_time": _BIG,
        "used_quota": _BIG, "auto_ban": _FLAG, "tag": String(64), "remark": String(255),
        "setting": _TEXT, "settings": _TEXT, "other": _TEXT, "other_info": _TEXT,
    },
}  # fmt: skip


def everything(connection: Connection) -> None:
    """The step."""
    for table, columns in _NEW_COLUMNS.items():
        for name, kind in columns.items():
            _add(connection, table, name, kind)
    connection.execute(text("CREATE INDEX ix_logs_user ON logs (user_id, id)"))
    _new_tables(connection)
    _carry_over(connection)
    connection.execute(text("ALTER TABLE channels DROP COLUMN key_env"))
    _seal(connection)


def _add(connection: Connection, table: str, name: str, kind: TypeEngine[Any]) -> None:
    empty: Any = text("''" if isinstance(kind, (String, Text)) else "0")
    default = false() if isinstance(kind, Boolean) else empty
    column = Column(name, kind, nullable=False, server_default=default)
    Table(table, MetaData(), column)
    line = str(CreateColumn(column).compile(dialect=connection.dialect))
    connection.execute(text(f"ALTER TABLE {table} ADD COLUMN {line}"))


def _new_tables(connection: Connection) -> None:
    metadata = MetaData()
    Table(
        "redemptions", metadata,
        row_id(), small("user_id"), words("name", 64, index=True), words("holder", 64),
        words("key_hash", 64, unique=True), words("key_hint", 24), small("status"),
        number("quota"), number("created_time"), number("redeemed_time"), small("used_user_id"),
        number("expired_time"), words("terms"),
    )  # fmt: skip
    Table(
        "groups", metadata,
        Column("name", String(64), primary_key=True), words("description", 255),
        words("ratio", 32), words("ratios"), flag("selectable"), small("auto_order"),
        small("rpm"), number("tpm"), small("parallel"),
    )  # fmt: skip
    Table("options", metadata, Column("key", String(64), primary_key=True), words("value"))
    Table(
        "captures", metadata,
        Column("request_id", String(64), primary_key=True), number("created_at", index=True),
        small("user_id"), small("token_id"), words("model", 255), words("request"),
        words("answer"),
    )  # fmt: skip
    metadata.create_all(connection, checkfirst=False)


def _carry_over(connection: Connection) -> None:
    """What earlier gateways knew, in the new columns."""
    connection.execute(text("UPDATE channels SET code = 1, auto_ban = (1 = 1)"))
    for row in connection.execute(text("SELECT id, key_env FROM channels")).all():
        keys = json.dumps([f"env:{row.key_env}"] if row.key_env else [])
        # Who could add a channel until now could reach the store itself.
        change = "UPDATE channels SET keys = :keys, allow_private = (1 = 1) WHERE id = :id"
        connection.execute(text(change), {"keys": keys, "id": row.id})
    connection.execute(text("UPDATE tokens SET model_limits_enabled = (model_limits <> '')"))
    # The administrator's own key; the notebooks' keys have the same user, and manage nothing.
    root = "SELECT id FROM users WHERE role = 100"
    manages = f"UPDATE tokens SET manages = (1 = 1) WHERE name = 'admin' AND user_id IN ({root})"
    connection.execute(text(manages))
    _open_balances(connection)


def _open_balances(connection: Connection) -> None:
    """From here on a key's own quota is the sum of its entries, too."""
    # Of a call that was paid before, the key's quota can be given back, too.
    connection.execute(
        text(
            "UPDATE entries SET token_amount = amount WHERE kind IN ('charge', 'refund') "
            "AND token_id IN (SELECT id FROM tokens WHERE NOT unlimited_quota)"
        )
    )
    limited = text(
        "SELECT id, user_id, remain_quota - COALESCE((SELECT SUM(token_amount) FROM entries "
        "WHERE token_id = tokens.id), 0) AS opening FROM tokens WHERE NOT unlimited_quota"
    )
    opening = text(
        "INSERT INTO entries (created_at, user_id, token_id, kind, amount, request_id,"
        " token_amount, channel) VALUES (:now, :user, :token, 'allow', 0, :name, :amount, 0)"
    )
    rows: Iterable[Any] = connection.execute(limited).all()
    for row in rows:
        connection.execute(
            opening,
            {
                "now": int(time.time()), "user": row.user_id, "token": row.id,
                "name": f"opening of key {row.id}", "amount": int(row.opening),
            },
        )  # fmt: skip


def _seal(connection: Connection) -> None:
    """The database itself refuses to change or delete an entry."""
    if connection.dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            connection.execute(
                text(
                    f"CREATE TRIGGER entries_no_{what.lower()} BEFORE {what} ON entries "
                    "BEGIN SELECT RAISE(ABORT, 'entries of the ledger are never changed'); END"
                )
            )
        # REPLACE deletes without firing a trigger of deletion.
        connection.execute(
            text(
                "CREATE TRIGGER entries_no_replace BEFORE INSERT ON entries WHEN EXISTS (SELECT 1 "
                "FROM entries WHERE id = NEW.id OR (request_id = NEW.request_id AND "
                "kind = NEW.kind)) BEGIN SELECT RAISE(ABORT, 'such an entry is there'); END"
            )
        )
    elif connection.dialect.name == "postgresql":
        connection.execute(
            text(
                "CREATE FUNCTION entries_are_final() RETURNS trigger LANGUAGE plpgsql AS "
                "$$ BEGIN RAISE EXCEPTION 'entries of the ledger are never changed'; END $$"
            )
        )
        connection.execute(
            text(
                "CREATE TRIGGER entries_final BEFORE UPDATE OR DELETE OR TRUNCATE ON entries "
                "FOR EACH STATEMENT EXECUTE FUNCTION entries_are_final()"
            )
        )
