"""``%nexhina keys``, ``channels``, ``class`` and so on, on the store of this machine's gateway."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from nexhina_nb import discovery
from nexhina_nb.client import Client
from nexhina_nb.magics import verbs
from nexhina_nb.magics.options import Administration
from nexhina_nb.secret import Secret
from nexhina_nb.settings import load
from nexhina_nb.store.db import default_url, open_store
from nexhina_nb.store.tables import users
from tests.conftest import RunningGateway
from tests.magics.conftest import Cell, Notebook
from tests.magics.kernels import start_kernel
from tests.magics.test_complete import offers

KEY = re.compile(r"sk-\w{48}")
ADMINISTRATION = [verb.name for verb in verbs.VERBS if verb.args is Administration]


def shown(cell: Cell) -> list[str]:
    assert cell.error is None, cell.error
    return [output["data"]["text/plain"] for output in cell.outputs]


@pytest.fixture
def beside(notebook: Notebook, gateway: RunningGateway) -> Iterator[Notebook]:
    """A notebook beside a running gateway, whose store is not that of the home."""
    home = notebook.magics.settings().home
    with discovery.holding(home):
        key, url = Secret(gateway.key), gateway.store.url
        discovery.announce(home, discovery.Running(gateway.base_url, os.getpid(), key, url))
        yield notebook
        notebook.magics.state.close()


def test_a_key_is_shown_once_and_opens_the_running_gateway(
    beside: Notebook, gateway: RunningGateway
) -> None:
    made = beside.run("%nexhina keys create --name ada --usd 1.00")
    assert made.value is None
    key, remark = shown(made)
    assert KEY.fullmatch(key)
    assert "`-o VAR` would have kept it out" in remark
    with Client(gateway.base_url, key) as client:
        assert client.usage().name == "ada"
    listed = beside.run("%nexhina keys list")
    assert "<table>" in listed.data["text/html"]
    assert "ada" in listed.data["text/plain"]
    assert key not in str(listed.outputs)


def test_a_key_in_a_variable_is_not_shown(
    beside: Notebook, gateway: RunningGateway, capsys: pytest.CaptureFixture[str]
) -> None:
    beside.names["who"] = "ada lovelace"
    assert shown(beside.run('%nexhina keys create --name "{{who}}" --usd=1 -o key')) == []
    assert capsys.readouterr().out == ""
    key = beside.names["key"]
    assert repr(key) == "<set>"
    with Client(gateway.base_url, key) as client:
        assert client.usage().name == "ada lovelace"
    refused = beside.run("%nexhina keys create --name b --usd 1 --json -o key").line
    assert refused == "BadInput: -o and --json do not go together → leave one of them out"


def test_codes_in_a_variable_are_masked(beside: Notebook) -> None:
    words = "class create --students 2 --usd 0.50 --name spring"
    assert shown(beside.run(f"%nexhina {words} -o codes")) == []
    frame = beside.names["codes"]
    assert list(frame.columns) == ["student", "code", "usd"]
    texts = [code.reveal() for code in frame["code"]]
    assert len(set(texts)) == 2
    assert "<set>" in repr(frame)
    assert not any(text in repr(frame) + frame.to_html() for text in texts)

    table, remark = shown(beside.run("%nexhina class create --students 1 --usd 1 --name autumn"))
    assert table.splitlines()[0].split() == ["student", "code", "usd"]
    assert "<set>" not in table
    assert "not to be had again" in remark
    beside.run("%nexhina class list -o classes")
    assert list(beside.names["classes"]["class"]) == ["spring", "autumn"]


def test_what_is_said_goes_to_the_output(
    beside: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    beside.run("%nexhina groups set students --ratio 0.8")
    assert capsys.readouterr().out == "The group students is there.\n"
    (remark,) = shown(beside.run("%nexhina groups remove students -o x"))
    assert remark == "[There was nothing to put into x.]"
    assert "x" not in beside.names


def test_without_a_gateway_the_store_of_the_home_is_used(
    notebook: Notebook, capsys: pytest.CaptureFixture[str]
) -> None:
    shown(notebook.run("%nexhina keys create --name ada --usd 1 -o key"))
    assert shown(notebook.run("%nexhina verify")) == []
    assert capsys.readouterr().out == "Every balance is the sum of its entries.\n"
    store = open_store(default_url(load().home))
    with store.writing() as connection:
        connection.execute(update(users).values(quota=7))
    store.close()
    assert notebook.run("%nexhina verify").line == (
        "NexhinaError: `nexhina verify` found something wrong → it is said above"
    )
    assert "stored 7, by the entries 500000" in capsys.readouterr().out


def test_a_gateway_elsewhere_is_not_this_one(beside: Notebook, gateway: RunningGateway) -> None:
    beside.run("%config Nexhina.base_url = 'https://gateway.example'")
    line = beside.run("%nexhina keys list").line
    assert line.startswith("BadInput: cells talk to https://gateway.example/v1, and this verb is")
    beside.run(f"%config Nexhina.base_url = '{gateway.base_url}/'")
    assert beside.run("%nexhina keys list").data["text/plain"].startswith("id  name")


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("keys create --nme x", "--nme"),
        ("keys create --usd 1", "Missing option '--name' → `%nexhina keys create --help` lists"),
        ("keys create --name x", "say what the key may spend → either --usd 1.00 or --unlimited"),
        ("keys create --name x --usd lots", "'lots' is not an amount in USD"),
        ("keys frobnicate", "No such command 'frobnicate'"),
        ("keys revoke", "Missing argument 'ID'"),
        ("keys revoke 99", "there is no key 99"),
        ("keys list -o 3", "-o cannot be '3'"),
    ],
)
def test_errors_are_one_line(notebook: Notebook, line: str, told: str) -> None:
    failed = notebook.run(f"%nexhina {line}")
    assert told in failed.line
    assert failed.outputs == []
    traced = notebook.run(f"%nexhina {line} --traceback").error
    assert len(traced._render_traceback_()) > 3  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ADMINISTRATION)
def test_help_is_that_of_the_command_line(
    notebook: Notebook, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    assert notebook.run(f"%nexhina {name} --help").error is None
    text = capsys.readouterr().out
    assert text.startswith(f"Usage: %nexhina {name} ")
    if name not in ("cache", "verify"):  # which work without more words
        notebook.run(f"%nexhina {name}")
        assert capsys.readouterr().out == text
    assert text.strip() in repr(notebook.run(f"%nexhina help {name}").value)


def test_tab(notebook: Notebook, tmp_path: Path) -> None:
    assert offers(notebook, "%nexhina keys ") == [
        "create", "delete", "enable", "list", "revoke", "set", "show", "topup",
    ]  # fmt: skip
    assert offers(notebook, "%nexhina keys re") == ["revoke"]
    assert {"--name", "--usd", "--expires"} <= set(offers(notebook, "%nexhina keys create "))
    assert offers(notebook, "%nexhina keys create --name x -o key --ex") == ["--expires"]
    assert "--name" not in offers(notebook, "%nexhina keys create --name x --")
    assert offers(notebook, "%nexhina keys create --per w") == ["week"]
    assert "-o" in offers(notebook, "%nexhina keys create -")
    (tmp_path / "codes.csv").touch()
    assert "codes.csv" in offers(notebook, "%nexhina class create --out co")


def test_in_a_kernel_whose_loop_is_running(tmp_path: Path, shared_gateway: RunningGateway) -> None:
    with start_kernel(tmp_path, LAB_KEY=shared_gateway.key) as kernel:
        upstream = f"--type openai --base-url {shared_gateway.base_url} --key-env LAB_KEY"
        added = kernel.run(f"%nexhina channels add --name lab {upstream} --discover")
        assert added.text == "Channel 1 is on.\n"
        tested = kernel.run("%nexhina channels test lab --model local/chat")
        assert tested.status == "ok", tested.error
        assert re.search(r"lab +local/chat +\d+ ms", tested.text)
        assert "<table>" in tested.outputs[0]["data"]["text/html"]
