"""Looking things up in the usage log: filters, pages and sums (contract 7.5 and 7.7)."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    case,
    func,
    literal_column,
    select,
)

from nexhina_nb.errors import BadInput
from nexhina_nb.store.tables import channels, logs
from nexhina_nb.wire.codes import LogType

MOST_COUNTED = 10_000  # rows that a user's total goes up to (contract 7.5)
_MOST_WILD, _LEAST_PLAIN = 2, 2
_ESCAPE = "\\"
_BATCH = 1000
_HOUR = "3600"  # seconds
# Column of a row that is read → its kind.
COLUMNS: Mapping[str, type] = {
    **{column.name: column.type.python_type for column in logs.columns},
    "channel_name": str,
}


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Which rows are wanted; what is 0, empty or None does not narrow them.

    ``username`` and ``model_name`` take "%" for any text; in such a pattern SQLite takes ASCII
    letters of either case for the same, PostgreSQL does not. Times are Unix seconds, both included.
    """

    type: int = 0
    user_id: int | None = None
    username: str = ""
    model_name: str = ""
    token_name: str = ""
    start: int = 0
    end: int = 0
    channel: int = 0
    group: str = ""
    request_id: str = ""
    upstream_request_id: str = ""

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in SQL. Raises BadInput for a pattern that would match nearly anything."""
        row = logs.c
        exact = {
            row.type: self.type,
            row.token_name: self.token_name,
            row.channel: self.channel,
            row.group: self.group,
            row.request_id: self.request_id,
            row.upstream_request_id: self.upstream_request_id,
        }
        found = [column == value for column, value in exact.items() if value]
        if self.user_id is not None:
            found.append(row.user_id == self.user_id)
        texts = ((row.username, self.username), (row.model_name, self.model_name))
        found += [_like(column, text) for column, text in texts if text]
        if self.start:
            found.append(row.created_at >= self.start)
        if self.end:
            found.append(row.created_at <= self.end)
        return found


def search_logs(
    connection: Connection, wanted: LogFilter, *, offset: int, limit: int
) -> list[dict[str, Any]]:
    """A page of rows, newest first, each with its ``channel_name``."""
    found = connection.execute(_newest(wanted).offset(offset).limit(limit)).mappings().all()
    return _named(connection, found)


def count_logs(connection: Connection, wanted: LogFilter, most: int | None = None) -> int:
    """How many rows there are; counting stops at ``most``."""
    rows = select(logs.c.id).where(*wanted.conditions()).limit(most)
    total: int = connection.execute(select(func.count()).select_from(rows.subquery())).scalar_one()
    return total


def batch_of_logs(
    connection: Connection, wanted: LogFilter, before: int | None = None
) -> list[dict[str, Any]]:
    """The newest thousand rows, or those next to the row ``before``, each with its
    ``channel_name``: however many rows there are, whoever asks for one batch after the other needs
    the memory of one, and meets every row once.
    """
    statement = _newest(wanted, by_time=False).limit(_BATCH)
    if before is not None:
        statement = statement.where(logs.c.id < before)
    return _named(connection, connection.execute(statement).mappings().all())


def stat_of_logs(
    connection: Connection, wanted: LogFilter, now: int | None = None
) -> dict[str, int]:
    """What was spent (of answered calls only), and the calls and tokens of the last minute,
    whatever the range.
    """
    row = logs.c
    conditions = LogFilter(**_without(wanted, "type")).conditions()
    spent = select(func.coalesce(func.sum(row.quota), 0)).where(
        row.type == LogType.CONSUME, *conditions
    )
    minute = (int(time.time()) if now is None else now) - 60
    recent = LogFilter(**_without(wanted, "type", "start", "end")).conditions()
    speed = select(
        func.count(), func.coalesce(func.sum(row.prompt_tokens + row.completion_tokens), 0)
    ).where(row.type == LogType.CONSUME, row.created_at >= minute, *recent)
    rpm, tpm = connection.execute(speed).one()
    return {
        "quota": int(connection.execute(spent).scalar_one()),
        "rpm": int(rpm),
        "tpm": int(tpm),
    }


def usage_by_hour(connection: Connection, wanted: LogFilter) -> list[dict[str, Any]]:
    """Answered calls by hour, user, model, group, key and channel (contract 7.7)."""
    row = logs.c
    # No parameter: PostgreSQL would not see that the two places mean the same.
    hour = (row.created_at - row.created_at % literal_column(_HOUR)).label("created_at")
    keys = (
        row.user_id, row.username, row.model_name, row.group.label("use_group"), row.token_id,
        row.channel.label("channel_id"), hour,
    )  # fmt: skip
    answered = row.type == LogType.CONSUME
    statement = (
        select(
            *keys,
            func.sum(case((answered, 1), else_=0)).label("count"),
            func.sum(row.quota).label("quota"),
            func.sum(row.prompt_tokens + row.completion_tokens).label("token_used"),
        )
        .where(answered, *wanted.conditions())
        .group_by(
            row.user_id, row.username, row.model_name, row.group, row.token_id, row.channel, hour
        )
        .order_by(hour)
    )
    found = connection.execute(statement).mappings()
    return [_bucket(place, dict(each)) for place, each in enumerate(found, start=1)]


def _bucket(place: int, row: dict[str, Any]) -> dict[str, Any]:
    sums = {name: int(row[name]) for name in ("count", "quota", "token_used")}
    return {"id": place, "node_name": "", **row, **sums}


def _named(connection: Connection, rows: Sequence[RowMapping]) -> list[dict[str, Any]]:
    ids = {row["channel"] for row in rows}
    named = select(channels.c.id, channels.c.name).where(channels.c.id.in_(ids))
    names = {row.id: row.name for row in connection.execute(named)}
    return [{**row, "channel_name": names.get(row["channel"], "")} for row in rows]


def _newest(wanted: LogFilter, *, by_time: bool = True) -> Select[Any]:
    statement = select(logs).where(*wanted.conditions())
    # With a range of times the index on them is walked; the number alone would read every row.
    if by_time and (wanted.start or wanted.end) and wanted.user_id is None:
        return statement.order_by(logs.c.created_at.desc(), logs.c.id.desc())
    return statement.order_by(logs.c.id.desc())


def _without(wanted: LogFilter, *names: str) -> dict[str, Any]:
    return {name: getattr(wanted, name) for name in LogFilter.__slots__ if name not in names}


def _like(column: ColumnElement[str], text: str) -> ColumnElement[bool]:
    if "%" not in text:
        return column == text
    plain = text.replace("%", "")
    if text.count("%") > _MOST_WILD or len(plain) < _LEAST_PLAIN:
        raise BadInput(
            f"a pattern has at most {_MOST_WILD} '%' and at least {_LEAST_PLAIN} other characters"
        )
    safe = text.replace(_ESCAPE, _ESCAPE * 2).replace("_", f"{_ESCAPE}_")
    return column.like(safe, escape=_ESCAPE)
