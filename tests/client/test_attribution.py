"""Which gateway learns where a call comes from, and that it is right: of a plain call, of a task
that outlives its cell, of a thread and of a batch, in a real kernel.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx2
import pandas as pd
import pytest
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

import nexhina_nb as nx
from nexhina_nb import discovery
from nexhina_nb.client import AsyncClient, Client
from nexhina_nb.origin import current_origin
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings, load
from tests.client import mock_server
from tests.client.mock_server import MockServer, serve
from tests.conftest import run_gateway
from tests.magics.kernels import Kernel, start_kernel

NOTEBOOK = "/notes/my lesson.ipynb"
HEADER = "x-nexhina-tags"


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[InteractiveShell]:
    """This program is a notebook."""
    config = Config()
    config.HistoryManager.enabled = False
    made = InteractiveShell.instance(config=config, ipython_dir=str(tmp_path / "ipython"))
    made.user_ns["__vsc_ipynb_file__"] = NOTEBOOK
    yield made
    InteractiveShell.clear_instance()


@pytest.fixture
def announced(server: MockServer) -> Iterator[MockServer]:
    """The scripted server as the gateway that runs on this machine."""
    home = load().home
    with discovery.holding(home):
        discovery.announce(
            home, discovery.Running(server.base_url, os.getpid(), Secret("sk-local"))
        )
        yield server


def told(server: MockServer) -> dict[str, list[str]]:
    """The tags of the latest call."""
    return parse_qs(server.seen[-1].headers.get(HEADER, ""))


def trusting(gateways: str) -> Settings:
    return load(trusted_gateways=gateways)


def test_the_gateway_of_this_machine_is_told(
    shell: InteractiveShell, announced: MockServer
) -> None:
    announced.play(mock_server.chat(), mock_server.stream("x"), mock_server.chat())
    with Client() as client:
        assert client.is_trusted
        client.chat("Hi")
        assert told(announced) == {"notebook": [NOTEBOOK]}
        client.chat("Hi", stream=True).read()
        assert told(announced) == {"notebook": [NOTEBOOK]}
        assert client.tags == {}

    async def main() -> None:
        async with AsyncClient() as other:
            await other.chat("Hi")

    asyncio.run(main())
    assert told(announced) == {"notebook": [NOTEBOOK]}


def test_nobody_else_is(shell: InteractiveShell, server: MockServer) -> None:
    server.play(mock_server.chat(), mock_server.chat())
    with Client(server.base_url, "k") as client:
        assert not client.is_trusted
        client.chat("Hi")
        client.with_tags(course="7").chat("Hi")
    first, second = server.seen
    assert HEADER not in first.headers
    assert second.headers[HEADER] == "course=7"
    assert "lesson" not in str([seen.headers for seen in server.seen])


def test_a_batch_tells_nobody_else(shell: InteractiveShell, server: MockServer) -> None:
    frame = pd.DataFrame({"text": ["a"]})
    server.play(mock_server.embeddings([[1.0]]))
    with Client(server.base_url, "k") as client:
        nx.embed(frame, "text", client=client, cache=False, progress=False)
    assert HEADER not in server.seen[-1].headers


@pytest.mark.parametrize("by", ["{host}", "{netloc}", "http://{netloc}/v1", "a.example, {netloc}/"])
def test_who_is_trusted_is(shell: InteractiveShell, server: MockServer, by: str) -> None:
    server.play(mock_server.chat())
    host = server.base_url.partition("//")[2].partition("/")[0]
    names = by.format(netloc=host, host=host.partition(":")[0])
    with Client(server.base_url, "k", settings=trusting(names)) as client:
        client.chat("Hi")
    assert told(server) == {"notebook": [NOTEBOOK]}


def test_the_environment_says_who(
    shell: InteractiveShell, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXHINA_TRUSTED_GATEWAYS", "127.0.0.1")
    server.play(mock_server.chat())
    with Client(server.base_url, "k") as client:
        client.chat("Hi")
    assert told(server) == {"notebook": [NOTEBOOK]}


def test_a_folder_cannot_say_who(tmp_path: Path) -> None:
    (tmp_path / "nexhina.toml").write_text('trusted_gateways = "evil.example"')
    with pytest.raises(nx.errors.ConfigError, match="not read from a working folder"):
        load(cwd=tmp_path)


def test_a_link_to_elsewhere_tells_nothing(shell: InteractiveShell, server: MockServer) -> None:
    with serve() as other:
        other.play(mock_server.Play(b"\x89PNG\r\n\x1a\n"))
        server.play(mock_server.as_json({"data": [{"url": f"{other.root}/p.png"}]}))
        with Client(server.base_url, "k", settings=trusting("127.0.0.1")) as client:
            client.image("x")
        assert HEADER not in other.seen[0].headers
    assert told(server) == {"notebook": [NOTEBOOK]}


def test_own_tags_go_first(shell: InteractiveShell, announced: MockServer) -> None:
    announced.play(mock_server.chat(), mock_server.chat())
    with Client(tags={"notebook": "mine", "x": "1"}) as client:
        client.chat("Hi")
        assert told(announced) == {"notebook": ["mine"], "x": ["1"]}


def test_tags_that_are_too_long_are_left_out(
    shell: InteractiveShell, announced: MockServer
) -> None:
    own = {"x": "y" * 1000}
    announced.play(mock_server.chat())
    with Client(tags=own) as client:
        client.chat("Hi")
    assert told(announced) == {"x": ["y" * 1000]}
    shell.user_ns["__vsc_ipynb_file__"] = "/" + "課" * 3000 + ".ipynb"
    announced.play(mock_server.chat())
    with Client() as client:
        client.chat("Hi")
    assert told(announced)["notebook"][0].endswith("課.ipynb")


def test_a_program_tells_nothing(announced: MockServer) -> None:
    assert current_origin().tags() == {}
    announced.play(mock_server.chat())
    with Client() as client:
        client.chat("Hi")
    assert HEADER not in announced.seen[-1].headers


def test_a_gateway_that_moves_is_told_only_if_it_is_this_machines(
    shell: InteractiveShell, announced: MockServer
) -> None:
    with serve() as other, Client() as client:
        home = client.settings.home
        discovery.announce(home, discovery.Running(other.base_url, os.getpid(), Secret("sk-2")))
        announced.play(mock_server.error(401, "invalid_api_key"))
        other.play(mock_server.chat())
        client.chat("Hi")
        assert told(other) == {"notebook": [NOTEBOOK]}


def test_a_callers_own_http_client_in_a_batch(shell: InteractiveShell, server: MockServer) -> None:
    server.play(mock_server.embeddings([[1.0]]))
    frame = pd.DataFrame({"text": ["a"]})
    settings = trusting("127.0.0.1")
    with (
        httpx2.Client() as http,
        Client(server.base_url, "k", http_client=http, settings=settings) as client,
    ):
        nx.embed(frame, "text", client=client, cache=False, progress=False)
    assert told(server) == {"notebook": [NOTEBOOK]}


# In a kernel, where there are cells

CELLS = {
    "plain": "import nexhina_nb as nx\nclient = nx.Client()\n_ = client.chat('hello')",
    "streamed": "_ = client.chat('hello', stream=True).read()",
    "task": """
import asyncio
async def later():
    await go_on.wait()
    async with nx.AsyncClient() as other:
        await other.chat('hello')
go_on = asyncio.Event()
task = asyncio.create_task(later())
""",
    "another": "go_on.set()\nawait task",
    "thread": """
import threading
thread = threading.Thread(target=client.chat, args=('hello',))
thread.start()
thread.join()
""",
    "batch": """
import pandas as pd
_ = nx.embed(pd.DataFrame({'text': ['a', 'b', 'c']}), 'text', batch_size=1, cache=False)
""",
    "async batch": """
async with nx.AsyncClient() as other:
    _ = nx.embed(pd.DataFrame({'text': ['a']}), 'text', client=other, cache=False)
""",
    "own": "_ = client.with_tags(cell='mine').chat('hello')",
}
CALLS = {
    "plain": 1, "streamed": 1, "task": 1, "thread": 1, "batch": 3, "async batch": 1, "mine": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Kernel, list[Any]]]:
    """A kernel that has run the cells, and the log of the gateway of its machine."""
    home = tmp_path_factory.mktemp("home")
    with (
        run_gateway(tmp_path_factory.mktemp("gateway")) as gateway,
        discovery.holding(home),
        start_kernel(home, JPY_SESSION_NAME=NOTEBOOK) as started,
    ):
        running = discovery.Running(gateway.base_url, os.getpid(), Secret(gateway.key))
        discovery.announce(home, running)
        for cell, code in CELLS.items():
            ran = started.run(code, cell=cell)
            assert ran.status == "ok", ran.error
        with Client(gateway.base_url, gateway.key) as client:
            yield started, client.logs()


def test_each_call_is_told_to_come_from_its_cell(kernel: tuple[Kernel, list[Any]]) -> None:
    _, rows = kernel
    tags = [json.loads(row["other"]).get("tags") for row in rows]
    assert {tag["notebook"] for tag in tags} == {NOTEBOOK}
    cells = [tag["cell"] for tag in tags]
    assert {cell: cells.count(cell) for cell in set(cells)} == CALLS


def test_the_report_by_cell_counts_plain_calls(kernel: tuple[Kernel, list[Any]]) -> None:
    started, _ = kernel
    assert started.run("%nexhina cost --by cell -o spent", cell="report").status == "ok"
    code = "print(dict(spent.groupby('cell')['calls'].sum()) == " + repr(CALLS) + ")"
    assert "True" in started.run(code).text
