"""Captured prompts and answers, of the keys that ask for it. What comes in here is redacted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from nexhina_nb.store.tables import captures


@dataclass(frozen=True, slots=True)
class Capture:
    """One call: what went in and what came out, as text."""

    request_id: str
    created_at: int
    user_id: int
    token_id: int
    model: str
    request: str
    answer: str


def add_capture(connection: Connection, capture: Capture) -> None:
    """Keep a call."""
    connection.execute(insert(captures).values(asdict(capture)))


def find_capture(connection: Connection, request_id: str) -> Mapping[str, Any] | None:
    """The call of a request id, or None."""
    statement = select(captures).where(captures.c.request_id == request_id)
    row = connection.execute(statement).mappings().first()
    return dict(row) if row else None


def prune_captures(connection: Connection, before: int, limit: int) -> int:
    """Delete up to ``limit`` calls from before a time (Unix s), the oldest first; returns how many
    that were.
    """
    old = (
        select(captures.c.request_id)
        .where(captures.c.created_at < before)
        .order_by(captures.c.created_at)
        .limit(limit)
    )
    return connection.execute(
        delete(captures).where(captures.c.request_id.in_(old.scalar_subquery()))
    ).rowcount
