"""Rows of the log that are about no call: logins, what administrators did, money that came in."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert

from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.tables import logs
from nexhina_nb.wire.codes import LogType


def note(
    connection: Connection,
    kind: LogType,
    user_id: int,
    username: str,
    content: str,
    *,
    quota: int = 0,
    other: Mapping[str, Any] | None = None,
    request_id: str = "",
) -> None:
    """Write a row; nothing secret belongs in it."""
    row = LogRow(
        request_id, user_id, username, 0, "", "", kind, content=content, other=dict(other or {})
    )
    record = row.record(quota=quota, owed=quota, now=int(time.time()))
    connection.execute(insert(logs), [record])
