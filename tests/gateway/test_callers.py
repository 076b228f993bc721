"""Callers over time: a key that is revoked, a wallet that is filled, one who leaves too early."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from nexhina_nb.store import accounts
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.logs import newest_of_token
from nexhina_nb.store.moves import grant
from tests.conftest import RunningGateway

HELLO = {"model": "local/chat", "messages": [{"role": "user", "content": "hello"}]}


def status(gateway: RunningGateway, key: str) -> int:
    reply = httpx2.post(
        f"{gateway.base_url}/chat/completions",
        headers={"authorization": f"Bearer {key}"},
        json=HELLO,
    )
    return reply.status_code


def wait_for(condition: Callable[[], bool], seconds: float = 4.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def test_a_key_that_is_revoked_is_refused_within_seconds(gateway: RunningGateway) -> None:
    key = gateway.new_key()
    assert status(gateway, key) == 200
    with gateway.store.writing() as connection:
        account = accounts.find_account(connection, accounts.hash_key(key))
        assert account is not None
        accounts.revoke_token(connection, account.token_id)
    assert wait_for(lambda: status(gateway, key) == 401)


def test_a_wallet_that_is_filled_by_another_process_counts(gateway: RunningGateway) -> None:
    key = gateway.new_key(quota=0)
    assert status(gateway, key) == 403
    with gateway.store.writing() as connection:
        account = accounts.find_account(connection, accounts.hash_key(key))
        assert account is not None
        grant(connection, account.user_id, 1_000_000, "a gift")
    assert wait_for(lambda: status(gateway, key) == 200)


@pytest.fixture
def silent_server() -> Iterator[tuple[str, socket.socket]]:
    """A server that accepts calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1", listener


def test_a_caller_who_leaves_before_the_answer_ends_the_call_upstream(
    gateway: RunningGateway, silent_server: tuple[str, socket.socket]
) -> None:
    url, listener = silent_server
    with gateway.store.writing() as connection:
        add_channel(connection, Channel(name="s", type="openai", models=("gpt-4o",), base_url=url))
    body = json.dumps(HELLO | {"model": "gpt-4o"}).encode()
    address = gateway.base_url.removeprefix("http://").removesuffix("/v1").split(":")
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n"
        f"authorization: Bearer {gateway.key}\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection((address[0], int(address[1]))) as caller:
        caller.sendall(head.encode() + body)
        upstream, _ = listener.accept()
        upstream.settimeout(10)
        assert upstream.recv(65536).startswith(b"POST /v1/chat/completions")
    with upstream:
        while upstream.recv(65536):  # the body may come in pieces; then the gateway hangs up
            pass
    rows: list[dict[str, Any]] = []

    def logged() -> bool:
        root = gateway.base_url.removesuffix("/v1")
        headers = {"authorization": f"Bearer {gateway.key}"}
        rows[:] = httpx2.get(f"{root}/api/log/token", headers=headers).json()["data"]
        return bool(rows)

    assert wait_for(logged)
    assert (rows[0]["type"], rows[0]["quota"]) == (5, 0)
    assert json.loads(rows[0]["other"])["status_code"] == 499


def test_what_nobody_foresaw_is_a_500_without_the_prompt_in_the_log(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nexhina_nb.gateway import pipeline

    def broken(*_: object) -> int:
        raise RuntimeError("a canary from the prompt")

    monkeypatch.setattr(pipeline, "rough_tokens", broken)
    reply = httpx2.post(
        f"{gateway.base_url}/chat/completions",
        headers={"authorization": f"Bearer {gateway.key}"},
        json=HELLO,
    )
    assert reply.status_code == 500
    assert reply.json()["error"]["code"] == "internal_error"
    assert reply.json()["error"]["message"].endswith(f"{reply.headers['x-oneapi-request-id']})")
    assert "RuntimeError at" in caplog.text
    assert "canary" not in caplog.text + reply.text
    with gateway.store.reading() as connection:
        (row,) = newest_of_token(connection, 1)
    assert (row["type"], json.loads(row["other"])["status_code"]) == (5, 500)
    assert "canary" not in str(row)
    monkeypatch.undo()
    assert status(gateway, gateway.key) == 200
