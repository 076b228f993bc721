"""Keys as their owners handle them: lists, changes, deletion (contract 7.3 and 5.6).

Wherever a key is shown here it is masked; `create_key` alone gives it whole.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, and_, func, or_, select, update

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.secret import Secret
from nexhina_nb.store.accounts import DISABLED, ENABLED, create_token, hash_key
from nexhina_nb.store.moves import allow
from nexhina_nb.store.periods import start_of
from nexhina_nb.store.tables import entries, tokens
from nexhina_nb.store.terms import NEVER, Terms

# Contract 1.9. Only the first two are stored: the others follow from the key's date and quota.
EXPIRED, EXHAUSTED = 3, 4
MOST_KEYS = 1000
_HIDDEN = ("key_hash", "deleted_at")
_COLUMNS = [column for column in tokens.c if column.name not in _HIDDEN]


def create_key(connection: Connection, user_id: int, name: str, terms: Terms) -> tuple[int, Secret]:
    """Add a key to a user who has fewer than 1000; gives its id and the key, which is not to be
    had again. Raises BadInput.
    """
    owned = select(func.count()).select_from(tokens).where(*_alive(user_id))
    if (connection.scalar(owned) or 0) >= MOST_KEYS:
        raise BadInput(f"a user has at most {MOST_KEYS} keys", hint="delete some first")
    return create_token(connection, user_id, name, terms=terms)


def list_keys(
    connection: Connection,
    user_id: int | None,
    *,
    name: str = "",
    key: str = "",
    offset: int = 0,
    limit: int | None = None,
) -> tuple[list[dict[str, Any]], int]:
    """Keys of a user (None: of everybody), masked, newest first, and how many there are.

    ``name`` is a part of the name; ``key`` is a whole key, or a part of what is shown of it.
    """
    wanted = and_(*_alive(user_id))
    if name:
        wanted = and_(wanted, tokens.c.name.contains(name, autoescape=True))
    if key:
        whole = tokens.c.key_hash == hash_key(f"sk-{key.removeprefix('sk-')}")
        wanted = and_(wanted, or_(whole, tokens.c.key_hint.contains(key, autoescape=True)))
    total = connection.scalar(select(func.count()).select_from(tokens).where(wanted))
    statement = select(*_COLUMNS).where(wanted).order_by(tokens.c.id.desc())
    rows = connection.execute(statement.offset(offset).limit(limit)).mappings()
    now = int(time.time())
    return [_shown(row, now) for row in rows], int(total or 0)


def find_key(connection: Connection, user_id: int | None, key_id: int) -> dict[str, Any]:
    """One key of a user (None: of anybody), masked; `terms.terms_of` reads it too. Raises
    NotFound.
    """
    statement = select(*_COLUMNS).where(tokens.c.id == key_id, *_alive(user_id))
    row = connection.execute(statement).mappings().first()
    if row is None:
        raise NotFound(f"there is no key {key_id}")
    return _shown(row, int(time.time()))


def edit_key(
    connection: Connection,
    key_id: int,
    terms: Terms,
    *,
    name: str | None = None,
    status: int | None = None,
    now: int | None = None,
) -> dict[str, Any]:
    """Give a key other terms, and a name or a status; the key, masked.

    It can only be switched on where it could be used then. A budget of another period counts what
    was spent in that one already. Raises NotFound or BadInput.
    """
    statement = select(tokens).where(tokens.c.id == key_id, *_alive(None)).with_for_update()
    before = connection.execute(statement).mappings().first()
    if before is None:
        raise NotFound(f"there is no key {key_id}")
    now = int(time.time()) if now is None else now
    if terms.remain_quota is not None:
        allow(connection, key_id, terms.remain_quota)
    changes = terms.row()
    if terms.budget_period != before["budget_period"]:
        changes |= _counted(connection, key_id, terms.budget_period, now)
    if name is not None:
        changes["name"] = name[:64]
    if status is not None:
        _check_status(status, terms, now)
        changes["status"] = status
    connection.execute(update(tokens).where(tokens.c.id == key_id).values(changes))
    return find_key(connection, None, key_id)


def delete_keys(connection: Connection, user_id: int | None, ids: Sequence[int]) -> int:
    """Delete keys of a user (None: of anybody), how many; the ledger keeps what they spent."""
    done = connection.execute(
        update(tokens)
        .where(tokens.c.id.in_(ids), *_alive(user_id))
        .values(deleted_at=int(time.time()))
    )
    return int(done.rowcount)


def _alive(user_id: int | None) -> list[ColumnElement[bool]]:
    alive = tokens.c.deleted_at == 0
    return [alive] if user_id is None else [alive, tokens.c.user_id == user_id]


def _counted(connection: Connection, key_id: int, period: str, now: int) -> dict[str, int]:
    """Since when a budget of a new period counts, and what was spent of it by now.

    Where the clock was set back, it counts in the period of the newest charge: it must not begin
    anew, later, at a moment that charges come after.
    """
    if not period:
        return {"budget_since": 0, "budget_used": 0}
    charged = and_(entries.c.token_id == key_id, entries.c.kind == "charge")
    newest = connection.scalar(select(func.max(entries.c.created_at)).where(charged))
    since = start_of(period, max(now, newest or 0))
    counted = select(entries.c.request_id).where(charged, entries.c.created_at >= since)
    total = select(func.sum(-entries.c.amount)).where(
        entries.c.token_id == key_id,
        entries.c.kind.in_(("charge", "refund")),
        entries.c.request_id.in_(counted),
    )
    return {"budget_since": since, "budget_used": int(connection.scalar(total) or 0)}


def _check_status(status: int, terms: Terms, now: int) -> None:
    if status not in (ENABLED, DISABLED):
        raise BadInput("a key is on (1) or off (2)")
    if status == DISABLED:
        return
    if terms.expired_time != NEVER and terms.expired_time <= now:
        raise BadInput("the key has expired", hint="give it a later date first")
    if terms.remain_quota == 0:
        raise BadInput("the key has no quota left", hint="give it quota first")


def _shown(row: RowMapping, now: int) -> dict[str, Any]:
    """A row in the form of contract 1.9, as it is now and not as it was last written."""
    shown = {"key" if name == "key_hint" else name: value for name, value in row.items()}
    shown["status"] = _status(row, now)
    if (period := row["budget_period"]) and start_of(period, now) > row["budget_since"]:
        shown["budget_used"] = 0
    return shown


def _status(row: RowMapping, now: int) -> int:
    if row["status"] == ENABLED and row["expired_time"] != NEVER and row["expired_time"] <= now:
        return EXPIRED
    if row["status"] == ENABLED and not row["unlimited_quota"] and row["remain_quota"] <= 0:
        return EXHAUSTED
    return int(row["status"])
