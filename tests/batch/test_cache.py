"""Answers on disk: found again, bounded, and set aside where the file is damaged."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import FILE_NAME, Cache
from nexhina_nb.errors import StoreError

LIMIT = 1 << 30


def name(number: int) -> bytes:
    return number.to_bytes(32, "big")


def test_what_was_put_is_found_in_order(tmp_path: Path) -> None:
    with Cache(tmp_path / "a.db", LIMIT) as cache:
        cache.put({name(n): b"%d" % n for n in range(0, 3000, 2)})
        found = list(cache.find([name(n) for n in range(3000)]))
    assert found == [(n, b"%d" % n) for n in range(0, 3000, 2)]


def test_the_first_answer_stays(tmp_path: Path) -> None:
    with Cache(tmp_path / "a.db", LIMIT) as cache:
        cache.put({name(1): b"one"})
        cache.put({name(1): b"other"})
        assert cache.get(name(1)) == b"one"
        assert cache.get(name(2)) is None


@pytest.mark.parametrize("length", [0, 1, 6144, 40_000, 1_000_000])
def test_answers_of_any_length(tmp_path: Path, length: int) -> None:
    value = Random(length).randbytes(length)
    with Cache(tmp_path / "a.db", LIMIT) as cache:
        cache.put({name(1): value}, "ask", "m")
    with Cache(tmp_path / "a.db", LIMIT) as cache:
        assert cache.get(name(1)) == value


def test_only_the_owner_can_read_it(tmp_path: Path) -> None:
    with Cache(tmp_path / "cache" / "a.db", LIMIT) as cache:
        cache.put({name(1): b"secret"})
        modes = {path: stat.S_IMODE(path.stat().st_mode) for path in cache.path.parent.iterdir()}
        assert set(modes.values()) == {0o600}
        assert stat.S_IMODE(cache.path.parent.stat().st_mode) == 0o700


def test_the_oldest_go_first(tmp_path: Path) -> None:
    limit = 20 << 20
    with Cache(tmp_path / "a.db", limit) as cache:
        for start in range(0, 10_000, 500):
            cache.put({name(n): bytes(6000) for n in range(start, start + 500)})
        known = [place for place, _ in cache.find([name(n) for n in range(10_000)])]
    assert known == list(range(known[0], 10_000))
    assert 1000 < len(known) < limit // 6000
    assert (tmp_path / "a.db").stat().st_size < 1.5 * limit


@pytest.mark.parametrize(
    "damage", [b"this is no database" * 100, b"", b"SQLite format 3\0" + b"?" * 500]
)
def test_a_damaged_file_is_set_aside(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(damage)
    with Cache(path, LIMIT) as cache:
        cache.put({name(1): b"one"})
        assert cache.get(name(1)) == b"one"
    aside = tmp_path / f"{FILE_NAME}.damaged-1"
    assert aside.exists() == bool(damage)
    assert not damage or aside.read_bytes() == damage


def test_a_file_of_another_kind_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "letters.parquet"
    path.write_bytes(b"PAR1" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        Cache(path, LIMIT)
    assert path.read_bytes() == b"PAR1" * 1000
    with sqlite3.connect(tmp_path / "own.db") as connection:
        connection.execute("CREATE TABLE answers (question TEXT)")
    connection.close()
    before = (tmp_path / "own.db").read_bytes()
    with pytest.raises(StoreError, match="something else"):
        Cache(tmp_path / "own.db", LIMIT)
    assert (tmp_path / "own.db").read_bytes() == before


def test_damage_that_shows_later(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Cache(path, LIMIT) as cache:
        cache.put({name(n): bytes(6000) for n in range(500)})
    content = bytearray(path.read_bytes())
    content[16_384:] = b"\xa5" * (len(content) - 16_384)
    path.write_bytes(content)
    with Cache(path, LIMIT) as cache:
        assert list(cache.find([name(n) for n in range(500)])) == []
        cache.put({name(1): b"one"})
        assert cache.get(name(1)) == b"one"
        assert not cache.fault
    assert (tmp_path / "a.db.damaged-1").exists()


def test_the_answer_that_meets_the_damage_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Cache(path, LIMIT) as cache:
        cache.put({name(n): bytes(6000) for n in range(500)})
        cache._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        cache._connection.execute("PRAGMA cache_size = 0")
        with path.open("r+b") as file:
            file.seek(16_384)
            file.write(b"\xa5" * (path.stat().st_size - 16_384))
        other = sqlite3.connect(path)  # a commit elsewhere makes this one read the file again
        other.execute("PRAGMA user_version = 1")
        other.close()
        cache.put({name(1000): b"one"})
        assert cache.get(name(1000)) == b"one"
        assert not cache.fault
    assert (tmp_path / "a.db.damaged-1").exists()


def test_an_interrupt_leaves_it_usable(tmp_path: Path) -> None:
    with Cache(tmp_path / "a.db", LIMIT) as cache:
        with suppress(KeyboardInterrupt), cache._writing() as connection:
            connection.execute("INSERT INTO answers (name, value) VALUES ('a', 'b')")
            raise KeyboardInterrupt
        cache.put({name(1): b"one"}, "embed", "m")
        assert not cache.fault
        assert cache.summary().answers == 1


def test_a_place_that_cannot_be_used_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cache=False"):
        Cache(tmp_path / "file" / "a.db", LIMIT)


def test_a_disk_that_fills_up_ends_the_keeping_not_the_batch(tmp_path: Path) -> None:
    with Cache(tmp_path / "a.db", LIMIT) as cache:
        cache._connection.execute("PRAGMA max_page_count = 10")
        for number in range(100):
            cache.put({name(number): bytes(6000)})
        assert "full" in cache.fault
        assert cache.get(name(1)) == bytes(6000)


def test_names_tell_everything_apart_that_matters() -> None:
    known = [
        Address("embed", "", "m", dimensions=None),
        Address("rerank", "", "m", dimensions=None),
        Address("embed", "https://other/v1", "m", dimensions=None),
        Address("embed", "", "n", dimensions=None),
        Address("embed", "", "m", dimensions=2),
    ]
    assert len({address.of(b"text") for address in known}) == len(known)
    assert known[0].of(b"text") == Address("embed", "", "m", dimensions=None).of(b"text")


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_lists_have_the_same_name_only_if_they_are_equal(
    one: list[bytes], other: list[bytes]
) -> None:
    address = Address("rerank", "", "m")
    assert (address.of_many(one) == address.of_many(other)) == (one == other)
