"""An error of a magic stops every runner of notebooks, with one line: nbclient and nbval."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tests.client.mock_server import MockServer, stream
from tests.magics.kernels import environment

LOAD = "%load_ext nexhina_nb"
BAD = "%%nexhina --temprature 1\nHi"
GOOD = "%%nexhina\nHi"
AFTER = "print('after')"


def test_nbclient_stops_at_the_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    for name, value in environment(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    notebook = new_notebook(cells=[new_code_cell(code) for code in (LOAD, BAD, AFTER)])
    with pytest.raises(nbclient.exceptions.CellExecutionError):
        nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    (output,) = notebook.cells[1].outputs
    assert output.output_type == "error"
    assert len(output.traceback) == 1
    assert output.traceback[0].startswith("BadInput: chat has no option --temprature → did you")
    assert notebook.cells[2].outputs == []


def test_nbval_sees_the_error_and_compares_the_answer(tmp_path: Path, server: MockServer) -> None:
    shown = new_output(
        "display_data", {"text/markdown": "Good **day**", "text/plain": "Good **day**"}
    )
    cells = [
        new_code_cell(LOAD, execution_count=1),
        new_code_cell(GOOD, execution_count=2, outputs=[shown]),
        new_code_cell(BAD, execution_count=3),
    ]
    path = tmp_path / "lesson.ipynb"
    nbformat.write(new_notebook(cells=cells), path)
    server.play(stream("Good ", "**day**"))
    env = environment(tmp_path / "home", NEXHINA_BASE_URL=server.base_url, NEXHINA_API_KEY="sk-x")
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "-q"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", str(path)],
        cwd=tmp_path, env=env, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1 failed, 2 passed" in done.stdout, done.stdout + done.stderr
    assert "BadInput: chat has no option --temprature" in done.stdout
