"""`nexhina demo` does what it says, for real, in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from nexhina_nb import discovery
from nexhina_nb.demo import tickets
from nexhina_nb.settings import load


def test_the_whole_story(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nexhina_nb", "demo", "--plot", "map.png"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "They agree, to the unit." in done.stdout
    assert done.stderr == ""
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")
    assert not load().home.exists()  # it leaves the user's own home alone
    assert discovery.find(load().home) is None


def test_the_tickets_are_sixteen_in_four_topics() -> None:
    rows = tickets()
    assert len({row["text"] for row in rows}) == 16
    assert {row["topic"] for row in rows} == {"billing", "crash", "login", "shipping"}
