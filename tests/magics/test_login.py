"""``%nexhina login`` in a real kernel: a front end is asked, a keyring keeps the key."""

from __future__ import annotations

import pytest

from tests.client.mock_server import MockServer, stream
from tests.magics.conftest import Notebook
from tests.magics.kernels import Kernel

KEYRING = """
import keyring
from keyring.backend import KeyringBackend

class InMemory(KeyringBackend):
    priority = 1
    kept = {}
    def get_password(self, service, name): return self.kept.get((service, name))
    def set_password(self, service, name, password): self.kept[service, name] = password
    def delete_password(self, service, name): del self.kept[service, name]

keyring.set_keyring(InMemory())
"""
KEY = "sk-typed-in-secret"


def test_the_key_goes_to_the_keyring_and_nowhere_else(kernel: Kernel, server: MockServer) -> None:
    pytest.importorskip("keyring")
    assert kernel.run(KEYRING).status == "ok"
    ran = kernel.run("%nexhina login", answers=(server.root, KEY))
    assert ran.status == "ok", ran.error
    assert [question["password"] for question in ran.questions] == [True, True]
    assert KEY not in str(ran.outputs)
    assert f"cells of this kernel talk to {server.base_url}" in ran.text
    assert kernel.run("InMemory.kept").text == f"{{('nexhina', '{server.base_url}'): '{KEY}'}}"

    server.play(stream("welcome"))
    assert kernel.run("%%nexhina\nHi").text == "welcome"
    assert server.seen[-1].headers["authorization"] == f"Bearer {KEY}"
    leave = "from nexhina_nb.magics.extension import loaded\nloaded(get_ipython()).state.close()"
    kernel.run(f"{leave}\n%config Nexhina.base_url = None")


def test_no_key_changes_nothing(kernel: Kernel) -> None:
    pytest.importorskip("keyring")
    kernel.run(KEYRING)
    ran = kernel.run("%nexhina login http://127.0.0.1:9", answers=("",))
    assert ran.error["traceback"] == ["BadInput: no key was given → nothing was changed"]
    assert kernel.run("InMemory.kept").text == "{}"


def test_without_anybody_to_ask_the_environment_is_named(notebook: Notebook) -> None:
    pytest.importorskip("keyring")
    line = notebook.run("%nexhina login ftp://x").line
    assert line.startswith("ConfigError: the base URL is not an http(s) address")
