"""A whole class: codes for everybody, redeemed at once, spent to the last, and a report that adds
up.
"""

from __future__ import annotations

import csv
import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
from click.testing import CliRunner

from nexhina_nb.cli import main
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway

STUDENTS = 30


def run(gateway: RunningGateway, *arguments: str, code: int = 0) -> str:
    url = gateway.store.engine.url.render_as_string(hide_password=False)
    result = CliRunner().invoke(main, [*arguments, "--store", url])
    assert result.exit_code == code, (result.output, result.exception)
    return result.output


def post(gateway: RunningGateway, path: str, body: Any, key: str = "") -> httpx2.Response:
    root = gateway.base_url.removesuffix("/v1")
    headers = {"authorization": f"Bearer {key}"} if key else {}
    return httpx2.post(f"{root}{path}", json=body, headers=headers)


def test_a_course_from_codes_to_report(gateway: RunningGateway, tmp_path: Path) -> None:
    file = tmp_path / "codes.csv"
    words = ["--students", str(STUDENTS), "--usd", "0.0001", "--name", "course"]
    said = run(gateway, "class", "create", *words, "--models", "local/chat", "--out", str(file))
    assert said == f"30 codes of 0.0001 USD (0.0030 USD in all) for course: {file}\n"
    assert stat.S_IMODE(os.stat(file).st_mode) == 0o600
    with file.open(newline="") as text:
        rows = list(csv.DictReader(text))
    assert [row["student"] for row in rows] == [f"course-{n:02}" for n in range(1, 31)]
    assert "there already" in run(gateway, "class", "create", *words, "--out", str(file), code=1)
    again = str(tmp_path / "again.csv")
    assert "already a class" in run(gateway, "class", "create", *words, "--out", again, code=1)
    assert not Path(again).exists()

    def redeem(row: dict[str, str]) -> str:
        reply = post(gateway, "/api/user/redeem_key", {"key": row["code"]})
        return str(reply.json()["data"]["key"]) if reply.status_code == 200 else ""

    with ThreadPoolExecutor(8) as pool:
        keys = [key for key in pool.map(redeem, rows) if key]
    assert len(set(keys)) == STUDENTS

    def spend(key: str) -> int:
        body = {"model": "local/chat", "messages": [{"role": "user", "content": "What is 2 + 2?"}]}
        for calls in range(400):
            reply = post(gateway, "/v1/chat/completions", body | {"max_tokens": 40}, key)
            if reply.status_code != 200:
                assert reply.status_code == 403, reply.text
                assert reply.json()["error"]["code"] == "insufficient_user_quota"
                return calls
        raise AssertionError("the money does not end")

    with ThreadPoolExecutor(4) as pool:
        calls = list(pool.map(spend, keys[:4]))
    assert all(count > 0 for count in calls)
    other = post(gateway, "/v1/embeddings", {"model": "local/embed", "input": "x"}, keys[0])
    assert other.json()["error"]["code"] == "model_not_allowed"

    report = json.loads(run(gateway, "class", "report", "course", "--json"))
    assert sorted(row["calls"] for row in report)[-4:] == sorted(calls)
    assert all(row["used"] + row["left"] == 50 for row in report)
    assert {row["state"] for row in report} == {"redeemed"}
    shown = run(gateway, "class", "report")
    assert shown.splitlines()[-1].startswith("30 students, ")
    assert run(gateway, "class", "close", "course").startswith("course is closed: 30 keys and 0")
    with gateway.store.reading() as connection:
        assert verify(connection) == []


def test_codes_that_nobody_wanted(gateway: RunningGateway) -> None:
    words = ["--students", "3", "--usd", "0.01", "--name", "small", "--expires", "7d"]
    made = json.loads(run(gateway, "class", "create", *words, "--json"))
    assert [row["student"] for row in made["codes"]] == ["small-01", "small-02", "small-03"]
    assert run(gateway, "class", "list").splitlines()[-1].split() == ["small", "3", "0"]
    assert "0 keys and 3 unused codes" in run(gateway, "class", "close", "small")
    refused = post(gateway, "/api/user/redeem_key", {"key": made["codes"][0]["code"]}).json()
    assert not refused["success"]
    assert "no class 'large'" in run(gateway, "class", "report", "large", code=1)


def test_single_codes(gateway: RunningGateway) -> None:
    words = ["--usd", "0.01", "--count", "2", "--models", "local/embed"]
    first, second = json.loads(run(gateway, "codes", "create", *words, "--json"))
    run(gateway, "codes", "revoke", str(second["id"]))
    joined = post(gateway, "/api/user/redeem_key", {"key": first["code"]}).json()["data"]
    body = {"model": "local/embed", "input": "x"}
    assert post(gateway, "/v1/embeddings", body, joined["key"]).status_code == 200
    states = [row["status"] for row in json.loads(run(gateway, "codes", "list", "--json"))]
    assert states == [2, 3]
    assert first["code"] not in run(gateway, "codes", "list")
    assert "used" in run(gateway, "codes", "revoke", str(first["id"]), code=1)
