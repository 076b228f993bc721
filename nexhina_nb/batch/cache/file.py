"""The file of answers: made, brought up to date, opened, and set aside if it is damaged."""

from __future__ import annotations

import itertools
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from nexhina_nb.batch.cache import lots
from nexhina_nb.errors import StoreError

FILE_NAME = "answers.db"
_PAGE = 32_768  # bytes: five vectors of 1,536 numbers fit, whole, and little room is left over
_ROOM = 8_192  # KiB of pages in memory: what the names of one question are spread over
_KIND = int.from_bytes(b"nxan")  # written into the head of the file, at this place:
_KIND_AT = slice(68, 72)
_COLUMNS = "id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, value BLOB NOT NULL"
# A number as checksum says that there is none: the answer was kept by an earlier version, which
# may well use the file at the same time.
_SCHEMA = f"CREATE TABLE answers ({_COLUMNS}, checksum BLOB NOT NULL DEFAULT 0)"
_CHECKSUM = "ALTER TABLE answers ADD COLUMN checksum BLOB NOT NULL DEFAULT 0"
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
# Of these the disk, the rights or other processes are the cause, and not what is in the file.
_CIRCUMSTANCES = {
    sqlite3.SQLITE_PERM, sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM,
    sqlite3.SQLITE_INTERRUPT, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_AUTH,
}  # fmt: skip


def default_path(home: Path) -> Path:
    """Where answers are kept if nobody says otherwise."""
    return home / "cache" / FILE_NAME


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is open. ``identity`` tells it from one that may come in its place; ``aside`` is
    where a damaged one is now that was there before.
    """

    connection: sqlite3.Connection
    identity: int
    aside: Path | None


def open_file(path: Path, wait: float, *, damaged: int | None = None) -> Opened:
    """The file, made if need be; one that cannot be read is set aside, and a new one begun.

    ``damaged`` is the identity of a file that turned out to be so: if it is still in its place it
    is set aside. ``wait`` is in seconds. Raises StoreError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # Making a file suffers no company. Nor does setting one aside: another process may have
        # done so by now.
        with FileLock(f"{path}.lock", timeout=wait, mode=0o600):
            aside = _set_aside(path) if damaged == _identity(path) else None
            try:
                return Opened(_connect(path, wait), _identity(path), aside)
            except sqlite3.DatabaseError as error:
                if _code(error) in _CIRCUMSTANCES or not _is_ours(path):
                    raise
            aside = _set_aside(path)
            return Opened(_connect(path, wait), _identity(path), aside)
    except (OSError, sqlite3.Error) as error:
        raise unusable(path, error) from None


def unusable(path: Path, error: Exception) -> StoreError:
    """What is said of a file that cannot be used."""
    return StoreError(
        f"the answers of batches cannot be kept in {path}: {error}",
        hint="name another file with cache=, or go without: cache=False",
    )


def is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the error says that the file is damaged."""
    return _code(error) in _DAMAGE


def is_busy(error: sqlite3.DatabaseError) -> bool:
    """Whether the error says that another process was in the way."""
    return _code(error) == sqlite3.SQLITE_BUSY


def companions(path: Path) -> list[Path]:
    """The file, and those that SQLite keeps beside it."""
    return [path, *(path.with_name(path.name + ending) for ending in ("-wal", "-shm"))]


def _identity(path: Path) -> int:
    return path.stat().st_ino if path.exists() else 0


def _code(error: sqlite3.DatabaseError) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CANTOPEN) & 0xFF


def _connect(path: Path, wait: float) -> sqlite3.Connection:
    # SQLite gives its companion files the rights of the file itself. A file that is there is not
    # opened here: closing it again would drop all locks that this process has on it.
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, timeout=wait, isolation_level=None, check_same_thread=False)
    connection.text_factory = _text
    try:
        # Without a sync per answer: a killed process loses nothing, only a power cut might.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA cache_size = -{_ROOM}")
        _bring_up_to_date(connection)
        connection.execute("PRAGMA journal_mode = WAL")
    except BaseException:
        connection.close()
        raise
    return connection


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _bring_up_to_date(connection: sqlite3.Connection) -> None:
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    columns = {row[1] for row in connection.execute("PRAGMA table_info(answers)")}
    if tables and not columns >= {"id", "name", "value"}:
        raise _damage("it holds something else")
    if "checksum" in columns and lots.TABLE in tables:
        return
    if not tables:
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute(f"PRAGMA application_id = {_KIND}")
    connection.execute("BEGIN IMMEDIATE")
    if "checksum" not in columns:
        connection.execute(_CHECKSUM if tables else _SCHEMA)
    connection.execute(lots.SCHEMA)
    connection.execute("COMMIT")


def _damage(what: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error


def _is_ours(path: Path) -> bool:
    # Somebody may have named a file of another kind by mistake. Those of earlier versions are known
    # by their schema, which is on the first page.
    with path.open("rb") as file:
        head = file.read(_PAGE)
    is_of_kind = int.from_bytes(head[_KIND_AT]) == _KIND
    return path.name == FILE_NAME or is_of_kind or _COLUMNS.encode() in head


def _set_aside(path: Path) -> Path:
    for number in itertools.count(1):
        aside = path.with_name(f"{path.name}.damaged-{number}")
        if not aside.exists():
            break
    # With its companions: another process may still be using all three.
    for old, new in zip(companions(path), companions(aside), strict=True):
        if old.exists():
            old.replace(new)
    return aside
