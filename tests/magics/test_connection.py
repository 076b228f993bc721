"""Which gateway the cells talk to, with which key, and what it learns of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from urllib.parse import parse_qs

import pytest

from nexhina_nb import discovery
from nexhina_nb.secret import Secret
from tests.client.mock_server import MockServer, serve, stream
from tests.magics.conftest import Notebook


@pytest.fixture(autouse=True)
def _held(notebook: Notebook) -> Iterator[None]:
    """What is announced counts only while somebody holds the home."""
    with discovery.holding(notebook.magics.settings().home):
        yield


def announce(notebook: Notebook, server: MockServer, key: str) -> None:
    """Let the scripted server be the gateway that runs on this machine."""
    running = discovery.Running(server.base_url, os.getpid(), Secret(key))
    discovery.announce(notebook.magics.settings().home, running)


def test_the_gateway_of_this_machine_is_found_and_told(
    notebook: Notebook, server: MockServer
) -> None:
    announce(notebook, server, "sk-local")
    notebook.names["__vsc_ipynb_file__"] = "/notes/my lesson.ipynb"
    server.play(stream("x"))
    assert notebook.run("%%nexhina\nHi").error is None
    headers = server.seen[-1].headers
    assert headers["authorization"] == "Bearer sk-local"
    assert parse_qs(headers["x-nexhina-tags"]) == {"notebook": ["/notes/my lesson.ipynb"]}


def test_cells_share_a_client_until_something_changes(
    notebook: Notebook, server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def client() -> object:
        server.play(stream("x"))
        assert notebook.run("%%nexhina\nHi").error is None
        assert notebook.magics.state.connection is not None
        return notebook.magics.state.connection[1]

    announce(notebook, server, "sk-local")
    first = client()
    assert client() is first
    monkeypatch.setenv("NEXHINA_TIMEOUT", "7")
    second = client()
    assert second is not first
    announce(notebook, server, "sk-other")
    third = client()
    assert third is not second
    assert server.seen[-1].headers["authorization"] == "Bearer sk-other"


def test_a_gateway_that_moved_is_followed(notebook: Notebook, server: MockServer) -> None:
    with serve() as other:
        announce(notebook, other, "sk-local")
        other.play(stream("old"))
        assert notebook.run("%%nexhina\nHi").data["text/plain"] == "old"
        announce(notebook, server, "sk-local")
        server.play(stream("new"))
        assert notebook.run("%%nexhina\nHi").data["text/plain"] == "new"


def test_a_gateway_that_is_gone_is_missed(notebook: Notebook, server: MockServer) -> None:
    announce(notebook, server, "sk-local")
    server.play(stream("x"))
    assert notebook.run("%%nexhina\nHi").error is None
    (notebook.magics.settings().home / discovery.FILE_NAME).unlink()
    assert notebook.run("%%nexhina\nHi").line.startswith("GatewayNotRunning: ")


def test_an_address_that_is_set_goes_first(notebook: Notebook, server: MockServer) -> None:
    with serve() as other:
        announce(notebook, other, "sk-local")
        notebook.run(f"%config Nexhina.base_url = '{server.base_url}'")
        server.play(stream("x"))
        assert notebook.run("%%nexhina\nHi").error is None
        assert other.seen == []
    assert "authorization" not in server.seen[-1].headers
    shown = repr(notebook.run("%nexhina gateway status").value)
    assert f"Cells talk to {server.base_url}: a base URL is set." in shown


def test_an_interrupt_anywhere_is_one_line(online: Notebook) -> None:
    class Slow:
        def __str__(self) -> str:
            raise KeyboardInterrupt

    online.names["slow"] = Slow()
    assert online.run("%%nexhina\n{{slow}}").line == "Stopped: the call was stopped"


def test_a_gateway_elsewhere_is_told_if_it_is_trusted(online: Notebook, server: MockServer) -> None:
    online.names["__vsc_ipynb_file__"] = "/notes/lesson.ipynb"
    server.play(stream("x"), stream("x"))
    assert online.run("%%nexhina\nHi").error is None
    assert "x-nexhina-tags" not in server.seen[-1].headers
    online.run("%config Nexhina.trusted_gateways = '127.0.0.1'")
    assert online.run("%%nexhina\nHi").error is None
    tags = parse_qs(server.seen[-1].headers["x-nexhina-tags"])
    assert tags == {"notebook": ["/notes/lesson.ipynb"]}
