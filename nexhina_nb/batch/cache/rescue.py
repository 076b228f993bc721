"""What is sound in a damaged file, taken back: checksums tell which answers are right."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby, islice
from pathlib import Path

from nexhina_nb.batch.cache.answers import Cache, is_sound
from nexhina_nb.errors import StoreError

_AT_ONCE = 256
_LAST = 1 << 48  # no file has answers with such ids
_LOT = """
    SELECT ifnull(CAST(verb AS TEXT), ''), ifnull(CAST(model AS TEXT), '') FROM lots
    WHERE first <= ? ORDER BY first DESC LIMIT 1
"""


def damaged_files(path: Path) -> list[Path]:
    """The damaged files that were set aside for a file."""
    start = f"{path.name}.damaged-"
    beside = path.parent.iterdir() if path.parent.is_dir() else ()
    return sorted(
        file
        for file in beside
        if file.name.startswith(start) and file.name[len(start) :].isdecimal()
    )


def rescue(cache: Cache, damaged: Path) -> int:
    """Put what is sound in a damaged file into the cache; how many answers that were.

    Those of earlier versions of this package, without a checksum, are left out. The file stays.
    Raises StoreError if there is no room.
    """
    count = 0
    for (verb, model), answers in groupby(_sound(damaged), lambda found: found[2:]):
        while some := {name: value for name, value, *_ in islice(answers, _AT_ONCE)}:
            cache.put(some, verb, model)
            if cache.fault:
                what = f"not all that is sound in {damaged} could be kept: {cache.fault}"
                raise StoreError(what, hint="make room, and try again")
            count += len(some)
    return count


def _sound(damaged: Path) -> Iterator[tuple[bytes, bytes, str, str]]:
    """Name, value, verb and model."""
    with closing(sqlite3.connect(damaged, isolation_level=None)) as connection:
        connection.text_factory = bytes
        for id, name, value, checksum in _readable(connection):
            if not isinstance(name, bytes) or not isinstance(value, bytes) or checksum == 0:
                continue
            if is_sound(name, value, checksum):
                yield name, value, *_origin(connection, id)


def _readable(connection: sqlite3.Connection) -> Iterator[tuple[int, object, object, object]]:
    """The rows that can be read. Where one cannot, the search goes on in ever larger steps."""
    at, step = 0, 1
    while at < _LAST:
        try:
            for row in connection.execute(
                "SELECT id, name, value, checksum FROM answers NOT INDEXED WHERE id > ?", (at,)
            ):
                if row[0] <= at:  # the pages lead in a circle
                    raise sqlite3.DatabaseError
                at, step = row[0], 1
                yield row
        except sqlite3.DatabaseError:
            at, step = at + step, step * 2
        else:
            return


def _origin(connection: sqlite3.Connection, id: int) -> tuple[str, str]:
    try:
        verb, model = connection.execute(_LOT, (id,)).fetchone() or (b"", b"")
    except sqlite3.DatabaseError:
        return "", ""
    return verb.decode(errors="replace"), model.decode(errors="replace")
