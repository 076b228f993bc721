"""Taking away what is too old: log rows and captures, never entries of the ledger.

In small batches, each a transaction of its own: whoever writes a bill waits for one batch at most.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from sqlalchemy import Connection, Table, delete, select

from nexhina_nb.store.tables import captures, logs

BATCH = 1000


def prune_logs(connection: Connection, before: int, limit: int = BATCH) -> int:
    """Delete up to ``limit`` log rows older than ``before`` (Unix seconds); how many it were."""
    return _prune(connection, logs, "id", before, limit)


def prune_captures(connection: Connection, before: int, limit: int = BATCH) -> int:
    """Delete up to ``limit`` captures, likewise."""
    return _prune(connection, captures, "request_id", before, limit)


def _prune(connection: Connection, table: Table, key: str, before: int, limit: int) -> int:
    old = select(table.c[key]).where(table.c.created_at < before).order_by(table.c.created_at)
    found = connection.execute(old.limit(limit)).scalars().all()
    if found:
        connection.execute(delete(table).where(table.c[key].in_(found)))
    return len(found)


def limits_of_age(
    log_days: float, capture_days: float, now: float | None = None
) -> Iterator[tuple[str, int]]:
    """What is pruned and from which time back; logs of 0 days are kept for ever."""
    today = time.time() if now is None else now
    if log_days:
        yield "logs", int(today - log_days * 86_400)
    yield "captures", int(today - capture_days * 86_400)
