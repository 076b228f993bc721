"""Keys, channels, groups and verify on the command line, over a real store and a real upstream."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner
from sqlalchemy import update

from nexhina_nb.cli import main
from nexhina_nb.settings import load
from nexhina_nb.store.db import default_url, open_store
from nexhina_nb.store.tables import users
from tests.conftest import RunningGateway


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def made(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json"))


def test_the_terms_of_a_key_are_made_changed_and_shown() -> None:
    words = ["--rpm", "60", "--budget", "0.50", "--per", "day", "--ips", "10.0.0.0/8"]
    key = made("keys", "create", "--name", "ada", "--usd", "1", *words)
    row = made("keys", "show", str(key["id"]))
    assert (row["rpm"], row["budget"], row["budget_period"]) == (60, 250_000, "daily")
    run("keys", "set", str(key["id"]), "--rpm", "5", "--budget", "0", "--models", "a,b")
    row = made("keys", "show", str(key["id"]))
    assert (row["rpm"], row["budget"], row["model_limits"]) == (5, 0, "a,b")
    assert row["allow_ips"] == "10.0.0.0/8"
    assert "needs its period" in run("keys", "set", "1", "--budget", "1", code=1)


def test_a_key_is_turned_off_and_on_topped_up_and_deleted() -> None:
    key = str(made("keys", "create", "--name", "ada", "--usd", "1")["id"])
    run("keys", "revoke", key)
    assert run("keys", "list") == "No keys.\n"
    assert " off " in run("keys", "list", "--all")
    run("keys", "enable", key)
    run("keys", "topup", key, "--usd", "0.5")
    assert made("keys", "show", key)["quota"] == 750_000
    run("keys", "delete", key)
    assert "there is no key" in run("keys", "show", key, code=1)
    assert made("verify") == []


def test_groups() -> None:
    run("groups", "set", "students", "--ratio", "0.8", "--rpm", "120")
    run("groups", "set", "students", "--selectable")
    group = next(row for row in made("groups", "list") if row["name"] == "students")
    assert (group["ratio"], group["rpm"], group["selectable"]) == ("0.8", 120, True)
    run("groups", "remove", "students")
    assert "students" not in run("groups", "list")


def test_verify_finds_money_that_came_from_nowhere() -> None:
    run("keys", "create", "--name", "ada", "--usd", "1")
    assert run("verify") == "Every balance is the sum of its entries.\n"
    store = open_store(default_url(load().home))
    with store.writing() as connection:
        connection.execute(update(users).values(quota=600_000))
    store.close()
    (line,) = run("verify", code=1).splitlines()
    assert line == "balance of user 1: stored 600000, by the entries 500000"


def test_a_channel_is_discovered_and_tested(
    shared_gateway: RunningGateway, monkeypatch: Any
) -> None:
    monkeypatch.setenv("LAB_KEY", shared_gateway.key)
    words = ["--type", "openai", "--base-url", shared_gateway.base_url, "--key-env", "LAB_KEY"]
    channel = made("channels", "add", "--name", "lab", *words, "--discover")
    assert "local/chat" in channel["models"]
    (tested,) = made("channels", "test", "lab", "--model", "local/chat")
    assert tested["ms"] is not None
    assert "env:LAB_KEY" in run("channels", "list")
    assert shared_gateway.key not in run("channels", "list", "--json")
    run("channels", "set", "lab", "--priority", "7")
    run("channels", "disable", "lab")
    (row,) = made("channels", "list")
    assert (row["priority"], row["status"]) == (7, 2)
    monkeypatch.setenv("LAB_KEY", "sk-wrong")
    assert "status 401" in run("channels", "test", "lab", "--model", "local/chat", code=1)


def test_fallbacks() -> None:
    assert run("channels", "fallback", "m", "a,b") == "m: a, b\n"
    assert run("channels", "fallback", "m") == "m: a, b\n"
    assert run("channels", "fallback", "m", "--none") == "m: no fall-back\n"
