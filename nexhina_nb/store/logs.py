"""The usage log: one row per call, with the columns of contract section 8. Prompts and answers are
never in it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, case, func, select

from nexhina_nb.store.tables import logs
from nexhina_nb.wire.codes import LogType

# A note for people; what a caller sent may be quoted in it, and must not fill the disk.
LONGEST_CONTENT = 1000


@dataclass(frozen=True, slots=True)
class LogRow:
    """What is known of one call when it ends; ``use_time`` in seconds, ``other`` as in contract
    8.3.
    """

    request_id: str
    user_id: int
    username: str
    token_id: int
    token_name: str
    model_name: str
    type: LogType = LogType.CONSUME
    prompt_tokens: int = 0
    completion_tokens: int = 0
    use_time: float = 0.0
    is_stream: bool = False
    channel: int = 0
    group: str = "default"
    content: str = ""
    upstream_request_id: str = ""
    ip: str = ""
    other: dict[str, Any] = field(default_factory=dict)

    @property
    def is_consumption(self) -> bool:
        """Whether the call was answered, so that it belongs in the ledger even when it cost
        nothing.
        """
        return self.type is LogType.CONSUME

    def record(self, *, quota: int, owed: int, now: int) -> dict[str, Any]:
        """The row as it is stored. What could not be taken from the wallet is noted, not lost."""
        other = self.other if quota == owed else self.other | {"quota_owed": owed}
        return {
            "created_at": now,
            "type": int(self.type),
            "user_id": self.user_id,
            "username": self.username,
            "token_id": self.token_id,
            "token_name": self.token_name,
            "model_name": self.model_name[:255],
            "quota": quota,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "use_time": round(self.use_time),
            "is_stream": self.is_stream,
            "channel": self.channel,
            "group": self.group,
            "content": self.content[:LONGEST_CONTENT],
            "request_id": self.request_id,
            "upstream_request_id": self.upstream_request_id[:128],
            "ip": self.ip[:64],
            "other": json.dumps(other),
        }


def row_of_request(connection: Connection, request_id: str) -> LogRow | None:
    """The row of the call itself; None if it has been pruned."""
    statement = select(logs).where(logs.c.request_id == request_id).order_by(logs.c.id).limit(1)
    found = connection.execute(statement).mappings().first()
    if found is None:
        return None
    names = {row.name for row in fields(LogRow)} & found.keys()
    values = {name: found[name] for name in names}
    return LogRow(**values | {"type": LogType(found["type"]), "other": json.loads(found["other"])})


def newest_of_token(
    connection: Connection, token_id: int, limit: int = 1000
) -> list[dict[str, Any]]:
    """The newest rows of one key, newest first (contract 7.5)."""
    statement = (
        select(logs).where(logs.c.token_id == token_id).order_by(logs.c.id.desc()).limit(limit)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def spending_of_token(
    connection: Connection, token_id: int, start: int | None = None, end: int | None = None
) -> dict[str, int]:
    """What one key spent between two Unix times, both included: quota (what was given back is
    taken off), answered calls, failed ones, and tokens.
    """
    row = logs.c
    answered, failed = row.type == LogType.CONSUME, row.type == LogType.ERROR
    charged = case((answered, row.quota), (row.type == LogType.REFUND, -row.quota), else_=0)
    statement = select(
        _sum(charged).label("quota"),
        _sum(case((answered, 1), else_=0)).label("calls"),
        _sum(case((failed, 1), else_=0)).label("errors"),
        _sum(case((answered, row.prompt_tokens), else_=0)).label("prompt_tokens"),
        _sum(case((answered, row.completion_tokens), else_=0)).label("completion_tokens"),
    ).where(row.token_id == token_id)
    if start is not None:
        # The index of a key's rows is by id: with a first id a long history is not read. The sum
        # keeps SQLite from looking for that id row by row from the beginning.
        first = select(func.min(row.id + 0)).where(row.created_at >= start).scalar_subquery()
        statement = statement.where(row.created_at >= start, row.id >= first)
    if end is not None:
        statement = statement.where(row.created_at <= end)
    return {
        name: int(value) for name, value in connection.execute(statement).mappings().one().items()
    }


def _sum(of: ColumnElement[int]) -> ColumnElement[int]:
    return func.coalesce(func.sum(of), 0)
