"""Who asked for what lies in the file, when, and how large it is: one row, a lot, for the answers
of one `put`, whose ids have no gaps.

A lot costs a put next to nothing, while columns of each answer would have to be read from all over
the file to sum them up. A lot is of use as long as one of its answers is. Versions of this package
that know of no lots use the file all the same.
"""

from __future__ import annotations

import sqlite3
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence

TABLE = "lots"
SCHEMA = f"""
    CREATE TABLE IF NOT EXISTS {TABLE} (
        first INTEGER PRIMARY KEY, last INTEGER NOT NULL, verb TEXT NOT NULL, model TEXT NOT NULL,
        made INTEGER NOT NULL, used INTEGER NOT NULL, bytes INTEGER NOT NULL
    )
"""
_DAY = 86_400  # seconds: use is noted to the day, so that reading seldom writes
_FOUNDLINGS = 500  # answers in a lot that is made afterwards
_MOST_FOUNDLINGS = 1000  # such lots at a time

Ids = tuple[int, int]  # the first and the last


def record(connection: sqlite3.Connection, before: int, verb: str, model: str) -> None:
    """Make a lot of the answers that came after the id ``before``."""
    last = _last_id(connection)
    if last > before:
        connection.execute(
            "INSERT OR REPLACE INTO lots SELECT :first, :last, :verb, :model, :now, :now,"
            " sum(length(value)) FROM answers WHERE id BETWEEN :first AND :last",
            {"first": before + 1, "last": last, "verb": verb, "model": model, "now": _now()},
        )


def adopt(connection: sqlite3.Connection) -> int:
    """Make lots of the answers that a version without lots has kept: nothing is known of them but
    about how large they are. The id of the newest answer, 0 if there is none.
    """
    last = _last_id(connection)
    known = _number(connection, "SELECT last FROM lots ORDER BY first DESC LIMIT 1")
    if known > last:  # that version has emptied the file, and ids began anew
        connection.execute("DELETE FROM lots WHERE first > ?", (last,))
        known = _number(connection, "SELECT last FROM lots ORDER BY first DESC LIMIT 1")
    if known < last:
        _adopt(connection, known, last)
    return last


def _adopt(connection: sqlite3.Connection, known: int, last: int) -> None:
    many = max(_FOUNDLINGS, (last - known) // _MOST_FOUNDLINGS)
    connection.executemany(
        "INSERT OR REPLACE INTO lots SELECT :first, :last, '', '', 0, 0, (:last - :first + 1)"
        " * length(value) FROM answers WHERE id BETWEEN :first AND :last LIMIT 1",
        [
            {"first": first, "last": min(last, first + many - 1)}
            for first in range(known + 1, last + 1, many)
        ],
    )


def tidy(connection: sqlite3.Connection) -> None:
    """Bring the lots in line with what a version without lots has kept and thrown away."""
    connection.execute("DELETE FROM lots WHERE last < (SELECT min(id) FROM answers)")
    adopt(connection)


def note_use(connection: sqlite3.Connection, ids: Iterable[int]) -> None:
    """Remember that these answers were of use today."""
    old = connection.execute(
        "SELECT first, CAST(last AS INTEGER) FROM lots WHERE used < ? ORDER BY first",
        (_now() - _DAY,),
    ).fetchall()
    if not old:
        return
    firsts = [first for first, _ in old]
    places = {bisect_right(firsts, id) - 1: id for id in sorted(ids)}
    touched = [(_now(), firsts[at]) for at, id in places.items() if at >= 0 and id <= old[at][1]]
    connection.executemany("UPDATE lots SET used = ? WHERE first = ?", touched)


def least_used(connection: sqlite3.Connection, size: int) -> list[Ids]:
    """The lots whose use is longest ago, of ``size`` bytes together."""
    rows = connection.execute("SELECT first, last, bytes FROM lots ORDER BY used, first")
    chosen, taken = [], 0
    for first, last, some in rows:
        if taken >= size:
            break
        chosen.append((first, last))
        taken += some
    rows.close()
    return chosen


def choose(
    connection: sqlite3.Connection, after: int, most: int, wanted: Callable[[str, str, int], bool]
) -> list[Ids]:
    """Some lots that are ``wanted`` (verb, model, seconds when it was made), from an id on."""
    rows = connection.execute(
        "SELECT first, last, CAST(verb AS TEXT), CAST(model AS TEXT), CAST(made AS INTEGER)"
        " FROM lots WHERE first > ? ORDER BY first",
        (after,),
    )
    chosen = []
    for first, last, verb, model, made in rows:
        if wanted(verb, model, made):
            chosen.append((first, last))
            if len(chosen) == most:
                break
    rows.close()
    return chosen


def drop(connection: sqlite3.Connection, chosen: Sequence[Ids]) -> int:
    """Delete lots and their answers; how many answers there were."""
    gone = connection.executemany("DELETE FROM answers WHERE id BETWEEN ? AND ?", chosen).rowcount
    connection.executemany("DELETE FROM lots WHERE first = ?", [(first,) for first, _ in chosen])
    return max(0, gone)


def drop_all(connection: sqlite3.Connection) -> int:
    """Delete everything; how many answers there were."""
    gone = connection.execute("DELETE FROM answers").rowcount
    connection.execute("DELETE FROM lots")
    return gone


def totals(connection: sqlite3.Connection) -> list[tuple[str, str, float, float, int, int]]:
    """By verb and model: how many answers, bytes, and when the first and the last was made."""
    return connection.execute(
        "SELECT CAST(verb AS TEXT), CAST(model AS TEXT), total(last - first + 1), total(bytes),"
        " ifnull(min(nullif(CAST(made AS INTEGER), 0)), 0), max(CAST(made AS INTEGER))"
        " FROM lots GROUP BY 1, 2 ORDER BY 1, 2"
    ).fetchall()


def _last_id(connection: sqlite3.Connection) -> int:
    return _number(connection, "SELECT max(id) FROM answers")


def _number(connection: sqlite3.Connection, question: str) -> int:
    row = connection.execute(question).fetchone()
    return row[0] if row and isinstance(row[0], int) else 0


def _now() -> int:
    return int(time.time())
