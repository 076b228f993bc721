"""Every notebook runs from top to bottom and gives the outputs it was saved with (nbval)."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    names = ["01_quickstart", "02_logs", "03_endpoints", "04_frames"]
    assert [path.stem for path in NOTEBOOKS] == names


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path: Path, tmp_path: Path) -> None:
    if importlib.util.find_spec("nbval") is None:
        pytest.skip("nbval is not installed: install the extra 'test'")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q", str(path)]
    # A process of its own: the kernels get a home of their own, and no plugins of this run.
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "--nbval-cell-timeout", "120"],
        cwd=ROOT,
        env=os.environ | {"NEXHINA_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
