"""Codes that turn into quota once (contract 5.7): for a wallet, or for a key of one's own.

A code is shown once, when it is made; the store keeps its SHA-256.
"""

from __future__ import annotations

import secrets
import string
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.secret import Secret
from nexhina_nb.store.accounts import create_token, create_user, hash_key, hint_of
from nexhina_nb.store.moves import move
from nexhina_nb.store.notes import note
from nexhina_nb.store.tables import redemptions, users
from nexhina_nb.store.terms import Terms, from_json
from nexhina_nb.wire.codes import LogType

USABLE, DISABLED, USED = 1, 2, 3
_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 32
_LARGEST = 2**31 - 1
_COLUMNS = [column for column in redemptions.c if column.name not in ("key_hash", "terms")]


@dataclass(frozen=True, slots=True)
class NewCode:
    """A code that has just been made; ``code`` is not to be had again."""

    id: int
    code: Secret
    holder: str = ""


def create_codes(
    connection: Connection,
    creator: int,
    name: str,
    quota: int,
    *,
    count: int = 1,
    holders: Sequence[str] = (),
    expired_time: int = 0,
    terms: Terms | None = None,
) -> list[NewCode]:
    """Make codes of the same batch and value (quota), one for each of the ``holders`` or ``count``.

    ``terms`` are those of the key that a code is turned into. Raises BadInput.
    """
    if not 0 < len(name) <= 64:
        raise BadInput("a batch of codes has a name of 1 to 64 characters")
    if not 0 < quota <= _LARGEST:
        raise BadInput(f"a code is worth more than nothing, and at most {_LARGEST // 500_000} USD")
    if expired_time and expired_time < time.time():
        raise BadInput("the codes would have expired already")
    made = []
    for holder in holders or [""] * count:
        text = "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        row = {
            "user_id": creator, "name": name, "holder": holder[:64], "key_hash": hash_key(text),
            "key_hint": hint_of(text), "status": USABLE, "quota": quota,
            "created_time": int(time.time()), "redeemed_time": 0, "used_user_id": 0,
            "expired_time": expired_time, "terms": (terms or Terms()).to_json(),
        }  # fmt: skip
        number = connection.execute(
            insert(redemptions).values(row).returning(redemptions.c.id)
        ).scalar_one()
        made.append(NewCode(number, Secret(text), holder))
    return made


def redeem(connection: Connection, code: str, user_id: int) -> int:
    """Put what a code is worth into a user's wallet; returns the quota.

    A code that is made out to somebody, or has terms, becomes a key only: `open_with_code`. Raises
    BadInput, with one text for whatever is wrong with the code.
    """
    row = _usable(connection, code)
    if row.holder or row.terms not in ("", "{}"):
        raise BadInput(
            "this code is for a key of its own", hint="%nexhina redeem turns it into one"
        )
    return int(_take(connection, code, user_id).quota)


def open_with_code(connection: Connection, code: str, name: str = "") -> tuple[int, Secret, int]:
    """Turn a code into a key of a new user, who has what the code is worth.

    Gives the key's id, the key, which is not to be had again, and the quota. The user is called
    as the code says, else ``name``. Raises BadInput as `redeem` does.
    """
    row = _usable(connection, code)
    user_id = create_user(connection, _free_name(connection, row.holder or name or row.name))
    _take(connection, code, user_id)
    terms = from_json(row.terms)
    token_id, key = create_token(connection, user_id, row.holder or name or row.name, terms=terms)
    if terms.group:
        connection.execute(update(users).where(users.c.id == user_id).values(group=terms.group))
    return token_id, key, int(row.quota)


def list_codes(
    connection: Connection,
    *,
    keyword: str = "",
    status: str = "",
    offset: int = 0,
    limit: int | None = None,
) -> tuple[list[dict[str, Any]], int]:
    """Codes, masked, newest first, and how many there are; ``keyword`` is an id or begins a name,
    ``status`` is 1, 2, 3 or "expired".
    """
    wanted = and_(*_conditions(keyword, status))
    total = connection.scalar(select(func.count()).select_from(redemptions).where(wanted))
    statement = select(*_COLUMNS).where(wanted).order_by(redemptions.c.id.desc())
    rows = connection.execute(statement.offset(offset).limit(limit)).mappings()
    return [_shown(dict(row)) for row in rows], int(total or 0)


def find_code(connection: Connection, code_id: int) -> dict[str, Any]:
    """One code, masked. Raises NotFound."""
    row = (
        connection.execute(select(*_COLUMNS).where(redemptions.c.id == code_id)).mappings().first()
    )
    if row is None:
        raise _unknown(code_id)
    return _shown(dict(row))


def change_code(
    connection: Connection,
    code_id: int,
    *,
    name: str | None = None,
    quota: int | None = None,
    expired_time: int | None = None,
    status: int | None = None,
) -> dict[str, Any]:
    """Change a code that nobody has used. Raises NotFound or BadInput."""
    found = find_code(connection, code_id)
    if found["status"] == USED:
        raise BadInput("the code has been used: nothing about it can be changed any more")
    if status not in (None, USABLE, DISABLED):
        raise BadInput("a code is on (1) or off (2)")
    if name is not None and not 0 < len(name) <= 64:
        raise BadInput("a batch of codes has a name of 1 to 64 characters")
    if quota is not None and not 0 < quota <= _LARGEST:
        raise BadInput("a code is worth more than nothing")
    given = {"name": name, "quota": quota, "expired_time": expired_time, "status": status}
    changes = {column: value for column, value in given.items() if value is not None}
    if changes:
        connection.execute(
            update(redemptions)
            .where(redemptions.c.id == code_id, redemptions.c.status != USED)
            .values(changes)
        )
    return find_code(connection, code_id)


def delete_code(connection: Connection, code_id: int) -> None:
    """Forget a code; one that was used is switched off for good, since the ledger names it."""
    found = find_code(connection, code_id)
    if found["status"] == USED:
        raise BadInput("the code has been used: the ledger names it")
    connection.execute(delete(redemptions).where(redemptions.c.id == code_id))


def delete_unusable(connection: Connection) -> int:
    """Forget codes that are off or have expired; how many. Used ones stay, as the ledger's
    evidence.
    """
    gone = or_(redemptions.c.status == DISABLED, _expired())
    done = connection.execute(delete(redemptions).where(redemptions.c.status != USED, gone))
    return int(done.rowcount)


def _conditions(keyword: str, status: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [redemptions.c.id > 0]
    if keyword:
        begins = redemptions.c.name.startswith(keyword, autoescape=True)
        is_id = keyword.isascii() and keyword.isdecimal() and len(keyword) < 10
        found.append(or_(begins, redemptions.c.id == int(keyword)) if is_id else begins)
    if status == "expired":
        found.append(and_(redemptions.c.status == USABLE, _expired()))
    elif status:
        number = int(status) if status in ("1", "2", "3") else 0
        found.append(redemptions.c.status == number)
    return found


def _expired() -> ColumnElement[bool]:
    return and_(redemptions.c.expired_time != 0, redemptions.c.expired_time < int(time.time()))


def _usable(connection: Connection, code: str) -> Row[Any]:
    """The row of a code that can be used, locked."""
    wanted = redemptions.c.key_hash == hash_key(code.strip())
    row = connection.execute(select(redemptions).where(wanted).with_for_update()).first()
    if row is None or row.status != USABLE or (row.expired_time and row.expired_time < time.time()):
        raise BadInput("the code is not valid", hint="it is unknown, used, switched off or expired")
    return row


def _take(connection: Connection, code: str, user_id: int) -> Row[Any]:
    row = _usable(connection, code)
    done = connection.execute(
        update(redemptions)
        .where(redemptions.c.id == row.id, redemptions.c.status == USABLE)
        .values(status=USED, redeemed_time=int(time.time()), used_user_id=user_id)
    )
    if not done.rowcount:
        raise BadInput("the code is not valid")
    move(connection, user_id, row.quota, "redeem", f"code {row.id}")
    username = connection.scalar(select(users.c.username).where(users.c.id == user_id))
    note(
        connection, LogType.TOP_UP, user_id, str(username), f"code {row.id} redeemed",
        quota=row.quota,
    )  # fmt: skip
    return row


def _free_name(connection: Connection, wish: str) -> str:
    """A user's name that is not taken: as wished, or with a number."""
    name, number = wish[:48], 1
    while connection.scalar(select(users.c.id).where(users.c.username == name)) is not None:
        number += 1
        name = f"{wish[:48]}-{number}"
    return name


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    return {"key" if name == "key_hint" else name: value for name, value in row.items()}


def _unknown(code_id: int) -> NotFound:
    return NotFound(f"there is no code {code_id}")
