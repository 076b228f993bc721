"""One gateway a store: what is held for running calls lives in the memory of the one that owns it.

A file is owned by a lock beside it, a PostgreSQL database by a lock of a session in it. Both end
with their process, however it ends.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout
from sqlalchemy import URL, Connection, Engine, func, select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from nexhina_nb import discovery
from nexhina_nb.errors import ConfigError
from nexhina_nb.store.db import engine_for, own_errors

# The number of the lock: any 63 bits, always the same, that nobody else is likely to choose.
_NUMBER = int.from_bytes(hashlib.sha256(b"nexhina gateway").digest()[:8], "big") >> 1
_LOOK_SECONDS = 1.0  # between two looks at whether the session is still there
# The server needs a moment to notice that a process has died which owned the database.
_TRIES, _TRY_SECONDS = 10, 0.2
log = logging.getLogger("nexhina.store")


@contextlib.contextmanager
def owning(url: str) -> Iterator[None]:
    """Own the store at an SQLAlchemy URL until the block ends; ConfigError if it is taken.

    Of a database that is neither SQLite nor PostgreSQL, and of one in memory, nothing is known.
    """
    try:
        parsed = make_url(url)
    except ArgumentError:
        yield  # opening the store says better what is wrong with it
        return
    backend = parsed.get_backend_name()
    if backend == "sqlite" and parsed.database not in (None, "", ":memory:"):
        with _owning_file(Path(str(parsed.database))):
            yield
    elif backend == "postgresql":
        with _owning_database(parsed):
            yield
    else:
        yield


@contextlib.contextmanager
def _owning_file(database: Path) -> Iterator[None]:
    try:
        database.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = FileLock(f"{database}.lock", timeout=0)
        lock.acquire()
    except Timeout:
        raise _refusal(str(database)) from None
    except OSError as error:
        raise discovery.unusable(database.parent, error) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def _owning_database(url: URL) -> Iterator[None]:
    """A server that was away has forgotten its sessions: the lock is taken again as it is back."""
    engine = engine_for(url.render_as_string(hide_password=False))
    session = _Session(engine)
    ended = threading.Event()
    try:
        with own_errors():
            if not _taken_soon(session):
                raise _refusal(url.render_as_string())
        keeper = threading.Thread(
            target=_keep, args=(session, ended), name="nexhina-owner", daemon=True
        )
        keeper.start()
        try:
            yield
        finally:
            ended.set()
            keeper.join()
    finally:
        session.leave()
        engine.dispose()


class _Session:
    """A connection of its own, with the lock that lives as long as it does."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Whether the lock is ours now. Raises SQLAlchemyError while the server is away."""
        connection = self._engine.connect()
        if connection.scalar(select(func.pg_try_advisory_lock(_NUMBER))):
            self._connection = connection
            return True
        connection.close()
        return False

    def is_there(self) -> bool:
        """Whether the server still knows the session."""
        if self._connection is None:
            return False
        try:
            self._connection.scalar(select(1))
        except SQLAlchemyError:
            self.leave()
        return self._connection is not None

    def leave(self) -> None:
        """End the session; the lock ends with it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()  # else the lock would go back to the pool with it
            connection.close()


def _taken_soon(session: _Session) -> bool:
    for _ in range(_TRIES):
        if session.take():
            return True
        time.sleep(_TRY_SECONDS)
    return False


def _keep(session: _Session, ended: threading.Event) -> None:
    is_said = False
    while not ended.wait(_LOOK_SECONDS):
        if session.is_there():
            continue
        with contextlib.suppress(SQLAlchemyError):
            if not session.take() and not is_said:
                is_said = True
                log.error("another gateway has taken the store while the database was away")


def _refusal(place: str) -> ConfigError:
    return ConfigError(
        f"{discovery.TAKEN} {place}", hint="use that one, or give this one its own --store"
    )
