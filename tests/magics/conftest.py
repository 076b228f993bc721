"""A real shell with the magics loaded, talking to a scripted server."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from nexhina_nb.magics.extension import Nexhina, load, loaded, unload
from tests.client.mock_server import MockServer, serve
from tests.conftest import RunningGateway
from tests.magics.kernels import Kernel, start_kernel


@dataclass
class Cell:
    """What came of a cell: its value, its displays, its error."""

    value: Any = None
    outputs: list[dict[str, Any]] = field(default_factory=list)
    error: BaseException | None = None

    @property
    def data(self) -> dict[str, Any]:
        """The data of the first display."""
        found: dict[str, Any] = self.outputs[0]["data"]
        return found

    @property
    def facts(self) -> dict[str, Any]:
        """The metadata of the first display."""
        found: dict[str, Any] = self.outputs[0]["metadata"]["nexhina"]
        return found

    @property
    def line(self) -> str:
        """The one line that the error shows."""
        assert self.error is not None
        (line,) = self.error._render_traceback_()  # type: ignore[attr-defined]
        return str(line)


@dataclass
class Notebook:
    """The shell as a test uses it."""

    shell: InteractiveShell
    magics: Nexhina

    @property
    def names(self) -> dict[str, Any]:
        """The user's variables."""
        found: dict[str, Any] = self.shell.user_ns
        return found

    def run(self, code: str) -> Cell:
        """Run a cell whose displays are captured."""
        publisher, self.shell.display_pub = self.shell.display_pub, CapturingDisplayPublisher()
        try:
            result = self.shell.run_cell(code)
            outputs = self.shell.display_pub.outputs
        finally:
            self.shell.display_pub = publisher
        return Cell(result.result, outputs, result.error_in_exec or result.error_before_exec)


@pytest.fixture(scope="session")
def shell(tmp_path_factory: pytest.TempPathFactory) -> InteractiveShell:
    config = Config()
    config.HistoryManager.enabled = False
    config.IPCompleter.use_jedi = False
    folder = str(tmp_path_factory.mktemp("ipython"))
    return InteractiveShell(config=config, ipython_dir=folder)


@pytest.fixture
def notebook(
    shell: InteractiveShell, server: MockServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Notebook]:
    """A shell without variables, the magics loaded, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    before, config = set(shell.user_ns), copy.deepcopy(shell.config)
    load(shell)
    magics = loaded(shell)
    assert magics is not None
    InteractiveShell._instance = shell  # what `get_ipython` finds, as in a notebook
    yield Notebook(shell, magics)
    InteractiveShell.clear_instance()
    unload(shell)
    for name in shell.user_ns.keys() - before:
        del shell.user_ns[name]
    shell.config = config  # `%config` writes into it


@pytest.fixture(scope="session")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    """A real kernel with the magics loaded, and a home of its own."""
    with start_kernel(tmp_path_factory.mktemp("home")) as started:
        yield started


@pytest.fixture
def server() -> Iterator[MockServer]:
    with serve() as running:
        yield running


@pytest.fixture
def online(
    notebook: Notebook, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Notebook]:
    """The notebook, with the scripted server as its gateway."""
    monkeypatch.setenv("NEXHINA_BASE_URL", server.base_url)
    monkeypatch.setenv("NEXHINA_API_KEY", "sk-very-secret")
    yield notebook
    notebook.magics.state.close()


@pytest.fixture
def served(
    notebook: Notebook, shared_gateway: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Notebook]:
    """The notebook, with a real gateway and its built-in engines."""
    monkeypatch.setenv("NEXHINA_BASE_URL", shared_gateway.base_url)
    monkeypatch.setenv("NEXHINA_API_KEY", shared_gateway.key)
    yield notebook
    notebook.magics.state.close()
