"""Videos that were ordered: what is wanted, how far it is, and what came of it.

A row is there before the order is charged and stays until it is deleted, so that a gateway that
starts again goes on with what was under way.
"""

from __future__ import annotations

import json
import secrets
import string
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, delete, exists, insert, select, update

from nexhina_nb.store.tables import entries, tasks

QUEUED, IN_PROGRESS, COMPLETED, FAILED = "queued", "in_progress", "completed", "failed"
UNFINISHED = (QUEUED, IN_PROGRESS)
_LETTERS = string.ascii_letters + string.digits


def new_id() -> str:
    """``task_`` and 32 letters (contract 1.35)."""
    return "task_" + "".join(secrets.choice(_LETTERS) for _ in range(32))


@dataclass(frozen=True, slots=True)
class Task:
    """One order. ``request_id`` is that of the call that placed and paid it; ``request`` its body;
    ``progress`` is in percent, times are Unix seconds, 0 while there is none. ``error`` is empty or
    has ``code`` and ``message``; ``url`` is where an upstream has put the result, if it said so.
    """

    user_id: int
    token_id: int
    request_id: str
    model: str
    request: Mapping[str, Any]
    channel: int = 0
    upstream_id: str = ""
    id: str = field(default_factory=new_id)
    status: str = QUEUED
    progress: int = 0
    error: Mapping[str, str] = field(default_factory=dict)
    url: str = ""
    remix_of: str = ""
    created_at: int = field(default_factory=lambda: int(time.time()))
    started_at: int = 0
    finished_at: int = 0

    @property
    def is_finished(self) -> bool:
        """Whether nothing more happens to it."""
        return self.status not in UNFINISHED


def add_task(connection: Connection, task: Task) -> None:
    """Keep a new order; a second time changes nothing."""
    delete_task(connection, task.id)
    names = tasks.c.keys()
    connection.execute(insert(tasks), _stored({name: getattr(task, name) for name in names}))


def change_task(connection: Connection, task_id: str, **changes: Any) -> None:
    """Write what has become of an order."""
    connection.execute(update(tasks).where(tasks.c.id == task_id).values(_stored(changes)))


def delete_task(connection: Connection, task_id: str) -> None:
    """Forget an order; what it cost stays in the ledger and the log."""
    connection.execute(delete(tasks).where(tasks.c.id == task_id))


def find_task(connection: Connection, user_id: int, task_id: str) -> Task | None:
    """An order of this user."""
    wanted = (tasks.c.id == task_id) & (tasks.c.user_id == user_id)
    row = connection.execute(select(tasks).where(wanted)).first()
    return None if row is None else _task(row)


def list_tasks(
    connection: Connection, user_id: int, *, after: Task | None, limit: int, newest_first: bool
) -> list[Task]:
    """A user's orders, from the one that follows ``after``."""
    place = (tasks.c.created_at, tasks.c.id)
    statement = select(tasks).where(tasks.c.user_id == user_id).limit(limit)
    if after is not None:
        same = tasks.c.created_at == after.created_at
        if newest_first:
            further = (tasks.c.created_at < after.created_at) | (same & (tasks.c.id < after.id))
        else:
            further = (tasks.c.created_at > after.created_at) | (same & (tasks.c.id > after.id))
        statement = statement.where(further)
    order = [column.desc() if newest_first else column.asc() for column in place]
    return [_task(row) for row in connection.execute(statement.order_by(*order))]


def unfinished_tasks(connection: Connection) -> list[Task]:
    """What a gateway that starts has to go on with, oldest first."""
    statement = select(tasks).where(tasks.c.status.in_(UNFINISHED)).order_by(tasks.c.created_at)
    return [_task(row) for row in connection.execute(statement)]


def is_paid(connection: Connection, task: Task) -> bool:
    """Whether the call that placed an order is in the ledger."""
    charged = exists().where(entries.c.request_id == task.request_id)
    return bool(connection.scalar(select(charged)))


def expired_tasks(connection: Connection, before: int) -> list[Task]:
    """What was finished before a time (Unix seconds)."""
    is_old = (tasks.c.finished_at > 0) & (tasks.c.finished_at < before)
    return [_task(row) for row in connection.execute(select(tasks).where(is_old))]


def _stored(values: Mapping[str, Any]) -> dict[str, Any]:
    texts = {name: json.dumps(values[name]) for name in ("request", "error") if name in values}
    return {**values, **texts}


def _task(row: Row[Any]) -> Task:
    values = dict(row._mapping)
    values |= {name: json.loads(values[name] or "{}") for name in ("request", "error")}
    return Task(**values)
