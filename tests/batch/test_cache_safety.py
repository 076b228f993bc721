"""The cache among other processes, killed ones and full disks, and on a file that was damaged."""

from __future__ import annotations

import _thread
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from filelock import FileLock
from hypothesis import given, strategies as st

from nexhina_nb.batch.cache import FILE_NAME, Cache, room
from nexhina_nb.batch.cache.rescue import damaged_files, rescue
from nexhina_nb.errors import StoreError

LIMIT = 1 << 30
PUT_FOR_EVER = """
import itertools, sys
from pathlib import Path
from nexhina_nb.batch.cache import Cache
first, last = int(sys.argv[2]), int(sys.argv[3])
with Cache(Path(sys.argv[1]), 1 << 30) as cache:
    for n in range(first, last):
        cache.put({n.to_bytes(32, "big"): b"%d" % n * (n % 5000)}, "embed", "m")
        assert not cache.fault
        print(n, flush=True)
"""
PUT_UNTIL_IT_IS_FULL = """
import resource, sys
from pathlib import Path
from nexhina_nb.batch.cache import Cache
resource.setrlimit(resource.RLIMIT_FSIZE, (3_000_000, 3_000_000))
kept = []
with Cache(Path(sys.argv[1]), 1 << 30) as cache:
    for n in range(600):
        cache.put({n.to_bytes(32, "big"): bytes(6000)})
        if not cache.fault:
            kept.append(n.to_bytes(32, "big"))
    assert len(list(cache.find(kept))) == len(kept)
    print(len(kept), cache.fault)
"""
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits and signals")


def name(number: int) -> bytes:
    return number.to_bytes(32, "big")


def start(path: Path, first: int, last: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PUT_FOR_EVER, str(path), str(first), str(last)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def check(path: Path, numbers: list[int]) -> None:
    with Cache(path, LIMIT) as cache:
        found = dict(cache.find([name(n) for n in numbers]))
        assert found == {place: b"%d" % n * (n % 5000) for place, n in enumerate(numbers)}
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_several_processes_at_once(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    running = [start(path, first, first + 300) for first in (0, 1000, 200)]
    for process in running:
        process.communicate()
        assert process.returncode == 0
    check(path, [*range(500), *range(1000, 1300)])
    with Cache(path, LIMIT) as cache:
        assert [part.answers for part in cache.summary().portions] == [800]


@posix
def test_kills_lose_nothing_that_was_put(tmp_path: Path) -> None:
    path, dice, said = tmp_path / "a.db", Random(6), set[int]()
    for turn in range(4):
        running = [start(path, first, 99_999) for first in (turn * 1000, turn * 1000 + 10_000)]
        for process in running:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(dice.randrange(1, 400))]
            process.kill()
            lines += process.stdout.readlines()
            process.wait()
            process.stdout.close()
            said |= {int(line) for line in lines if line.endswith("\n")}
        check(path, sorted(said))
    assert len(said) >= 8


@posix
def test_a_disk_that_is_full_ends_the_keeping(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PUT_UNTIL_IT_IS_FULL, str(tmp_path / "a.db")]
    count, _, fault = subprocess.check_output(command, text=True).partition(" ")
    assert 10 < int(count) < 500
    assert fault.strip()
    with Cache(tmp_path / "a.db", LIMIT) as cache:
        assert len(list(cache.find([name(n) for n in range(600)]))) == int(count)
        cache.put({name(999): b"there is room again"})
        assert not cache.fault


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    try:
        if os.access(tmp_path, os.W_OK):
            pytest.skip("this user may write everywhere")
        with pytest.raises(StoreError, match="cache=False"):
            Cache(tmp_path / "a.db", LIMIT)
    finally:
        tmp_path.chmod(0o700)


def test_another_process_that_is_writing_for_long(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Cache(path, LIMIT, wait=0.05) as cache:
        cache.put({name(1): b"one"}, "embed", "m")
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert cache.get(name(1)) == b"one"
            assert cache.summary().answers == 1
            with Cache(path, LIMIT, wait=0.05) as second:
                assert second.get(name(1)) == b"one"
            with pytest.raises(StoreError, match="locked"):
                cache.clear()
            cache.put({name(2): b"two"})
            assert "locked" in cache.fault
            other.execute("COMMIT")
        assert cache.get(name(2)) is None
    with Cache(path, LIMIT) as cache:
        cache.put({name(2): b"two"})
        assert cache.get(name(2)) == b"two"


def test_who_waits_for_another_process_can_be_interrupted(tmp_path: Path) -> None:
    with (
        Cache(tmp_path / "a.db", LIMIT) as cache,
        closing(sqlite3.connect(cache.path, isolation_level=None)) as other,
    ):
        cache.put({name(1): b"one"})
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        threading.Timer(0.3, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            cache.clear()
        assert time.monotonic() - began < 10
        other.execute("COMMIT")
        assert cache.clear() == 1


def test_the_log_does_not_grow_while_others_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "LOG", 1_000_000)
    path, count = tmp_path / "a.db", iter(range(999))
    log = path.with_name("a.db-wal")
    with Cache(path, LIMIT) as cache:

        def sizes_of_log(puts: int) -> list[int]:
            found = []
            for number in map(name, (next(count) for _ in range(puts))):
                cache.put({number: bytes(100_000)})
                found.append(log.stat().st_size)
            return found

        assert max(sizes_of_log(40)) < 1_500_000
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN")
            other.execute("SELECT count(*) FROM answers").fetchone()
            began = time.monotonic()
            assert max(sizes_of_log(40)) > 4_000_000
            assert time.monotonic() - began < 8  # it waits for the reader now and then only
        assert sizes_of_log(20)[-1] < 3_000_000
        assert not cache.fault
        assert len(list(cache.find([name(n) for n in range(100)]))) == 100


def test_another_process_that_is_opening_for_long(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with FileLock(f"{path}.lock"), pytest.raises(StoreError, match=r"a\.db"):
        Cache(path, LIMIT, wait=0.05)


def test_an_answer_that_the_disk_has_spoiled_is_unknown(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    answers = {name(n): Random(n).randbytes(6144) for n in range(10)}
    with Cache(path, LIMIT) as cache:
        cache.put(answers)
    content = path.read_bytes()
    assert content.count(answers[name(7)]) == 1
    path.write_bytes(content.replace(answers[name(7)], bytes(6144)))
    with Cache(path, LIMIT) as cache:
        assert dict(cache.find(list(answers))).keys() == set(range(10)) - {7}
        cache.put(answers, "embed", "m")
        assert cache.get(name(7)) == answers[name(7)]
    with Cache(path, LIMIT) as cache:
        assert len(list(cache.find(list(answers)))) == 10
        assert cache.summary().answers == 10


def test_an_answer_to_another_question_is_unknown(tmp_path: Path) -> None:
    with Cache(tmp_path / "a.db", LIMIT) as cache:
        cache.put({name(1): b"one", name(2): b"two"})
        one, two = (cache._connection.execute(
            "SELECT value, checksum FROM answers WHERE name = ?", (name(n),)
        ).fetchone() for n in (1, 2))  # fmt: skip
        update = "UPDATE answers SET value = ?, checksum = ? WHERE name = ?"
        cache._connection.executemany(update, [(*two, name(1)), (*one, name(2))])
        assert list(cache.find([name(1), name(2)])) == []


def test_a_file_that_another_process_has_set_aside(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with Cache(path, LIMIT) as one, Cache(path, LIMIT) as other:
        one.put({name(n): bytes(6000) for n in range(500)})
        one._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        with path.open("r+b") as file:
            file.seek(32_768)
            file.write(b"\xa5" * (path.stat().st_size - 32_768))
        for cache in (one, other):  # each reads the file again
            cache._connection.execute("PRAGMA shrink_memory")
            cache.put({name(n): b"new" for n in range(1000, 1003)})
            assert not cache.fault
            assert cache.get(name(1001)) == b"new"
        assert one.aside == path.with_name(f"{FILE_NAME}.damaged-1")
        assert other.aside is None
        assert other.get(name(1000)) == one.get(name(1000)) == b"new"
    assert sorted(file.name for file in tmp_path.glob("*.damaged-?")) == [f"{FILE_NAME}.damaged-1"]


def test_what_is_sound_in_a_damaged_file_comes_back(tmp_path: Path) -> None:
    path, answers = tmp_path / FILE_NAME, {name(n): Random(n).randbytes(6144) for n in range(500)}
    with Cache(path, LIMIT) as cache:
        for first in range(0, 500, 50):
            cache.put({name(n): answers[name(n)] for n in range(first, first + 50)}, "embed", "m")
    with path.open("r+b") as file:
        file.seek(20 * 32_768)
        file.write(b"\xa5" * (10 * 32_768))
    with Cache(path, LIMIT) as cache:
        assert list(cache.find(list(answers))) == []
        assert cache.aside is not None
        assert damaged_files(path) == [cache.aside]
        count = rescue(cache, cache.aside)
        assert rescue(cache, cache.aside) == count
        found = {list(answers)[place]: value for place, value in cache.find(list(answers))}
        assert found.items() <= answers.items()
        assert 350 < len(found) == count < 500
        (part,) = cache.summary().portions
        assert (part.verb, part.model, part.answers) == ("embed", "m", count)


@dataclass(frozen=True)
class Sample:
    """A file with answers in it, and others in the log beside it, as a killed process leaves it."""

    folder: Path
    answers: dict[bytes, bytes]

    def files(self) -> list[Path]:
        return [self.folder / FILE_NAME, self.folder / f"{FILE_NAME}-wal"]


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    folder, left = tmp_path_factory.mktemp("cache"), tmp_path_factory.mktemp("left")
    dice = Random(1)
    answers = {
        dice.randbytes(32): dice.randbytes((40, 700, 6144, 40_000)[n % 4]) for n in range(120)
    }
    for some in (list(answers)[:80], list(answers)[80:]):
        cache = Cache(folder / FILE_NAME, LIMIT)
        for at in range(0, len(some), 20):
            cache.put({name: answers[name] for name in some[at : at + 20]}, "embed", f"m{at}")
        for file in folder.iterdir():
            shutil.copy(file, left)
        cache.close()
    (left / f"{FILE_NAME}-shm").unlink()
    return Sample(left, answers)


def cut(content: bytearray, at: int, _: bytes) -> None:
    del content[at:]


def overwrite(content: bytearray, at: int, other: bytes) -> None:
    content[at : at + len(other)] = other[: len(content) - at]


def repeat(content: bytearray, at: int, other: bytes) -> None:
    content[at : at + 4096] = content[: 4096 * len(other)][-4096:][: len(content) - at]


junk = st.one_of(
    st.binary(min_size=1, max_size=64),
    st.integers(1, 50_000).map(bytes),
    st.integers(0, 1 << 32).map(lambda seed: Random(seed).randbytes(5000)),
)


@given(
    which=st.sampled_from([0, 0, 1]),
    place=st.one_of(
        st.floats(0, 1), st.integers(0, 120), st.tuples(st.integers(0, 40), st.integers(0, 99))
    ),
    damage=st.sampled_from([cut, overwrite, repeat]),
    other=junk,
)
def test_a_damaged_file_never_tells_anything_wrong(
    sample: Sample,
    which: int,
    place: float | tuple[int, int],
    damage: Callable[[bytearray, int, bytes], None],
    other: bytes,
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for file in sample.files():
            shutil.copy(file, folder)
        file = Path(folder) / sample.files()[which].name
        content = bytearray(file.read_bytes())
        at = offset(place, len(content))
        damage(content, at, other)
        file.write_bytes(content)
        use(Path(folder) / FILE_NAME, sample.answers)


def offset(place: float | tuple[int, int], length: int) -> int:
    """Anywhere, in the head of the file, or in the head of a page."""
    if isinstance(place, tuple):
        return min(length - 1, place[0] * 32_768 + place[1])
    return min(length - 1, place if isinstance(place, int) else int(place * length))


def use(path: Path, answers: dict[bytes, bytes]) -> None:
    """What is found is right, and what is put again is there."""
    names = list(answers)
    with Cache(path, LIMIT, wait=1) as cache:
        for place, value in cache.find(names):
            assert value == answers[names[place]]
        cache.summary()
        cache.put(answers, "embed", "again")
        assert not cache.fault
        assert dict(cache.find(names)) == dict(enumerate(answers.values()))
        cache.clear(model="[ma]*")
        assert list(cache.find(names)) == []
        for damaged in damaged_files(path):
            rescue(cache, damaged)
        for place, value in cache.find(names):
            assert value == answers[names[place]]
