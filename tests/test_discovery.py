"""The discovery file: private, whole, and never a ghost."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from nexhina_nb import discovery
from nexhina_nb.discovery import Running
from nexhina_nb.secret import Secret


def _running(pid: int | None = None) -> Running:
    return Running("http://127.0.0.1:1/v1", pid or os.getpid(), Secret("sk-x"), "sqlite:///x")


def test_round_trip(tmp_path: Path) -> None:
    path = discovery.announce(tmp_path / "new", _running())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert discovery.find(tmp_path / "new") == _running()
    discovery.withdraw(tmp_path / "new", os.getpid() + 1)
    assert path.exists()
    discovery.withdraw(tmp_path / "new", os.getpid())
    assert discovery.find(tmp_path / "new") is None
    discovery.withdraw(tmp_path / "new", os.getpid())


def test_a_dead_process_is_no_gateway(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    discovery.announce(tmp_path, _running(process.pid))
    assert discovery.find(tmp_path) is None


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"base_url": 1}', '{"pid": "x"}', "null"])
def test_a_broken_file_is_no_gateway(text: str, tmp_path: Path) -> None:
    (tmp_path / discovery.FILE_NAME).write_text(text)
    assert discovery.find(tmp_path) is None
    discovery.withdraw(tmp_path, 1)


def test_nobody_has_number_zero() -> None:
    assert not discovery.is_alive(0)
    assert discovery.is_alive(os.getpid())
