"""`nexhina lab`: what it opens, what it says, and a real start that is reached and ended."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner

from nexhina_nb import discovery
from nexhina_nb.cli import main
from nexhina_nb.cli.front_end import NAME, find_front_end
from nexhina_nb.cli.lab import (
    FIRST,
    TOUR_FOLDER,
    announcement,
    command,
    copy_tour,
    environment,
    split_arguments,
)
from nexhina_nb.errors import BadInput, ConfigError
from nexhina_nb.settings import load


@pytest.fixture(autouse=True)
def _working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")


def test_the_tour_is_copied_once_and_stays_the_users() -> None:
    first = copy_tour(Path.cwd())
    assert first == Path.cwd() / TOUR_FOLDER / FIRST
    assert json.loads(first.read_text(encoding="utf-8"))["cells"]
    first.write_text("mine")
    assert copy_tour(Path.cwd()) == first
    assert first.read_text() == "mine"
    first.unlink()
    assert copy_tour(Path.cwd()).stat().st_size > 100


def test_a_folder_that_cannot_be_written_to() -> None:
    Path(TOUR_FOLDER).touch()
    with pytest.raises(ConfigError, match="tour cannot be copied"):
        copy_tour(Path.cwd())


@pytest.mark.parametrize(
    ("arguments", "path", "rest"),
    [
        ([], None, []),
        (["--debug"], None, ["--debug"]),
        (["."], Path("."), []),
        ([".", "--debug", "--ip=x"], Path("."), ["--debug", "--ip=x"]),
    ],
)
def test_arguments(arguments: list[str], path: Path | None, rest: list[str]) -> None:
    assert split_arguments(arguments) == (path, rest)


def test_nothing_there() -> None:
    with pytest.raises(BadInput, match=r"there is no none\.ipynb"):
        split_arguments(["none.ipynb"])


def option(words: list[str], name: str) -> str:
    (found,) = [word.partition("=")[2] for word in words if word.startswith(f"{name}=")]
    return found


@pytest.mark.parametrize(
    ("shown", "root", "url"),
    [
        ("a b.ipynb", ".", "/lab/tree/a%20b.ipynb"),
        ("below/ü.ipynb", ".", "/lab/tree/below/%C3%BC.ipynb"),
        ("../elsewhere.ipynb", "..", "/lab/tree/elsewhere.ipynb"),
        ("below", "below", "/lab"),
    ],
)
def test_where_jupyterlab_starts(shown: str, root: str, url: str) -> None:
    Path("below").mkdir()
    words = command(Path(shown), ["--debug"])
    assert option(words, "--ServerApp.root_dir") == os.path.abspath(root)
    assert option(words, "--LabApp.default_url") == url
    assert words[:4] == [sys.executable, "-P", "-m", "jupyterlab"]
    assert words[-1] == "--debug"


def test_kernels_share_one_home_wherever_the_notebook_lies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXHINA_HOME", "here")
    told = environment(load())
    assert told["NEXHINA_HOME"] == str(Path.cwd() / "here")
    assert told["NEXHINA_AUTOSTART"] == "1"


def test_what_is_said(tmp_path: Path) -> None:
    assert announcement(Path("x.ipynb"), load(), tmp_path) == [
        "JupyterLab opens x.ipynb. The gateway starts with it, and ends with it."
    ]
    there, missing = announcement(Path("x"), load(base_url="https://host/v1"), None)
    assert there == "JupyterLab opens x. Cells talk to https://host/v1: a base URL is set."
    assert "Node.js" in missing
    assert "install nexhina_nb again" in missing
    assert missing.endswith("Everything else works.")


def test_the_front_end_is_found_where_jupyterlab_looks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "labextensions" / NAME
    assert find_front_end([str(tmp_path / "labextensions")]) is None
    folder.mkdir(parents=True)
    (folder / "package.json").touch()
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    assert find_front_end() == folder
    said = CliRunner().invoke(main, ["doctor"]).output
    assert f"front end   {folder}\n" in said


def test_without_jupyterlab(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jupyterlab", None)  # as if it were not installed
    result = CliRunner().invoke(main, ["lab"])
    assert result.exit_code == 1
    assert "pip install 'nexhina_nb[lab]'" in result.output
    assert not Path(TOUR_FOLDER).exists()


def eventually(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    """What the condition gives once it holds."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_real_start(how: signal.Signals, tmp_path: Path) -> None:
    words = ["lab", "--no-browser", "--port", "0", "--", "--allow-root"]
    jupyter = {
        f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in ("CONFIG", "DATA", "RUNTIME")
    }
    output = tmp_path / "output"
    with (
        output.open("wb") as file,
        subprocess.Popen(
            [sys.executable, "-m", "nexhina_nb", *words],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=os.environ | jupyter | {"HOME": str(tmp_path)},
        ) as lab,
    ):
        try:
            url = httpx2.URL(eventually(lambda: address(output, lab)))
            assert url.path == f"/lab/tree/{TOUR_FOLDER}/{FIRST}"
            status = eventually(lambda: running(url))
            assert status["owned"] is True
            assert discovery.is_alive(status["pid"])
            assert httpx2.get(url, timeout=30).status_code == 200
            lab.send_signal(how)
            assert lab.wait(60) == (0 if how is signal.SIGTERM else -signal.SIGKILL)
        finally:
            lab.kill()
    # Killed, the server can end nothing itself: the gateway sees that it is gone.
    eventually(lambda: not discovery.is_alive(status["pid"]))
    eventually(lambda: discovery.find(load().home) is None)


def address(output: Path, lab: subprocess.Popen[bytes]) -> str | None:
    """Where JupyterLab says that it listens, with its token."""
    text = output.read_text(encoding="utf-8")
    assert lab.poll() is None, text
    found = re.search(r"http://127\.0\.0\.1:\S+token=\S+", text)
    return found[0] if found else None


def running(url: httpx2.URL) -> Any:
    """The status of the extension, once the gateway runs."""
    try:
        reply = httpx2.get(url.copy_with(raw_path=b"/nexhina/api/status?" + url.query), timeout=30)
    except httpx2.TransportError:
        return None
    status = reply.json()
    return status if status["state"] == "running" else None
