"""Opening the database: SQLite (write-ahead log) by default, anything else by its SQLAlchemy
URL.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from nexhina_nb.errors import ConfigError, MissingDependency, StoreError
from nexhina_nb.store.migrations import migrate

FILE_NAME = "nexhina.db"
# How long a server may be silent until it counts as away (seconds; the last in milliseconds). What
# the URL itself says goes before it.
_LIBPQ = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,
}


def default_url(home: Path) -> str:
    """The store of a home folder."""
    return f"sqlite:///{home / FILE_NAME}"


class Store:
    """One open database. `reading` and `writing` give a connection inside a transaction.

    Raises StoreError where the database fails; nothing of a transaction that failed is kept.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(nexhina_write=True)

    @property
    def url(self) -> str:
        """Where it is, without a password."""
        return self.engine.url.render_as_string(hide_password=True)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection for queries."""
        with own_errors(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection that is the only writer until the block ends, and commits then."""
        with own_errors(), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def is_missing(url: str) -> bool:
    """Whether opening the store would create its file."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        return False
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        return False
    return not Path(parsed.database).is_file()


def open_store(url: str) -> Store:
    """Open (or create) the store at an SQLAlchemy URL and bring its tables up to date."""
    store = Store(engine_for(url))
    try:
        with store.writing() as connection:
            migrate(connection)
    except StoreError:
        store.close()
        raise
    return store


def engine_for(url: str) -> Engine:
    """An engine that begins transactions as `Store` needs them; ConfigError for a bad URL."""
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            options = _LIBPQ if parsed.get_driver_name().startswith("psycopg") else {}
            own = {name: value for name, value in options.items() if name not in parsed.query}
            return create_engine(parsed, connect_args=own, pool_pre_ping=True, hide_parameters=True)
        if parsed.database and parsed.database != ":memory:":
            _private_file(Path(parsed.database))
        # The values of a statement that failed are who spent what: not for a log.
        engine = create_engine(parsed, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError) as error:
        raise ConfigError(
            f"the store's URL is not understood: {error}",
            hint="for example sqlite:///file.db or postgresql+psycopg://user@host/name",
        ) from None
    except ModuleNotFoundError as error:
        raise MissingDependency(error.name or "a database driver", "postgres") from None
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _private_file(path: Path) -> None:
    """Create the file so that only its owner can read it: it holds who spent what."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreError(
            f"the store {path} cannot be opened: {error.strerror}",
            hint="choose another place with --store or NEXHINA_HOME",
        ) from None


def _on_connect(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = (
        None  # transactions are begun below, not by the driver's guess
    )
    cursor = dbapi_connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    # A commit survives the end of the process at any instant; only a power cut can take the last
    # ones back.
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.execute("PRAGMA busy_timeout=5000")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    # A transaction that will write takes its turn at the start: upgrading a read lock later can
    # fail at once.
    write = connection.get_execution_options().get("nexhina_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


@contextmanager
def own_errors() -> Iterator[None]:
    """Whatever the database library raises is a StoreError."""
    try:
        yield
    except SQLAlchemyError as error:
        reason = getattr(error, "orig", None) or error
        raise StoreError(
            f"the store failed: {reason}", hint="`nexhina doctor` checks the file and its folder"
        ) from error
