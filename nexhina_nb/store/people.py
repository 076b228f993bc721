"""Users as people who come in by themselves: passwords, access tokens, who they are, and where
an administrator finds them. `people_changes` changes them.

Passwords are kept as scrypt hashes with a salt of their own, access tokens as SHA-256. Who was
deleted is nowhere to be found.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, or_, select, update

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.store.accounts import Account, hash_key
from nexhina_nb.store.tables import users
from nexhina_nb.store.terms import NEVER

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 20  # contract 1.5
_COST = {"n": 2**14, "r": 8, "p": 1}
_NOBODYS_SALT = "00" * 16
_LONGEST_ID = 10  # digits


@dataclass(frozen=True, slots=True)
class PeopleFilter:
    """Which users are wanted; what is empty or None does not narrow them.

    ``keyword`` is a part of a name or an address, in any case of letters, or a user's number.
    """

    keyword: str = ""
    group: str = ""
    role: int | None = None
    status: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The filter in SQL."""
        exact = {users.c.group: self.group or None, users.c.role: self.role}
        exact |= {users.c.status: self.status}
        found = [column == value for column, value in exact.items() if value is not None]
        return [*found, self._named()] if self.keyword else found

    def _named(self) -> ColumnElement[bool]:
        word = self.keyword
        texts = (users.c.username, users.c.display_name, users.c.email)
        found = [column.icontains(word, autoescape=True) for column in texts]
        if word.isascii() and word.isdecimal() and len(word) <= _LONGEST_ID:
            found.append(users.c.id == int(word))
        return or_(*found)


def hash_password(password: str, salt: str = "") -> str:
    """What the store keeps of a password: salt and hash. Raises BadInput for a bad length."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise BadInput(f"a password has {SHORTEST_PASSWORD} to {LONGEST_PASSWORD} characters")
    return _hashed(password, salt or secrets.token_hex(16))


def fits(password: str, password_hash: str) -> bool:
    """Whether it is the password; takes as long where there is none."""
    salt = password_hash.partition("$")[0] or _NOBODYS_SALT
    found = _hashed(password[: 4 * LONGEST_PASSWORD], salt)
    return hmac.compare_digest(found, password_hash) and bool(password_hash)


def seal_of(password_hash: str) -> str:
    """What changes with the password, and tells nothing of it."""
    return hash_key(password_hash)


def find_person(connection: Connection, user_id: int) -> tuple[Account, str] | None:
    """A user who comes without a key, and the seal of the password; None for one who is gone."""
    row = connection.execute(_ALIVE.where(users.c.id == user_id)).mappings().first()
    return (_person(row), seal_of(row["password_hash"])) if row else None


def find_by_access_token(connection: Connection, token: str) -> Account | None:
    """Whose access token it is."""
    found = _ALIVE.where(users.c.access_token_hash == hash_key(token))
    row = connection.execute(found).mappings().first()
    return _person(row) if row and token else None


def find_password(connection: Connection, username: str) -> tuple[int, str] | None:
    """The number of a user and the hash of the password, empty where there is none."""
    row = connection.execute(_ALIVE.where(users.c.username == username)).first()
    return (row.id, row.password_hash) if row else None


def show_person(connection: Connection, user_id: int) -> dict[str, Any]:
    """What may be shown of a user. Raises NotFound."""
    row = connection.execute(_SHOWN.where(users.c.id == user_id)).mappings().first()
    if row is None:
        raise NotFound(f"there is no user {user_id}")
    return dict(row)


def search_people(
    connection: Connection, wanted: PeopleFilter, *, offset: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """A page of users, the newest first, and how many there are in all."""
    found = _SHOWN.where(*wanted.conditions())
    page = found.order_by(users.c.id.desc()).offset(offset).limit(limit)
    total = connection.execute(select(func.count()).select_from(found.subquery())).scalar_one()
    return [dict(row) for row in connection.execute(page).mappings()], total


def renew_access_token(connection: Connection, user_id: int) -> str:
    """Make a user's access token (32 characters) anew; the one before it opens nothing more."""
    token = secrets.token_hex(16)
    connection.execute(
        update(users).where(users.c.id == user_id).values(access_token_hash=hash_key(token))
    )
    return token


_ALIVE = select(users).where(users.c.deleted_at == 0)
_SECRET = ("password_hash", "access_token_hash", "deleted_at")
_SHOWN = select(*(column for column in users.c if column.name not in _SECRET)).where(
    users.c.deleted_at == 0
)


def _hashed(password: str, salt: str) -> str:
    text = password.encode("utf-8", "surrogatepass")
    return f"{salt}${hashlib.scrypt(text, salt=bytes.fromhex(salt), **_COST).hex()}"


def _person(row: RowMapping) -> Account:
    return Account(
        token_id=0,
        token_name="",
        token_status=row["status"],
        expired_time=NEVER,
        remain_quota=0,
        token_used=0,
        unlimited_quota=True,
        models=None,
        user_id=row["id"],
        username=row["username"],
        user_status=row["status"],
        role=row["role"],
        group=row["group"],
        quota=row["quota"],
        user_group=row["group"],
        setting=row["setting"],
    )
