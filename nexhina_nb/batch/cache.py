"""Answers on disk, by the name that `address` gives them: what was paid for once is not asked for
again, in whatever kernel and after whatever end of the last one.

One SQLite file in WAL mode: several processes may use it at once, and what `put` has returned from
is there after the process is killed. Only its owner can read it, since it tells what was asked.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Self, TypeVar

from filelock import FileLock

from nexhina_nb.errors import StoreError

FILE_NAME = "answers.db"
_AT_ONCE = 500  # names in one question
_PAGE = 16_384  # bytes: two vectors of 1,536 numbers fit, whole
_WAIT = 30.0  # seconds for another process that is writing
_MAGIC = b"SQLite format 3"
_DAMAGE = {11, 26}  # SQLITE_CORRUPT, SQLITE_NOTADB
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS answers (
        id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, value BLOB NOT NULL
    )
"""
T = TypeVar("T")


class Cache:
    """An open file of answers, of at most ``limit`` bytes: the oldest go first. Use it in one
    thread at a time.

    A damaged file is set aside and a new one begun. When nothing can be written any more (a full
    disk, say), ``fault`` says why, and the answers that come are not kept.
    """

    def __init__(self, path: Path, limit: int) -> None:
        self.path, self.limit = path, limit
        self.fault = ""
        self._connection = self._open()

    def find(self, names: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        """The answers that are known: the place of each name, and its answer."""
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            try:
                found = self._on_sound_file(partial(self._find, some))
            except sqlite3.Error as error:
                raise _unusable(self.path, error) from None
            yield from ((start + at, found[name]) for at, name in enumerate(some) if name in found)

    def get(self, name: bytes) -> bytes | None:
        """One answer, or None."""
        return next((value for _, value in self.find([name])), None)

    def put(self, answers: Mapping[bytes, bytes]) -> None:
        """Keep answers; when this returns they outlive the process."""
        if self.fault:
            return
        try:
            self._on_sound_file(partial(self._put, answers))
        except (sqlite3.Error, StoreError) as error:
            self.fault = str(error)

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _find(self, names: Sequence[bytes]) -> Mapping[bytes, bytes]:
        marks = ",".join("?" * len(names))
        rows = self._connection.execute(
            f"SELECT name, value FROM answers WHERE name IN ({marks})", names
        )
        return dict(rows.fetchall())

    def _put(self, answers: Mapping[bytes, bytes]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(
                "INSERT OR IGNORE INTO answers (name, value) VALUES (?, ?)", answers.items()
            )
            self._trim()
            self._connection.execute("COMMIT")
        except sqlite3.Error:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _trim(self) -> None:
        # The file itself is not made smaller, but what is free in it is used again.
        while self._size() > self.limit:
            gone = self._connection.execute(
                "DELETE FROM answers WHERE id IN (SELECT id FROM answers ORDER BY id LIMIT ?)",
                (_AT_ONCE,),
            )
            if not gone.rowcount:
                return

    def _size(self) -> int:
        pages, free = (
            self._connection.execute(f"PRAGMA {what}").fetchone()[0]
            for what in ("page_count", "freelist_count")
        )
        return int(pages - free) * _PAGE

    def _open(self, *, thoroughly: bool = False) -> sqlite3.Connection:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Switching a new file to WAL suffers no company. Nor does setting a damaged one aside:
            # another process may have done so by now.
            with FileLock(f"{self.path}.lock", timeout=_WAIT, mode=0o600):
                try:
                    return _connect(self.path, thoroughly=thoroughly)
                except sqlite3.DatabaseError as error:
                    if not _is_damage(error) or not _is_ours(self.path):
                        raise
                _set_aside(self.path)
                return _connect(self.path)
        except (OSError, sqlite3.Error) as error:
            raise _unusable(self.path, error) from None

    def _on_sound_file(self, action: Callable[[], T]) -> T:
        """What the action gives: on a new file if this one turns out to be damaged."""
        try:
            return action()
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
        self.close()
        self._connection = self._open(thoroughly=True)
        return action()


def _unusable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"the answers of batches cannot be kept in {path}: {error}",
        hint="name another file with cache=, or go without: cache=False",
    )


def _connect(path: Path, *, thoroughly: bool = False) -> sqlite3.Connection:
    # SQLite gives its companion files the rights of the file itself.
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite3.connect(path, timeout=_WAIT, isolation_level=None, check_same_thread=False)
    try:
        connection.execute(f"PRAGMA page_size = {_PAGE}")
        connection.execute("PRAGMA journal_mode = WAL")
        # Without a sync per answer: a killed process loses nothing, only a power cut might.
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(_SCHEMA)
        if thoroughly:
            found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if found != "ok":
                raise _damage(found)
    except BaseException:
        connection.close()
        raise
    return connection


def _damage(what: str) -> sqlite3.DatabaseError:
    error = sqlite3.DatabaseError(what)
    error.sqlite_errorcode = min(_DAMAGE)
    return error


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    return (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _DAMAGE


def _is_ours(path: Path) -> bool:
    # Somebody may have named a file of another kind by mistake.
    with path.open("rb") as file:
        return path.name == FILE_NAME or file.read(len(_MAGIC)) == _MAGIC


def _set_aside(path: Path) -> None:
    for number in itertools.count(1):
        aside = path.with_name(f"{path.name}.damaged-{number}")
        if not aside.exists():
            break
    path.replace(aside)
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)
