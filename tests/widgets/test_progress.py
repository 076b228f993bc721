"""Progress where it is watched and where it is not: a real kernel, a real terminal, nbclient."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from nexhina_nb.batch.progress import Progress
from nexhina_nb.widgets import figures
from nexhina_nb.widgets.progress import shown
from tests.magics.kernels import Kernel, environment, start_kernel

BATCH = """
import threading, time
from nexhina_nb.batch.progress import Progress
from nexhina_nb.widgets.progress import shown

def work(report):
    for row in range(1, 31):
        figures = {"sent": row, "tokens": 9 * row, "quota": 700 * row, "seconds": 0.02 * row}
        report(Progress(30, row, cached=3, **figures))
        time.sleep(0.02)

with shown("embed") as report:
    worker = threading.Thread(target=work, args=(report,))
    worker.start()
    worker.join()
    END
"""
FINAL = "✓ embed done · 30 rows · 3 from cache · 270 tokens · $0.042 · 0.6 s"


def batch(end: str = "pass") -> str:
    return BATCH.replace("END", end)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    with start_kernel(tmp_path_factory.mktemp("home")) as started:
        yield started


def test_a_notebook_gets_a_bar_and_keeps_a_line(kernel: Kernel) -> None:
    shown: list[dict[str, str]] = []
    ran = kernel.run(
        batch(),
        on_output=lambda ran: shown.append(dict(ran.outputs[0]["data"]) if ran.outputs else {}),
    )
    widget = "application/vnd.jupyter.widget-view+json"
    assert ran.status == "ok"
    first = next(data for data in shown if widget in data)  # first the widget …
    text = first["text/plain"]  # … which is a text where there are no widgets …
    assert re.fullmatch(r"embed: \d+ / 30 · 3 from cache .*, about \$[\d.]+ to come( ·.*)?", text)
    (output,) = ran.outputs
    assert widget not in output["data"]  # … and at the end a line, which a saved notebook keeps
    assert output["data"]["text/plain"] == FINAL
    assert "<span>$</span>0.042" in output["data"]["text/html"]


def test_the_widgets_of_a_bar_are_closed(kernel: Kernel) -> None:
    kernel.run(batch())
    left = kernel.run("from ipywidgets.widgets.widget import _instances; len(_instances)")
    assert left.text == "0"


@pytest.mark.parametrize(
    ("end", "sign", "word"),
    [
        ("raise KeyboardInterrupt", "■", "stopped"),
        ("raise __import__('nexhina_nb').errors.BudgetExceeded('over')", "■", "stopped"),
        ("1 / 0", "✗", "failed"),
    ],
)
def test_how_it_ended_is_said(kernel: Kernel, end: str, sign: str, word: str) -> None:
    ran = kernel.run(batch(end))
    assert ran.status == "error"
    assert ran.outputs[0]["data"]["text/plain"].startswith(f"{sign} embed {word} · 30 rows")


def test_nothing_is_shown_where_nobody_watches(kernel: Kernel) -> None:
    assert kernel.run(batch(), store_history=False).outputs == []
    assert kernel.run(batch().replace('("embed")', '("embed", enabled=False)')).outputs == []
    silent = kernel.run("with shown('embed') as report:\n    pass")
    assert (silent.status, silent.outputs) == ("ok", [])


def test_nbclient_keeps_no_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient = pytest.importorskip("nbclient")
    from nbformat.v4 import new_code_cell, new_notebook

    for name, value in environment(tmp_path / "home").items():
        monkeypatch.setenv(name, value)
    notebook = new_notebook(cells=[new_code_cell(batch())])
    nbclient.NotebookClient(notebook, kernel_name="python3", timeout=60).execute()
    assert notebook.cells[0].outputs == []


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_gets_a_line(tmp_path: Path) -> None:
    import pty

    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", batch()]
    env = environment(tmp_path) | {"TERM": "xterm", "COLUMNS": "120"}
    done = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=theirs)
    os.close(theirs)
    written = b"".join(iter(lambda: _read(ours), b"")).decode()
    os.close(ours)
    out, _ = done.communicate(timeout=30)
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written)
    assert (done.returncode, out) == (0, b"")
    assert re.search(r"embed .*━.* \d+ / 30 · 3 from cache", plain)
    assert plain.rstrip().endswith(FINAL)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 4096)
    except OSError:  # the other side has closed it
        return b""


def test_a_script_gets_nothing_and_loads_nothing(tmp_path: Path) -> None:
    program = batch() + "\nimport sys; print({'IPython', 'ipywidgets', 'rich'} & set(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env=environment(tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == ("set()\n", "")


def test_errors_come_through() -> None:
    with pytest.raises(ZeroDivisionError), shown("embed"):
        _ = 1 / 0


def test_figures_while_it_runs() -> None:
    progress = Progress(
        5000, 1200, failed=2, cached=300, sent=9, tokens=44120, quota=450, seconds=3
    )
    assert figures.running(progress) == (
        "1,200 / 5,000 · 300 from cache · 2 failed · 300 rows/s · 44,120 tokens · "
        "$0.0009, about $0.0038 to come · 13 s left"
    )
    assert figures.running(Progress(10)) == "0 / 10"
    hedged = Progress(10, 10, retries=3, hedged=2, quota=450)
    assert figures.running(hedged) == "10 / 10 · 3 tried again · 2 asked twice · $0.0009"


def test_the_money_to_come_is_what_the_rows_before_cost() -> None:
    assert Progress(10, 4, cached=2, quota=100).usd_to_come == Decimal("0.0006")
    assert Progress(10, 4, cached=2, failed=6, quota=100).usd_to_come == 0
    assert Progress(10, 4, cached=4).usd_to_come is None
    assert Progress(10, 4).usd_to_come is None
    assert Progress(10, 0, cached=0, quota=0).usd_to_come is None
    assert figures.running(Progress(300, 100, quota=78_000_000)).endswith(
        "$156.00, about $312.00 to come"
    )


def test_figures_at_the_end() -> None:
    assert figures.final(Progress(1, 1, cached=1), "done") == "done · 1 row · 1 from cache"
    assert figures.final(Progress(10, 4, sent=2, seconds=200), "stopped") == (
        "stopped · 4 of 10 rows · 3 min 20 s"
    )
    assert figures.sign(Progress(2, 1, failed=1), "done") == "⚠"
    assert figures.sign(Progress(2, 2), "done") == "✓"
    late = Progress(10, 4, sent=2, seconds=3, is_late=True)
    assert figures.sign(late, "done") == "⚠"
    assert figures.final(late, "done") == "done · 4 of 10 rows · 3.0 s · the deadline came first"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.04, "0.0 s"), (9.94, "9.9 s"), (9.96, "10 s"), (59.6, "1 min 0 s"), (7500, "2 h 5 min")],
)
def test_durations(seconds: float, words: str) -> None:
    assert figures.duration(seconds) == words
