"""A real JupyterLab, started by `nexhina lab`, in a real Chromium.

``NEXHINA_TEST_PYTHON`` names the interpreter of another environment whose JupyterLab is tested
instead of this one's; ``NEXHINA_TEST_SCREENSHOTS`` a folder that keeps the pictures.

A page may ask nothing of any other machine, and its console may hold no error: the fixture `page`
checks both when a test ends.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest

FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)
LAB_OPTIONS = (
    "--allow-root",
    "--IdentityProvider.token=visitor",
    "--ServerApp.port_retries=0",
    "--LabApp.expose_app_in_browser=True",
    "--LabApp.extension_manager=readonly",
)
# Far longer than anything takes here: it only tells a page that hangs from one that is slow.
PATIENCE = 30_000


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address, its folder of notebooks, its log."""

    url: str
    folder: Path
    log: Path

    def write(self, name: str, *cells: str) -> str:
        """A notebook of these code cells; its name."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
        )
        nbformat.write(notebook, self.folder / name)
        return name


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter whose JupyterLab is tested."""
    # Not resolved: in a virtual environment it is a link to another one's.
    return str(Path(os.environ.get("NEXHINA_TEST_PYTHON", sys.executable)).absolute())


@pytest.fixture(scope="session")
def lab(python: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """`nexhina lab` in an empty home, with the gateway running."""
    home = tmp_path_factory.mktemp("lab")
    folder = home / "work"
    folder.mkdir()
    _silence_news(home / "settings")
    port, log = _free_port(), home / "lab.log"
    command = [python, "-P", "-m", "nexhina_nb", "lab", "--no-browser", "--port", str(port)]
    with log.open("wb") as out:
        server = subprocess.Popen(
            [*command, "--", *LAB_OPTIONS],
            cwd=folder, env=_environ(home), stdout=out, stderr=out,
        )  # fmt: skip
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(f"{url}/nexhina/api/status?token=visitor", server, log)
        yield Lab(url, folder, log)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


# Not for the session: as long as it is open, this thread has a running loop, in which no other test
# can have its own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium of the system."""
    playwright = pytest.importorskip("playwright.sync_api", reason="install the extra 'test'")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("Chromium is not installed")
    playwright.expect.set_options(timeout=PATIENCE)
    with playwright.sync_playwright() as engines:
        started = engines.chromium.launch(executable_path=chromium, args=FLAGS.split())
        yield started
        started.close()


@pytest.fixture
def page(browser: Any, lab: Lab) -> Iterator[Any]:
    """A fresh page, logged in."""
    context = browser.new_context(viewport={"width": 1280, "height": 860}, device_scale_factor=1)
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    strangers, broken = [], []
    opened.on("request", lambda request: strangers.append(request.url))
    opened.on("pageerror", lambda error: broken.append(str(error)))
    opened.goto(f"{lab.url}/login?next=%2Fapi&token=visitor")
    yield opened
    # What JupyterLab says when its kernel goes away is no matter of ours.
    found = list(broken)
    # A kernel for every test would fill the memory of a small machine.
    opened.evaluate("window.jupyterapp?.serviceManager.sessions.shutdownAll().then(() => null)")
    context.close()
    own = (lab.url, "data:", "blob:", lab.url.replace("http", "ws", 1))
    assert [url for url in strangers if not url.startswith(own)] == []
    assert found == []


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go."""
    named = os.environ.get("NEXHINA_TEST_SCREENSHOTS")
    folder = Path(named).absolute() if named else tmp_path_factory.mktemp("pictures")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _environ(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEXHINA_")}
    return kept | {
        "HOME": str(home),
        "NEXHINA_HOME": str(home / "nexhina"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }


def _silence_news(settings: Path) -> None:
    # Its pop-up would cover the status bar, and its feed is on the internet.
    folder = settings / "@jupyterlab" / "apputils-extension"
    folder.mkdir(parents=True)
    (folder / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            assert server.poll() is None, log.read_text()
            time.sleep(0.1)
        else:
            return
    raise AssertionError(log.read_text())
