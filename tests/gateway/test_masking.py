"""An upstream that tells all it knows: callers and the log learn nothing of its channel."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.wire.sse import encode
from tests.conftest import RunningGateway, run_gateway
from tests.gateway.sick_server import Peer, Received, SickServer

OWN_KEY = "the-channels-own-key"
TYPED = "sk-typed-into-a-prompt-1"
BEGUN = {"choices": [{"index": 0, "delta": {"content": "one"}, "finish_reason": None}]}
STATUSES = ["401 Unauthorized", "400 Bad Request", "500 Internal Server Error", "200 OK"]


def error_of(request: Received) -> dict[str, Any]:
    """What it says of a request: everything."""
    return {
        "error": {
            "message": f"refused {request.headers['authorization']} at http://"
            f"{request.headers['host']}{request.target} for {request.body.decode()}; "
            "see https://docs.example.com/errors",
            "type": "told_all",
            "code": "their_code",
            "headers": request.headers,
        }
    }


class Telling:
    """A gateway before an upstream that answers every call with `error_of` it."""

    def __init__(self, gateway: RunningGateway) -> None:
        self.gateway = gateway
        self.status = "400 Bad Request"
        self.server = SickServer({"completions": self._play, "responses": self._play})

    def ask(self, path: str = "/chat/completions", **more: Any) -> httpx2.Response:
        said = [{"role": "user", "content": f"keep {TYPED}"}]
        body = {"model": "gpt-4o", ("input" if "resp" in path else "messages"): said, **more}
        key = {"authorization": f"Bearer {self.gateway.key}"}
        return httpx2.post(self.gateway.base_url + path, headers=key, json=body, timeout=20)

    def logged(self) -> str:
        path = self.gateway.settings.home / "nexhina.db"
        return str(sqlite3.connect(path).execute("select * from logs").fetchall())

    def check(self, text: str) -> None:
        for told in (text, self.logged()):
            for secret in (OWN_KEY, TYPED, f":{self.server.port}", "127.0.0.1:"):
                assert secret not in told

    def _play(self, peer: Peer, request: Received) -> None:
        told = error_of(request)
        if not json.loads(request.body).get("stream"):
            peer.answer(json.dumps(told).encode(), "Content-Type: application/json",
                        status=self.status)  # fmt: skip
            return
        peer.begin("Content-Type: text/event-stream")
        if self.status == "begun":
            peer.chunk(encode(json.dumps(BEGUN)))
        peer.chunk(encode(json.dumps(told)))
        peer.chunk(b"")


@pytest.fixture(scope="module")
def telling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telling]:
    folder = tmp_path_factory.mktemp("telling")
    (folder / "key").write_text(OWN_KEY)
    (folder / "key").chmod(0o600)
    with run_gateway(folder / "gateway") as gateway:
        made = Telling(gateway)
        with made.server:
            _add(gateway, made.server.url, folder / "key")
            yield made


def _add(gateway: RunningGateway, url: str, key: Path) -> None:
    row = Channel("up", "openai", models=("gpt-4o",), base_url=url, keys=(f"file:{key}",))
    with gateway.store.writing() as connection:
        add_channel(connection, row)


@pytest.mark.parametrize("path", ["/chat/completions", "/responses"])
@pytest.mark.parametrize("status", STATUSES)
def test_a_plain_error_tells_nothing_of_the_channel(
    telling: Telling, status: str, path: str
) -> None:
    telling.status = status
    reply = telling.ask(path)
    telling.check(reply.text)
    error = reply.json()["error"]
    assert "refused Bearer *** at ***" in error["message"]
    assert "https://docs.example.com/errors" in error["message"]
    assert error["code"] == "their_code"


def test_a_stream_that_is_an_error_tells_nothing_of_the_channel(telling: Telling) -> None:
    telling.status = "200 OK"
    reply = telling.ask(stream=True)
    assert reply.status_code == 502
    telling.check(reply.text)


def test_an_error_within_a_stream_tells_nothing_of_the_channel(telling: Telling) -> None:
    telling.status = "begun"
    reply = telling.ask(stream=True)
    assert '"content": "one"' in reply.text
    assert "refused Bearer *** at ***" in reply.text
    assert "[DONE]" not in reply.text
    telling.check(reply.text)


def test_who_is_not_there_is_not_named(gateway: RunningGateway, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(OWN_KEY)
    (tmp_path / "key").chmod(0o600)
    made = Telling(gateway)
    with made.server:
        pass
    _add(gateway, made.server.url, tmp_path / "key")
    reply = made.ask()
    assert reply.status_code == 502
    assert "cannot connect to the upstream" in reply.json()["error"]["message"]
    made.check(reply.text)
