"""Users and keys as a call needs them. A key is shown once, when it is made; the store keeps its
SHA-256.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import time
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.exc import IntegrityError

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.secret import Secret
from nexhina_nb.store.moves import allow, grant
from nexhina_nb.store.tables import tokens, users
from nexhina_nb.store.terms import MAX_QUOTA, Terms, names

ENABLED, DISABLED = 1, 2
ROLE_COMMON, ROLE_ADMIN, ROLE_ROOT = 1, 10, 100
ROOT_NAME = "root"
# Contract 7.8: the first administrator starts with 200 USD.
ROOT_QUOTA = 100_000_000

_ALPHABET = string.ascii_letters + string.digits
_KEY_LENGTH = 48


@dataclass(frozen=True, slots=True)
class Account:
    """A key and its user, as the gateway needs them for one call; see `terms.Terms`.

    ``models`` None: all of them. ``group`` is the key's own, or its user's ``user_group``.
    """

    token_id: int
    token_name: str
    token_status: int
    expired_time: int
    remain_quota: int
    token_used: int
    unlimited_quota: bool
    models: frozenset[str] | None
    user_id: int
    username: str
    user_status: int
    role: int
    group: str
    quota: int
    user_group: str = "default"
    cross_group_retry: bool = False
    allow_ips: tuple[str, ...] = ()
    budget: int = 0
    budget_period: str = ""
    budget_used: int = 0
    budget_since: int = 0
    rpm: int = 0
    tpm: int = 0
    parallel: int = 0
    queue_seconds: int = 0
    capture: bool = False
    manages: bool = False
    setting: str = ""

    def may_use(self, model: str) -> bool:
        """Whether the key is not limited to other models."""
        return self.models is None or model in self.models


def new_key() -> Secret:
    """A fresh key: ``sk-`` and 48 letters and digits (contract 1.9)."""
    return Secret("sk-" + "".join(secrets.choice(_ALPHABET) for _ in range(_KEY_LENGTH)))


def hash_key(key: str) -> str:
    """What the store keeps of a key. Keys are random, so a plain SHA-256 cannot be searched
    backwards.
    """
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def create_user(
    connection: Connection, username: str, *, quota: int = 0, role: int = ROLE_COMMON
) -> int:
    """Add a user with ``quota`` in the wallet; returns the id. A name that is taken is BadInput."""
    if not 0 < len(username) <= 64:
        raise BadInput("a name has 1 to 64 characters")
    if not 0 <= quota <= MAX_QUOTA:
        raise BadInput(f"an amount is between 0 and {MAX_QUOTA // 500_000} USD")
    row = {
        "username": username, "role": role, "status": ENABLED, "group": "default", "quota": 0,
        "used_quota": 0, "request_count": 0, "created_at": int(time.time()),
    }  # fmt: skip
    try:
        user_id: int = connection.execute(
            insert(users).values(row).returning(users.c.id)
        ).scalar_one()
    except IntegrityError:
        raise BadInput(
            f"there is already a user {username!r}", hint="choose another name"
        ) from None
    if quota:
        grant(connection, user_id, quota, f"first grant of user {user_id}")
    return user_id


def create_token(
    connection: Connection,
    user_id: int,
    name: str,
    *,
    key: Secret | None = None,
    terms: Terms | None = None,
    **more: Any,
) -> tuple[int, Secret]:
    """Add a key to a user; returns its id and the key, which is not to be had again.

    ``more`` are terms by name. Raises BadInput for terms that make no sense.
    """
    terms = replace(terms or Terms(), **more)
    key = key or new_key()
    text = key.reveal()
    row = {
        "user_id": user_id, "name": name[:64], "key_hash": hash_key(text),
        "key_hint": hint_of(text), "status": ENABLED, "created_time": int(time.time()),
        "remain_quota": 0, "used_quota": 0,
    } | terms.row()  # fmt: skip
    try:
        token_id: int = connection.execute(
            insert(tokens).values(row).returning(tokens.c.id)
        ).scalar_one()
    except IntegrityError:
        raise BadInput("that key is in use already") from None
    if terms.remain_quota:
        allow(connection, token_id, terms.remain_quota)
    return token_id, key


def find_account(connection: Connection, key_hash: str) -> Account | None:
    """The key of that hash with its user, or None."""
    statement = (
        select(tokens, users.c.username, users.c.role, users.c.quota, users.c.setting)
        .add_columns(users.c.status.label("user_status"), users.c.group.label("user_group"))
        .join(users, users.c.id == tokens.c.user_id)
        .where(tokens.c.key_hash == key_hash, tokens.c.deleted_at == 0, users.c.deleted_at == 0)
    )
    row = connection.execute(statement).mappings().first()
    return _account(row) if row else None


def _account(row: RowMapping) -> Account:
    return Account(
        token_id=row["id"],
        token_name=row["name"],
        token_status=row["status"],
        expired_time=row["expired_time"],
        remain_quota=row["remain_quota"],
        token_used=row["used_quota"],
        unlimited_quota=row["unlimited_quota"],
        models=frozenset(names(row["model_limits"])) if row["model_limits_enabled"] else None,
        user_id=row["user_id"],
        username=row["username"],
        user_status=row["user_status"],
        role=row["role"],
        group=row["group"] or row["user_group"],
        quota=row["quota"],
        allow_ips=tuple(row["allow_ips"].split()),
        **{name: row[name] for name in _SAME},
    )


_SAME = (
    "user_group", "cross_group_retry", "budget", "budget_period", "budget_used", "budget_since",
    "rpm", "tpm", "parallel", "queue_seconds", "capture", "manages", "setting",
)  # fmt: skip


def list_tokens(connection: Connection) -> list[dict[str, Any]]:
    """Every key, masked, with what its wallet holds."""
    statement = (
        select(tokens, users.c.username, users.c.quota)
        .join(users, users.c.id == tokens.c.user_id)
        .where(tokens.c.deleted_at == 0)
        .order_by(tokens.c.id)
    )
    rows = (dict(row) for row in connection.execute(statement).mappings())
    return [{k: v for k, v in row.items() if k != "key_hash"} for row in rows]


def revoke_token(connection: Connection, token_id: int) -> None:
    """Disable a key; NotFound if there is none of that id."""
    done = connection.execute(
        update(tokens)
        .where(tokens.c.id == token_id, tokens.c.deleted_at == 0)
        .values(status=DISABLED)
    )
    if not done.rowcount:
        raise NotFound(f"there is no key {token_id}", hint="`nexhina keys list` shows them")


def root_user(connection: Connection) -> int | None:
    """The id of the first administrator, None in a new store."""
    user_id: int | None = connection.scalar(
        select(users.c.id).where(users.c.role == ROLE_ROOT).order_by(users.c.id).limit(1)
    )
    return user_id


def create_root_user(connection: Connection) -> int:
    """Make the first administrator of a new store; returns the id."""
    return create_user(connection, ROOT_NAME, quota=ROOT_QUOTA, role=ROLE_ROOT)


def hint_of(key: str) -> str:
    """How a key is shown in lists (contract 1.9)."""
    body = key.removeprefix("sk-")
    return f"{body[:4]}**********{body[-4:]}" if len(body) >= 24 else "**********"
