"""The keys that a gateway makes by itself: the administrator's, and that of its own notebooks."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings
from nexhina_nb.store.accounts import (
    ENABLED,
    Account,
    create_root_user,
    create_token,
    find_account,
    hash_key,
    list_tokens,
    root_user,
)
from nexhina_nb.store.db import Store
from nexhina_nb.store.terms import NEVER

NOTEBOOK_KEY_FILE = "notebook.key"
ADMIN_KEY_NAME = "admin"


def admin_key(store: Store, settings: Settings, *, shown: bool) -> Secret | None:
    """The administrator's key of a store that had none. One that nobody would be ``shown`` is not
    made: a later start makes it.
    """
    with store.writing() as connection:
        user_id = root_user(connection) or create_root_user(connection)
        mine = (row for row in list_tokens(connection) if row["user_id"] == user_id)
        if any(row["name"] == ADMIN_KEY_NAME for row in mine):
            return None
        if not (shown or settings.admin_key):
            return None
        key = settings.admin_key or None
        return create_token(connection, user_id, ADMIN_KEY_NAME, key=key, manages=True)[1]


def notebook_key(store: Store, home: Path) -> Secret:
    """The key that this machine's own notebooks use: kept in a file that only the owner can
    read.
    """
    path = home / NOTEBOOK_KEY_FILE
    with contextlib.suppress(OSError, UnicodeError), store.reading() as connection:
        key = path.read_text(encoding="ascii").strip()
        if key and _is_valid(find_account(connection, hash_key(key))):
            return Secret(key)
    with store.writing() as connection:
        user_id = root_user(connection) or create_root_user(connection)
        made = create_token(connection, user_id, "notebook")[1]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(made.reveal())
    return made


def _is_valid(account: Account | None) -> bool:
    """Whether a key exists and was neither revoked nor has run out of time."""
    if account is None or account.token_status != ENABLED:
        return False
    return account.expired_time == NEVER or account.expired_time >= time.time()
