"""The command line: what it does to the store, what it prints, and how it refuses."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner, Result

from nexhina_nb import discovery
from nexhina_nb.cli import main
from nexhina_nb.cli.common import parse_names, parse_span, parse_usd
from nexhina_nb.errors import BadInput
from nexhina_nb.settings import load
from nexhina_nb.store.accounts import find_account, hash_key
from nexhina_nb.store.db import default_url, open_store

Run = Callable[..., Result]
ADD = ["channels", "add", "--name", "c", "--type", "openai", "--models", "m"]


@pytest.fixture
def run() -> Run:
    """Invoke a command; a failure shows its output."""

    def invoke(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(main, list(arguments))
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return invoke


def account_of(key: str) -> Any:
    store = open_store(default_url(load().home))
    with store.reading() as connection:
        found = find_account(connection, hash_key(key))
    store.close()
    return found


def test_a_key_with_money_is_a_user_of_its_own(run: Run) -> None:
    made = json.loads(
        run("keys", "create", "--name", "ada", "--usd", "1.50", "--expires", "7d", "--json").output
    )
    account = account_of(made["key"])
    assert (account.username, account.quota, account.unlimited_quota) == ("ada", 750_000, True)
    assert abs(account.expired_time - time.time() - 7 * 86_400) < 60
    assert made["expires_at"] == account.expired_time


def test_an_unlimited_key_spends_the_administrators_money(run: Run) -> None:
    key = run("keys", "create", "--name", "me", "--unlimited", "--models", "a, b").output.strip()
    account = account_of(key)
    assert (account.username, account.models) == ("root", {"a", "b"})


def test_keys_are_listed_masked_and_revoked(run: Run) -> None:
    made = json.loads(run("keys", "create", "--name", "ada", "--usd", "1", "--json").output)
    listed = run("keys", "list").output
    assert "ada" in listed
    assert "wallet 1" in listed
    assert made["key"] not in listed + run("keys", "list", "--json").output
    run("keys", "revoke", str(made["id"]))
    assert account_of(made["key"]).token_status == 2
    refused = run("keys", "revoke", "99", code=1)
    assert refused.output.startswith("Error: there is no key 99")


@pytest.mark.parametrize(
    "arguments",
    [
        ["keys", "create", "--name", "x"],
        ["keys", "create", "--name", "x", "--usd", "1", "--unlimited"],
        ["keys", "create", "--name", "x", "--usd", "much"],
        ["keys", "create", "--name", "x", "--usd", "-1"],
        ["keys", "create", "--name", "x", "--usd", "1", "--expires", "soon"],
        ["prices", "set", "m"],
        ["prices", "set", "m", "--per-call", "1", "--input", "1"],
        ADD,
        ["channels", "add", "--name", "c", "--type", "local", "--models", "m", "--mapping", "[]"],
        ["channels", "remove", "7"],
        [*ADD, "--base-url", "https://host/v1?key=x"],
        [*ADD, "--base-url", "https://"],
        [*ADD, "--base-url", "https://host:port/v1"],
    ],
)
def test_refusals_are_one_line_with_a_hint(run: Run, arguments: list[str]) -> None:
    output = run(*arguments, code=1).output
    assert output.startswith("Error: ")
    assert len(output.splitlines()) == 1


def test_channels(run: Run) -> None:
    base = ["--type", "openai", "--base-url", "http://127.0.0.1:1/v1", "--models", "a,b"]
    made = json.loads(run("channels", "add", "--name", "one", *base, "--json").output)
    (row,) = json.loads(run("channels", "list", "--json").output)
    assert (row["id"], row["name"], row["models"]) == (made["id"], "one", ["a", "b"])
    assert "a, b" in run("channels", "list").output
    run("channels", "remove", str(made["id"]))
    assert json.loads(run("channels", "list", "--json").output) == []


def test_prices(run: Run) -> None:
    run("prices", "set", "m", "--per-call", "0.01")
    run("prices", "set", "n", "--input", "2.5", "--output", "10", "--cached", "1.25")
    found = json.loads(run("prices", "list", "--json").output)
    assert found["m"]["model_price"] == 0.01
    assert (found["n"]["model_ratio"], found["n"]["completion_ratio"]) == (1.25, 4)
    assert "m " in run("prices", "list").output


def test_nothing_runs(run: Run) -> None:
    assert run("gateway", "status").output == "No gateway runs.\n"
    assert run("gateway", "status", "--json").output == "null\n"
    assert run("gateway", "stop").output == "No gateway runs.\n"
    assert discovery.find(load().home) is None


def test_the_doctor_says_what_is_missing(run: Run) -> None:
    output = run("doctor").output
    assert str(load().home) in output
    assert "nexhina.db is not there yet" in output
    assert not load().home.exists()  # looking makes nothing
    run("keys", "list")
    assert "is whole" in run("doctor").output
    state = r"there|not installed; pip install 'nexhina_nb\[dask\]'"
    assert re.search(rf"(?m)^distributed +({state}) \(Dask frames, also on a cluster\)$", output)


def test_help_and_version(run: Run) -> None:
    assert "gateway" in run("--help").output
    assert run("--version").output.startswith("nexhina, version ")


def test_a_setting_that_makes_no_sense_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEXHINA_PORT", "many")
    assert run("gateway", "status", code=1).output.startswith("Error: setting 'port' needs")


def test_parsers() -> None:
    assert str(parse_usd("$1.50")) == "1.50"
    assert parse_span("30m") == 1800
    assert parse_names(" a, ,b ") == ("a", "b")
    for text in ("NaN", "Infinity", "", "1,5"):
        with pytest.raises(BadInput):
            parse_usd(text)
    for text in ("", "d", "-1d", "7y", "1.5h"):
        with pytest.raises(BadInput):
            parse_span(text)
