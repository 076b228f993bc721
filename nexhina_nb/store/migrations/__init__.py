"""The steps from an empty database to today's tables: frozen, named, applied once each, in order.

A step is never edited after a release; a change of the tables is a new step at the end. `tables`
says how it looks now, and a test builds the database from every earlier point and compares.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    MetaData,
    String,
    Table,
    insert,
    inspect,
    select,
)

from nexhina_nb.store.migrations import first, trust

Step = Callable[[Connection], None]

_applied = Table(
    "migrations",
    MetaData(),
    Column("name", String(64), primary_key=True),
    Column("applied_at", BigInteger, nullable=False),
)


STEPS: tuple[tuple[str, Step], ...] = (
    ("0001_accounts", first.accounts),
    ("0002_ledger_and_logs", first.ledger_and_logs),
    ("0003_channels_and_prices", first.channels_and_prices),
    ("0004_tasks", first.tasks),
    ("0005_responses", first.responses),
    ("0006_trust", trust.everything),
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
