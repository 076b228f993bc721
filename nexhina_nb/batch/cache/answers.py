"""The cache: answers found, kept, counted and thrown away."""

from __future__ import annotations

import contextlib
import sqlite3
import time
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any, Self, TypeVar

from nexhina_nb.batch import patience
from nexhina_nb.batch.cache import lots, room
from nexhina_nb.batch.cache.contents import Contents, portions
from nexhina_nb.batch.cache.file import companions, is_busy, is_damage, open_file, unusable
from nexhina_nb.errors import StoreError

_AT_ONCE = 500  # names in one question
_LOTS = 40  # thrown away at once; others may write in between
_WAIT = 30.0  # seconds for another process that is writing
_TRY = 0.25  # seconds of that at once: an interrupt comes through between two tries

Row = tuple[bytes, bytes, bytes]
T = TypeVar("T")


class Cache:
    """An open file of answers, of at most ``limit`` bytes: those go first whose last use is
    longest ago, to the day. Use it in one thread at a time.

    Each answer has a checksum: one that the disk has spoiled counts as unknown. A damaged file is
    set aside, as ``aside``, and a new one begun. When nothing can be written any more (a full
    disk, say), ``fault`` says why, and the answers that come are not kept.
    """

    def __init__(self, path: Path, limit: int, wait: float = _WAIT) -> None:
        self.path, self.limit = path, limit
        self.fault = ""
        self.aside: Path | None = None
        self._wait = wait
        self._log, self._bound = companions(path)[1], room.LOG
        self._spoiled: set[bytes] = set()
        self._read = array("q")
        self._open()

    def find(self, names: Sequence[bytes]) -> Iterator[tuple[int, bytes]]:
        """The answers that are known: the place of each name, and its answer."""
        for start in range(0, len(names), _AT_ONCE):
            some = names[start : start + _AT_ONCE]
            found = self._or_unusable(partial(self._find, some))
            yield from ((start + at, found[name]) for at, name in enumerate(some) if name in found)

    def get(self, name: bytes) -> bytes | None:
        """One answer, or None."""
        return next((value for _, value in self.find([name])), None)

    def put(self, answers: Mapping[bytes, bytes], verb: str = "", model: str = "") -> None:
        """Keep answers of a verb and a model; when this returns they outlive the process. A batch
        that was interrupted, or is late, does not wait for other processes that are writing.
        """
        if self.fault:
            return
        # In order, so that each page of the index is changed once.
        rows = [(name, value, _checksum(name, value)) for name, value in sorted(answers.items())]
        try:
            self._on_sound_file(partial(self._put, rows, verb, model))
        except (sqlite3.Error, StoreError) as error:
            self.fault = str(error)

    def distrust(self, names: Iterable[bytes]) -> None:
        """What is kept under these names is wrong: have the next put replace it."""
        self._spoiled.update(names)

    def summary(self) -> Contents:
        """What there is, by verb and model. Raises StoreError."""
        totals = self._or_unusable(self._totals)
        size = sum(file.stat().st_size for file in companions(self.path)[:2] if file.exists())
        return Contents(self.path, size, self.limit, portions(totals))

    def clear(
        self, verb: str | None = None, model: str | None = None, older_than: float | None = None
    ) -> int:
        """Forget the answers of a verb, of models (a glob), made more than so many seconds ago;
        how many that were. The room goes back to the disk. Answers of earlier versions of this
        package are of no verb and model, and as old as can be. Raises StoreError.
        """
        is_all = verb is None and model is None and older_than is None
        wanted = partial(_is_wanted, verb, model, older_than, time.time())
        gone = self._or_unusable(self._clear_all if is_all else partial(self._clear, wanted))
        self._or_unusable(lambda: room.give_back(self._connection))
        return gone

    def trim(self) -> int:
        """Forget what is beyond the limit, and give free room back to the disk; how many answers
        went. Raises StoreError.
        """
        gone = self._or_unusable(self._trim)
        self._or_unusable(lambda: room.give_back(self._connection))
        return gone

    def close(self) -> None:
        """Close the file."""
        with contextlib.suppress(sqlite3.Error):
            if self._read and not self.fault:
                self._in_passing(partial(lots.note_use, ids=self._read))
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()

    def _find(self, names: Sequence[bytes]) -> Mapping[bytes, bytes]:
        marks = ",".join("?" * len(names))
        question = f"SELECT id, name, value, checksum FROM answers WHERE name IN ({marks})"
        found = {}
        for id, name, value, checksum in self._connection.execute(question, names):
            if is_sound(name, value, checksum):
                found[name] = value
                self._read.append(id)
            else:
                self._spoiled.add(name)
        return found

    def _put(self, rows: Sequence[Row], verb: str, model: str) -> None:
        with self._writing() as connection:
            before = lots.adopt(connection)
            if mended := [row for row in rows if row[0] in self._spoiled]:
                connection.executemany(
                    "UPDATE answers SET value = ?2, checksum = ?3 WHERE name = ?1", mended
                )
            connection.executemany(
                "INSERT OR IGNORE INTO answers (name, value, checksum) VALUES (?, ?, ?)", rows
            )
            lots.record(connection, before, verb, model)
            room.make(connection, self.limit)
        self._bound = room.shorten_log(self._connection, self._log, self._bound)

    def _totals(self) -> list[Any]:
        self._in_passing(lots.tidy)
        return lots.totals(self._connection)

    def _clear_all(self) -> int:
        with self._writing() as connection:
            return lots.drop_all(connection)

    def _clear(self, wanted: Callable[[str, str, int], bool]) -> int:
        gone, after = 0, 0
        while True:
            chosen, some = self._patiently(partial(self._clear_some, wanted, after))
            gone += some
            if len(chosen) < _LOTS:
                return gone
            after = chosen[-1][0]

    def _clear_some(
        self, wanted: Callable[[str, str, int], bool], after: int
    ) -> tuple[Sequence[lots.Ids], int]:
        with self._writing() as connection:
            if not after:
                lots.tidy(connection)
            chosen = lots.choose(connection, after, _LOTS, wanted)
            return chosen, lots.drop(connection, chosen)

    def _trim(self) -> int:
        with self._writing() as connection:
            lots.tidy(connection)
            return room.make(connection, self.limit)

    def _open(self, damaged: int | None = None) -> None:
        opened = open_file(self.path, self._wait, damaged=damaged)
        self._connection, self._identity = opened.connection, opened.identity
        self._connection.execute(f"PRAGMA busy_timeout = {round(min(self._wait, _TRY) * 1000)}")
        self.aside = opened.aside or self.aside

    def _in_passing(self, action: Callable[[sqlite3.Connection], None]) -> None:
        """Write what may as well be left unwritten, if another process is writing."""
        with contextlib.suppress(sqlite3.OperationalError), self._writing() as connection:
            action(connection)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection
            self._connection.execute("COMMIT")
        except BaseException:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
            raise

    def _or_unusable(self, action: Callable[[], T]) -> T:
        try:
            return self._on_sound_file(action)
        except sqlite3.Error as error:
            raise unusable(self.path, error) from None

    def _on_sound_file(self, action: Callable[[], T]) -> T:
        """What the action gives: on a new file if this one turns out to be damaged."""
        try:
            return self._patiently(action)
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise
        with contextlib.suppress(sqlite3.Error):
            self._connection.close()
        self._read = array("q")
        self._open(self._identity)
        return self._patiently(action)

    def _patiently(self, action: Callable[[], T]) -> T:
        """What the action gives, as soon as other processes let it."""
        until = time.monotonic() + self._wait
        while True:
            try:
                return action()
            except sqlite3.OperationalError as error:
                if not is_busy(error) or time.monotonic() >= until or patience.is_over():
                    raise


def _checksum(name: bytes, value: bytes) -> bytes:
    # Of the name too: a damaged index could lead to the answer of another question.
    return zlib.crc32(value, zlib.crc32(name)).to_bytes(4, "big")


def is_sound(name: bytes, value: object, checksum: object) -> bool:
    """Whether this is what was kept under the name, as far as its checksum tells; 0 is none."""
    if not isinstance(value, bytes):
        return False
    return checksum == 0 or checksum == _checksum(name, value)


def _is_wanted(
    verb: str | None, model: str | None, older_than: float | None, now: float, *lot: Any
) -> bool:
    of_verb, of_model, made = lot
    return (
        (verb is None or of_verb == verb)
        and (model is None or fnmatchcase(of_model.lower(), model.lower()))
        and (older_than is None or made < now - older_than)
    )
