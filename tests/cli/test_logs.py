"""``nexhina logs export``: the log as a file."""

from __future__ import annotations

import re
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from nexhina_nb.analysis.frames import logs
from nexhina_nb.cli import main
from nexhina_nb.settings import load
from tests.analysis.rows import row, write_store


def run(*arguments: str, code: int = 0) -> Result:
    result = CliRunner().invoke(main, ["logs", "export", *arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = load().home
    home.mkdir()
    write_store(home / "nexhina.db", [row(n, model_name=f"m{n % 2}") for n in range(1, 11)])
    return home


@pytest.mark.parametrize("suffix", ["parquet", "csv"])
def test_there_and_back(home: Path, tmp_path: Path, suffix: str) -> None:
    file = tmp_path / f"log.{suffix}"
    assert re.fullmatch(r"10 rows, \d+ (bytes|KB): .*log\.\w+\n", run(str(file)).output)
    columns = ["id", "created_at", "model_name", "quota", "seconds", "type"]
    exported = logs(file).select(columns).collect()
    assert exported.equals(logs().select(columns).collect())
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir()) == ["home", file.name]


def test_a_part_of_it(home: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "x.parquet")
    assert run(file, "--model", "m1", "--model", "x*").output.startswith("5 rows")
    assert run(file, "--key", "nobody", "--force").output.startswith("0 rows")
    assert run(file, "--since", "2026-01-01", "--until", "2026-01-02", "--force").output.startswith(
        "0"
    )
    url = write_store(tmp_path / "other.db", [row()])
    assert run(file, "--store", url, "--force").output.startswith("1 rows")


def test_refusals_are_one_line(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "x.csv"
    file.write_text("mine")
    for arguments, words in (
        ([str(file)], "is there already → another name, or --force"),
        ([str(tmp_path / "x.xlsx")], "unknown kind of file"),
        ([str(tmp_path / "no" / "x.csv")], "cannot be written"),
        ([str(tmp_path / "y.csv"), "--since", "soon"], "is not a moment"),
        ([str(tmp_path / "y.csv"), "--store", f"sqlite:///{tmp_path}/no.db"], "there is no store"),
    ):
        output = run(*arguments, code=1).output
        assert output.startswith("Error: ")
        assert words in output
        assert len(output.splitlines()) == 1
    assert file.read_text() == "mine"
    assert not (tmp_path / "y.csv").exists()
