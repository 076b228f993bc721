"""The progress of a video, where somebody looks."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from typing import Any

from nbclient import NotebookClient
from nbformat import v4

from nexhina_nb.client.watching import watcher
from tests.conftest import RunningGateway

PROGRAM = """
import nexhina_nb as nx
client = nx.Client("{url}", "{key}")
job = client.video("a red circle", seconds=1, size="128x96").wait()
print("made", job.status)
"""


def program(gateway: RunningGateway) -> str:
    return PROGRAM.format(url=gateway.base_url, key=gateway.key)


def test_a_script_shows_nothing(capfd: Any) -> None:
    assert watcher() is None


def test_a_terminal_shows_a_line(shared_gateway: RunningGateway) -> None:
    master, slave = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", program(shared_gateway)],
        stdout=subprocess.PIPE, stderr=slave, text=True, check=True, timeout=60,
    )  # fmt: skip
    os.close(slave)
    told = os.read(master, 65_536).decode()
    os.close(master)
    assert done.stdout == "made completed\n"
    assert told.count("\r") > 1
    assert "completed" in told
    assert told.endswith("\r\n")


def test_a_cell_shows_an_output_that_changes(shared_gateway: RunningGateway) -> None:
    book = v4.new_notebook(cells=[v4.new_code_cell(program(shared_gateway))])
    NotebookClient(book, timeout=60).execute()
    shown, printed = book.cells[0].outputs
    assert shown.output_type == "display_data"
    assert shown.data["text/plain"].endswith(": completed")
    assert printed.text == "made completed\n"
