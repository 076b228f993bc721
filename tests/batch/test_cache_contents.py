"""What the cache tells of itself, how it forgets, and how it lives with its earlier version."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nexhina_nb.batch.cache import FILE_NAME, Cache, Contents, default_path

LIMIT = 1 << 30
EARLIER = """
    CREATE TABLE IF NOT EXISTS answers (
        id INTEGER PRIMARY KEY, name BLOB NOT NULL UNIQUE, value BLOB NOT NULL
    )
"""


def name(number: int) -> bytes:
    return number.to_bytes(32, "big")


def some(first: int, count: int, size: int = 100) -> dict[bytes, bytes]:
    return {name(n): bytes([n % 256]) * size for n in range(first, first + count)}


def known(cache: Cache, count: int) -> list[int]:
    return [place for place, _ in cache.find([name(n) for n in range(count)])]


def age(path: Path, seconds: float, verb: str) -> None:
    """Let the answers of a verb be made, and used, so long ago."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(
            "UPDATE lots SET made = made - ?, used = used - ? WHERE verb = ?",
            (seconds, seconds, verb),
        )


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    with Cache(tmp_path / "a.db", LIMIT) as opened:
        yield opened


@pytest.fixture
def earlier(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    """A file of the version without lots and checksums, with 1,200 answers, still open there."""
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30)) as connection:
        connection.execute("PRAGMA page_size = 16384")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(EARLIER)
        put_as_earlier(connection, some(0, 1200))
        yield connection


def put_as_earlier(connection: sqlite3.Connection, answers: dict[bytes, bytes]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    connection.executemany(
        "INSERT OR IGNORE INTO answers (name, value) VALUES (?, ?)", answers.items()
    )
    connection.execute("COMMIT")


def test_by_verb_and_model(cache: Cache) -> None:
    began = datetime.now(UTC).replace(microsecond=0)
    cache.put(some(0, 3), "embed", "b")
    cache.put(some(3, 4), "embed", "a")
    cache.put(some(7, 1, 50), "rerank", "a")
    cache.put(some(6, 4), "embed", "a")  # two of them are known
    contents = cache.summary()
    found = [(part.verb, part.model, part.answers, part.bytes) for part in contents.portions]
    assert found == [("embed", "a", 6, 600), ("embed", "b", 3, 300), ("rerank", "a", 1, 50)]
    for part in contents.portions:
        assert part.oldest is not None
        assert part.newest is not None
        assert began <= part.oldest <= part.newest <= datetime.now(UTC)
    assert contents.answers == 10
    assert contents.size >= 1000


def test_the_oldest_and_the_newest(cache: Cache) -> None:
    cache.put(some(0, 1), "embed", "m")
    age(cache.path, 90_000, "embed")
    cache.put(some(1, 1), "embed", "m")
    (part,) = cache.summary().portions
    assert part.oldest is not None
    assert part.newest is not None
    assert part.newest - part.oldest >= timedelta(seconds=90_000)


def test_as_a_table(cache: Cache) -> None:
    assert repr(cache.summary()) == "No answers are kept."
    assert cache.summary()._repr_mimebundle_()[0] == {"text/plain": "No answers are kept."}
    cache.put(some(0, 3, 1000), "embed", "<b>")
    contents = cache.summary()
    head, row, total = repr(contents).splitlines()
    assert head.split() == ["verb", "model", "answers", "size", "oldest", "newest"]
    assert row.startswith("embed  <b>    3        3.0 kB ")
    assert total.split()[:2] == ["all", "3"]
    assert total.endswith("of 1.1 GB")
    html = contents._repr_mimebundle_()[0]["text/html"]
    assert "&lt;b&gt;" in html
    assert "<b>" not in html


def test_as_data(tmp_path: Path) -> None:
    assert Contents(tmp_path, 1, 2, ()).as_dict() == {
        "path": str(tmp_path), "size": 1, "limit": 2, "portions": [],
    }  # fmt: skip
    assert default_path(tmp_path) == tmp_path / "cache" / FILE_NAME


@pytest.mark.parametrize(
    ("verb", "model", "older_than", "left"),
    [
        (None, None, None, []),
        ("embed", None, None, [6, 7, 8]),
        (None, "local/*", None, [0, 1, 2]),
        (None, "LOCAL/E*", None, [0, 1, 2, 6, 7, 8]),
        ("rerank", "text-*", None, list(range(9))),
        (None, None, 3600, [0, 1, 2, 3, 4, 5]),
        ("embed", None, 3600, list(range(9))),
        (None, None, 90_000, list(range(9))),
    ],
)
def test_what_is_forgotten(
    cache: Cache, verb: str | None, model: str | None, older_than: float | None, left: list[int]
) -> None:
    cache.put(some(0, 3), "embed", "text-embedding-3-small")
    cache.put(some(3, 3), "embed", "local/embed")
    cache.put(some(6, 3), "rerank", "local/rerank")
    age(cache.path, 7200, "rerank")
    assert cache.clear(verb, model, older_than) == 9 - len(left)
    assert known(cache, 9) == left
    assert cache.summary().answers == len(left)
    cache.put(some(0, 9), "embed", "new")
    assert known(cache, 9) == list(range(9))


def test_many_are_forgotten_and_their_room_goes_back_to_the_disk(cache: Cache) -> None:
    for first in range(0, 2000, 10):
        cache.put(some(first, 10, 6000), "embed", "even" if first % 20 else "odd")
    large = cache.summary().size
    assert cache.clear(model="odd") == 1000
    assert cache.summary().size < 0.6 * large
    assert len(known(cache, 2000)) == 1000
    assert cache.clear() == 1000
    assert cache.summary().size < 0.1 * large


def test_a_limit_that_was_lowered(cache: Cache) -> None:
    for first in range(0, 2000, 100):
        cache.put(some(first, 100, 6000), "embed", "m")
    assert cache.trim() == 0
    cache.limit = 4 << 20
    gone = cache.trim()
    assert cache.summary().size <= cache.limit
    assert known(cache, 2000) == list(range(gone, 2000))


def test_what_was_used_stays(cache: Cache) -> None:
    week = 7 * 86_400
    cache.put(some(0, 100, 6000), "embed", "used")
    cache.put(some(100, 100, 6000), "embed", "unused")
    age(cache.path, week, "embed")
    with Cache(cache.path, LIMIT) as reader:
        assert reader.get(name(3)) is not None
    cache.put(some(200, 100, 6000), "embed", "new")
    cache.limit = 1_800_000  # one of the three has to go
    cache.trim()
    found = known(cache, 300)
    assert set(range(100)) <= set(found)
    assert not set(range(100, 200)) & set(found)


def test_the_limit_holds_while_answers_come(tmp_path: Path) -> None:
    with Cache(tmp_path / "a.db", 2 << 20) as cache:
        for n in range(1500):
            cache.put(some(n, 1, 6000), "rerank", "m")
        assert not cache.fault
        assert cache.summary().answers == len(known(cache, 1500))
        assert cache.get(name(1499)) is not None
    assert cache.path.stat().st_size <= 3 << 20


def test_a_file_of_the_earlier_version_goes_on(earlier: sqlite3.Connection, tmp_path: Path) -> None:
    with Cache(tmp_path / "a.db", LIMIT) as cache:
        assert len(known(cache, 1200)) == 1200
        cache.put(some(1200, 5), "embed", "m")
        put_as_earlier(earlier, some(1205, 3))
        (count,) = earlier.execute("SELECT count(*) FROM answers WHERE value != ''").fetchone()
        assert count == 1208
        rows = earlier.execute("SELECT name, value FROM answers WHERE name = ?", (name(1200),))
        assert dict(rows.fetchall()) == some(1200, 1)
        found = [(part.verb, part.model, part.answers, part.bytes, part.oldest is None)
                 for part in cache.summary().portions]  # fmt: skip
        assert found == [("", "", 1203, 120_300, True), ("embed", "m", 5, 500, False)]
        assert cache.clear(model="m") == 5
        assert known(cache, 1300) == [*range(1200), *range(1205, 1208)]
        assert repr(cache.summary()).splitlines()[1].startswith("?     ?      1203")
        earlier.execute("DELETE FROM answers WHERE id <= 700")  # as it makes room
        assert cache.summary().answers == len(known(cache, 1300)) + 200
        assert cache.clear() == 503
        earlier.execute("DELETE FROM answers")
        put_as_earlier(earlier, some(0, 2))
        cache.put(some(2, 2), "embed", "m")
        assert cache.summary().answers == len(known(cache, 10)) == 4


def test_room_of_the_earlier_version_goes_back_too(
    earlier: sqlite3.Connection, tmp_path: Path
) -> None:
    put_as_earlier(earlier, some(5000, 500, 6000))
    earlier.close()
    path = tmp_path / "a.db"
    with Cache(path, LIMIT) as cache:
        assert cache.clear() == 1700
        assert cache.summary().size < 300_000
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
