"""``nexhina cache``: what is kept, and how it is forgotten."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nexhina_nb.batch.cache import Cache, default_path
from nexhina_nb.cli import main
from nexhina_nb.settings import Settings, load

LIMIT = 1 << 30


def run(*arguments: str, code: int = 0, said: str | None = None) -> str:
    result = CliRunner().invoke(main, ["cache", *arguments], input=said)
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def fill(path: Path) -> None:
    with Cache(path, LIMIT) as cache:
        for first, model in ((0, "local/embed"), (5, "text-embedding-3-small")):
            some = {bytes([n]) * 32: bytes(2000) for n in range(first, first + 5)}
            cache.put(some, "embed", model)


@pytest.fixture
def kept() -> Path:
    """The file of the settings, with ten answers in it."""
    path = default_path(load().home)
    fill(path)
    return path


def test_the_list(kept: Path) -> None:
    lines = run().splitlines()
    assert run("list").splitlines() == lines
    assert lines[0].split() == ["verb", "model", "answers", "size", "oldest", "newest"]
    assert lines[1].split()[:5] == ["embed", "local/embed", "5", "10.0", "kB"]
    assert lines[3].split()[:2] == ["all", "10"]
    assert lines[3].endswith("of 4.3 GB")
    data = json.loads(run("list", "--json"))
    assert data["path"] == str(kept)
    assert data["limit"] == Settings().cache_mb << 20
    assert [part["answers"] for part in data["portions"]] == [5, 5]


def test_looking_makes_no_file() -> None:
    path = default_path(load().home)
    assert run() == run("clear") == run("trim") == "No answers are kept.\n"
    assert run("list", "--json") == "null\n"
    assert run("path") == f"{path}\n"
    assert not path.parent.exists()


def test_some_are_forgotten_without_a_question(kept: Path) -> None:
    assert run("clear", "--older", "7d") == "0 answers are forgotten.\n"
    assert run("clear", "--verb", "rerank") == "0 answers are forgotten.\n"
    assert run("clear", "--verb", "embed", "--model", "local/*") == "5 answers are forgotten.\n"
    assert "local/embed" not in run()


def test_before_all_are_forgotten_it_asks(kept: Path) -> None:
    assert run("clear", said="n\n", code=1).startswith("Forget all 10 answers? [y/N]")
    run("clear", said="", code=1)
    assert "all" in run()
    assert run("clear", said="y\n").endswith("10 answers are forgotten.\n")
    assert run() == "No answers are kept.\n"
    fill(kept)
    assert run("clear", "--yes") == "10 answers are forgotten.\n"


def test_another_file(tmp_path: Path) -> None:
    fill(tmp_path / "own.db")
    file = ["--file", str(tmp_path / "own.db")]
    assert "local/embed" in run("list", *file)
    assert run("clear", "--model", "local/embed", *file) == "5 answers are forgotten.\n"
    (tmp_path / "letter.txt").write_text("Dear Ada")
    refused = run("list", "--file", str(tmp_path / "letter.txt"), code=1)
    assert refused.startswith("Error: the answers of batches cannot be kept in ")
    assert len(refused.splitlines()) == 1
    assert (tmp_path / "letter.txt").read_text() == "Dear Ada"


def test_a_damaged_file_is_told(kept: Path) -> None:
    kept.write_bytes(b"no database" * 100)
    said, hint, told = run("list").splitlines()
    assert said == f"The file was damaged, and is now {kept}.damaged-1."
    assert hint == "`nexhina cache rescue` takes back what is sound in it."
    assert told == "No answers are kept."


def test_what_is_sound_in_a_damaged_file_comes_back(kept: Path) -> None:
    assert run("rescue") == ""
    content = bytearray(kept.read_bytes())
    kept.rename(f"{kept}.damaged-1")
    content[:16] = bytes(16)
    kept.with_name(f"{kept.name}.damaged-2").write_bytes(content)
    assert run("rescue").splitlines() == [
        f"10 answers are back from {kept}.damaged-1; the rest cannot be read.",
        f"0 answers are back from {kept}.damaged-2; the rest cannot be read.",
    ]
    assert run().splitlines()[1].split()[:3] == ["embed", "local/embed", "5"]


def test_a_smaller_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    path = default_path(load().home)
    with Cache(path, LIMIT) as cache:
        for first in range(4):
            cache.put({bytes([first, n]) * 16: bytes(6000) for n in range(100)}, "embed", "m")
    before = path.stat().st_size
    assert run("trim") == "0 answers are forgotten.\n"
    monkeypatch.setenv("NEXHINA_CACHE_MB", "1")
    assert run("trim").endswith("00 answers are forgotten.\n")
    assert path.stat().st_size <= 1 << 20 < before
    monkeypatch.setenv("NEXHINA_CACHE_MB", "0")  # no cache, which is no order to forget
    assert run("trim") == "0 answers are forgotten.\n"
    assert "all" in run()
