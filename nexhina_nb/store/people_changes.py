"""What is changed about users: by an administrator, who may change only those below him, and by
themselves.

The root user may change everybody, and can be neither disabled, deleted nor demoted.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection, RowMapping, select, update
from sqlalchemy.exc import IntegrityError

from nexhina_nb.errors import BadInput, NotFound, PermissionDenied
from nexhina_nb.pricing.cost import usd
from nexhina_nb.store.accounts import (
    DISABLED,
    ENABLED,
    ROLE_ADMIN,
    ROLE_COMMON,
    ROLE_ROOT,
    Account,
    create_user,
)
from nexhina_nb.store.groups import list_groups
from nexhina_nb.store.moves import move
from nexhina_nb.store.notes import note
from nexhina_nb.store.options import list_options
from nexhina_nb.store.tables import tokens, users
from nexhina_nb.wire.codes import LogType

LONGEST_NAME = 20  # contract 1.5
_LONGEST_STORED = 64
_MARK = "~"  # stands before the number in the name of a deleted user, and in no other

# Mode → what comes in, given what is there and the value.
MODES: Mapping[str, Callable[[int, int], int]] = {
    "add": lambda _, value: value,
    "subtract": lambda _, value: -value,
    "override": lambda quota, value: value - quota,
}


def create_person(
    connection: Connection,
    actor: Account,
    username: str,
    password_hash: str,
    *,
    display_name: str = "",
    role: int = ROLE_COMMON,
) -> int:
    """Add a user who can log in, with what the option QuotaForNewUser gives; returns the id.

    Raises BadInput for a name that is taken, PermissionDenied for a role not below the actor's.
    """
    _check_name(username)
    if role not in (ROLE_COMMON, ROLE_ADMIN):
        raise BadInput(f"'role' must be {ROLE_COMMON} (common) or {ROLE_ADMIN} (administrator)")
    if role >= actor.role:
        raise PermissionDenied("the role of a new user must be below yours")
    quota = int(list_options(connection)["QuotaForNewUser"])
    user_id = create_user(connection, username, quota=quota, role=role)
    _set(connection, user_id, password_hash=password_hash, display_name=display_name or username)
    return user_id


def change_person(
    connection: Connection, actor: Account, user_id: int, changes: Mapping[str, Any]
) -> None:
    """Change columns of a user below the actor; what is None stays as it is.

    Raises NotFound, PermissionDenied, or BadInput for a name that is taken or an unknown group.
    """
    row = _below(connection, actor, user_id)
    group = changes.get("group")
    if group not in (None, row["group"]) and group not in list_groups(connection):
        raise BadInput(f"there is no group {group!r}", hint="make it first, or use 'default'")
    _change(connection, row, changes)


def change_self(connection: Connection, user_id: int, changes: Mapping[str, Any]) -> None:
    """Change columns of a user who asks for it; what is None stays. Raises BadInput."""
    _change(connection, _alive(connection, user_id), changes)


def change_setting(connection: Connection, user_id: int, values: Mapping[str, Any]) -> None:
    """Put values into what a user has set (`preferences`); what is None stays as it is."""
    row = _alive(connection, user_id)
    try:
        kept = json.loads(row["setting"] or "{}")
    except ValueError:
        kept = {}
    given = {name: value for name, value in values.items() if value is not None}
    _set(connection, user_id, setting=json.dumps((kept if isinstance(kept, dict) else {}) | given))


def enable(connection: Connection, actor: Account, user_id: int) -> None:
    """Let a user in again."""
    _below(connection, actor, user_id)
    _set(connection, user_id, status=ENABLED)


def disable(connection: Connection, actor: Account, user_id: int) -> None:
    """Shut a user out, with all his keys."""
    _keep_root(_below(connection, actor, user_id))
    _set(connection, user_id, status=DISABLED)


def promote(connection: Connection, actor: Account, user_id: int) -> None:
    """Make a user an administrator; only the root user stands above those."""
    row = _below(connection, actor, user_id)
    if actor.role <= ROLE_ADMIN:
        raise PermissionDenied("only the root user makes administrators")
    if row["role"] >= ROLE_ADMIN:
        raise BadInput("this user is an administrator already")
    _set(connection, user_id, role=ROLE_ADMIN)


def demote(connection: Connection, actor: Account, user_id: int) -> None:
    """Make an administrator a common user."""
    row = _below(connection, actor, user_id)
    _keep_root(row)
    if row["role"] < ROLE_ADMIN:
        raise BadInput("this user is no administrator")
    _set(connection, user_id, role=ROLE_COMMON)


def delete(connection: Connection, actor: Account, user_id: int) -> None:
    """Delete a user below the actor, see `delete_self`."""
    _below(connection, actor, user_id)
    delete_self(connection, user_id)


def delete_self(connection: Connection, user_id: int) -> None:
    """Delete a user with his keys. The rows stay, since the ledger speaks of them, but nothing
    shows or opens anything any more, and the name is free.
    """
    row = _alive(connection, user_id)
    _keep_root(row)
    now, suffix = int(time.time()), f"{_MARK}{user_id}"
    name = row["username"][: _LONGEST_STORED - len(suffix)] + suffix
    gone = {"username": name, "deleted_at": now, "status": DISABLED}
    _set(connection, user_id, **gone, password_hash="", access_token_hash="")
    connection.execute(
        update(tokens)
        .where(tokens.c.user_id == user_id, tokens.c.deleted_at == 0)
        .values(deleted_at=now)
    )


def change_quota(
    connection: Connection, actor: Account, user_id: int, mode: str, value: int
) -> None:
    """Add to a wallet (quota), subtract from it, or set it (`MODES`); its user's log says so.

    Raises BadInput where it would hold less than nothing or too much.
    """
    row = _below(connection, actor, user_id)
    amount = MODES[mode](row["quota"], value)
    if not amount:
        return
    move(connection, user_id, amount, "grant" if amount > 0 else "withdraw")
    kind = LogType.TOP_UP if amount > 0 else LogType.MANAGE
    done = "put into" if amount > 0 else "taken out of"
    text = f"{usd(abs(amount)):f} USD were {done} the wallet by an administrator"
    note(connection, kind, user_id, row["username"], text, quota=amount)


def enter_login(connection: Connection, user_id: int, request_id: str = "") -> None:
    """Write down that a user has just logged in."""
    row = _alive(connection, user_id)
    _set(connection, user_id, last_login_at=int(time.time()))
    note(connection, LogType.LOGIN, user_id, row["username"], "logged in", request_id=request_id)


def _alive(connection: Connection, user_id: int) -> RowMapping:
    wanted = select(users).where(users.c.id == user_id, users.c.deleted_at == 0)
    row = connection.execute(wanted.with_for_update()).mappings().first()
    if row is None:
        raise NotFound(f"there is no user {user_id}")
    return row


def _below(connection: Connection, actor: Account, user_id: int) -> RowMapping:
    row = _alive(connection, user_id)
    if row["role"] >= actor.role and actor.role < ROLE_ROOT:
        raise PermissionDenied("the role of this user is not below yours")
    return row


def _keep_root(row: RowMapping) -> None:
    if row["role"] >= ROLE_ROOT:
        raise BadInput("the root user can be neither disabled, deleted nor demoted")


def _change(connection: Connection, row: RowMapping, changes: Mapping[str, Any]) -> None:
    changed = {name: value for name, value in changes.items() if value not in (None, row[name])}
    if "username" in changed:
        _check_name(changed["username"])
    if "password_hash" in changed:
        changed["access_token_hash"] = ""  # whoever made it knew the old password
    if changed:
        _set(connection, row["id"], **changed)


def _set(connection: Connection, user_id: int, **columns: Any) -> None:
    try:
        connection.execute(update(users).where(users.c.id == user_id).values(columns))
    except IntegrityError:
        name = columns.get("username")
        raise BadInput(f"there is already a user {name!r}", hint="choose another name") from None


def _check_name(name: str) -> None:
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadInput(f"'username' has 1 to {LONGEST_NAME} characters")
    if name != name.strip() or not name.isprintable() or _MARK in name:
        raise BadInput(f"'username' must be plain text without {_MARK!r}, no spaces around it")
