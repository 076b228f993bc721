"""The size of the file: kept under its limit, and given back to the disk."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from nexhina_nb.batch.cache import lots

_SLACK = 50  # a fiftieth of the limit is made free at a time
_PAGES = 2_000  # given back at once, so that other processes may write in between
LOG = 48 << 20  # bytes: more than it has when there is one process
_INCREMENTAL = 2  # the kind of `auto_vacuum` in which the end of the file can be cut off


def make(connection: sqlite3.Connection, limit: int) -> int:
    """Throw away what is beyond the limit, within a transaction; how many answers that were.

    The file itself is not made smaller, but what is free in it is used again.
    """
    gone = 0
    while (excess := _in_use(connection) - limit) > 0:
        chosen = lots.least_used(connection, excess + limit // _SLACK)
        if not chosen:
            break
        gone += lots.drop(connection, chosen)
    return gone


def give_back(connection: sqlite3.Connection) -> None:
    """Make the file as small as what is in it. Where another process is writing, or the disk has
    no room to move things, it stays larger.
    """
    with contextlib.suppress(sqlite3.OperationalError):
        if _pragma(connection, "auto_vacuum") != _INCREMENTAL:
            connection.execute(f"PRAGMA auto_vacuum = {_INCREMENTAL}")
            connection.execute("VACUUM")
        while free := _pragma(connection, "freelist_count"):
            connection.execute(f"PRAGMA incremental_vacuum({_PAGES})").fetchall()
            if _pragma(connection, "freelist_count") >= free:
                break
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def shorten_log(connection: sqlite3.Connection, log: Path, bound: int) -> int:
    """Empty the log, a file beside that of the answers, if it is longer than so many bytes; the
    bound for the next time. While another process reads in it for long, it stays.
    """
    # SQLite begins it anew by itself only in a moment when nobody reads or writes. Among several
    # busy processes there is none.
    with contextlib.suppress(OSError, sqlite3.OperationalError):
        if log.stat().st_size > bound:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            return log.stat().st_size + LOG
    return bound


def _in_use(connection: sqlite3.Connection) -> int:
    pages = _pragma(connection, "page_count") - _pragma(connection, "freelist_count")
    return pages * _pragma(connection, "page_size")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
