"""Upstreams that answer oddly, and callers who leave late: what is passed on, what is charged."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest

from nexhina_nb.gateway.measuring import Meter
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.wire.sse import encode
from tests.conftest import RunningGateway
from tests.gateway.sick_server import Peer, Received, SickServer

JSON = "Content-Type: application/json"
SSE = "Content-Type: text/event-stream"
USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
MESSAGE = {"role": "assistant", "content": "four words of answer"}
WHOLE = {
    "id": "x", "object": "chat.completion", "created": 1, "model": "gpt-4o", "usage": USAGE,
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}],
}  # fmt: skip


def chunk(**fields: Any) -> bytes:
    head = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
    return encode(json.dumps(head | fields))


def piece(text: str | None, finish: str | None = None) -> bytes:
    delta = {} if text is None else {"content": text}
    return chunk(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])


def stream_of(*frames: bytes) -> Callable[[Peer, Received], None]:
    def scene(peer: Peer, request: Received) -> None:
        peer.begin(SSE)
        for frame in frames:
            peer.chunk(frame)
        peer.chunk(b"")

    return scene


def plain(body: bytes, *headers: str, status: str = "200 OK") -> Callable[[Peer, Received], None]:
    return lambda peer, request: peer.answer(body, *headers, status=status)


DONE = b"data: [DONE]\n\n"
GOOD = stream_of(piece("four words "), piece("of answer"), piece(None, "stop"), DONE)


class Scripted:
    """A gateway in front of a server that plays one scene for every call."""

    def __init__(self, gateway: RunningGateway, scene: Callable[[Peer, Received], None]) -> None:
        self.server = SickServer({"completions": scene})
        self.gateway = gateway

    def __enter__(self) -> Scripted:
        self.server.__enter__()
        url = self.server.url.rstrip("/")
        channel = Channel(name="s", type="openai", models=("gpt-4o",), base_url=f"{url}/v1")
        with self.gateway.store.writing() as connection:
            add_channel(connection, channel)
        return self

    def __exit__(self, *failure: object) -> None:
        self.server.__exit__(*failure)

    def ask(self, **more: Any) -> httpx2.Response:
        body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "hello"}]}
        return httpx2.post(
            f"{self.gateway.base_url}/chat/completions",
            headers={"authorization": f"Bearer {self.gateway.key}"},
            json=body | more,
            timeout=20,
        )

    def rows(self, count: int = 1) -> list[dict[str, Any]]:
        root = self.gateway.base_url.removesuffix("/v1")
        headers = {"authorization": f"Bearer {self.gateway.key}"}
        deadline = time.monotonic() + 10
        rows: list[dict[str, Any]] = []
        while len(rows) < count and time.monotonic() < deadline:
            rows = httpx2.get(f"{root}/api/log/token", headers=headers).json()["data"]
            time.sleep(0.02)
        return rows


@pytest.fixture
def play(gateway: RunningGateway) -> Iterator[Callable[..., Scripted]]:
    opened: list[Scripted] = []

    def start(scene: Callable[[Peer, Received], None]) -> Scripted:
        opened.append(Scripted(gateway, scene).__enter__())
        return opened[-1]

    yield start
    for scripted in opened:
        scripted.__exit__(None, None, None)


def test_usage_is_counted_and_told_when_the_upstream_says_none(play: Any) -> None:
    scripted = play(GOOD)
    told = scripted.ask(stream=True, stream_options={"include_usage": True}).text
    assert '"usage":{"prompt_tokens":1,"completion_tokens":4,"total_tokens":5}' in told
    assert told.endswith("data: [DONE]\n\n")
    assert '"usage"' not in scripted.ask(stream=True).text


def test_json_in_answer_to_a_stream_becomes_a_stream(play: Any) -> None:
    scripted = play(plain(json.dumps(WHOLE).encode(), JSON))
    text = scripted.ask(stream=True, stream_options={"include_usage": True}).text
    assert '"content":"four words of answer"' in text
    assert '"total_tokens":15' in text
    assert text.endswith("data: [DONE]\n\n")
    assert scripted.rows()[0]["prompt_tokens"] == 10


@pytest.mark.parametrize("stream", [False, True])
def test_an_error_with_status_200_is_an_error_and_costs_nothing(play: Any, stream: bool) -> None:
    scripted = play(plain(b'{"error":{"message":"no credit","code":"poor"}}', JSON))
    reply = scripted.ask(stream=stream)
    assert "no credit" in reply.text
    assert "poor" in reply.text
    assert "[DONE]" not in reply.text
    if not stream:
        assert reply.status_code == 502
        assert scripted.rows()[0]["quota"] == 0


@pytest.mark.parametrize("status", ["301 Moved Permanently", "307 Temporary Redirect"])
@pytest.mark.parametrize("stream", [False, True])
def test_a_redirect_is_an_error_and_costs_nothing(play: Any, status: str, stream: bool) -> None:
    scripted = play(plain(b"", "Location: http://elsewhere/", status=status))
    reply = scripted.ask(stream=stream)
    assert reply.status_code == 502
    assert "location" not in reply.headers
    assert (scripted.rows()[0]["type"], scripted.rows()[0]["quota"]) == (5, 0)


def test_a_page_of_html_is_kept_back_and_the_status_kept(play: Any) -> None:
    page = b"<html><h1>Internal error on backend-7.internal</h1></html>"
    reply = play(plain(page, "Content-Type: text/html", status="500 Oops")).ask()
    assert reply.status_code == 500
    assert reply.json()["error"]["code"] == "bad_response_status_code"
    assert "backend-7" not in reply.text


def test_an_empty_answer_is_an_error_and_costs_nothing(play: Any) -> None:
    scripted = play(plain(b"", JSON))
    reply = scripted.ask()
    assert (reply.status_code, reply.json()["error"]["code"]) == (502, "empty_response")
    assert scripted.rows()[0]["quota"] == 0


def test_a_stream_that_ends_too_early_is_never_complete(play: Any) -> None:
    scripted = play(stream_of(piece("half ")))
    text = scripted.ask(stream=True).text
    assert "[DONE]" not in text
    assert json.loads(text.strip().rpartition("data: ")[2])["error"]["type"] == "server_error"
    assert scripted.rows()[0]["completion_tokens"] > 0


def test_connections_are_used_again_after_streams(play: Any) -> None:
    def scene(peer: Peer, request: Received) -> None:
        peer.begin(SSE)
        for frame in (piece("x"), piece(None, "stop"), DONE):
            peer.chunk(frame)
        time.sleep(0.02)  # the end of the body comes a little after the end marker
        peer.chunk(b"")

    scripted = play(scene)
    for _ in range(4):
        assert scripted.ask(stream=True).text.endswith("data: [DONE]\n\n")
        time.sleep(0.1)
    assert len({received.connection for received in scripted.server.received}) == 1


def test_a_caller_who_leaves_while_the_bill_is_made_is_charged_and_holds_nothing(
    play: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counting, go_on = threading.Event(), threading.Event()
    count = Meter._count

    def slow(self: Meter, model: str, text: str) -> Any:
        counting.set()
        go_on.wait(10)
        return count(self, model, text)

    monkeypatch.setattr(Meter, "_count", slow)
    scripted = play(GOOD)
    body = {"model": "gpt-4o", "stream": True, "messages": [{"role": "user", "content": "hi"}]}
    with (
        httpx2.Client(headers={"authorization": f"Bearer {scripted.gateway.key}"}) as client,
        client.stream("POST", f"{scripted.gateway.base_url}/chat/completions", json=body) as reply,
    ):
        lines = reply.iter_lines()
        next(lines)
        assert counting.wait(10)
    time.sleep(0.1)
    go_on.set()
    (row,) = scripted.rows()
    assert row["completion_tokens"] == 4
    assert row["quota"] > 0


def test_a_store_that_fails_while_settling_is_told_and_the_next_call_works(play: Any) -> None:
    scripted = play(plain(json.dumps(WHOLE).encode(), JSON))
    assert scripted.ask().status_code == 200
    with scripted.gateway.store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE entries RENAME TO away")
    broken = scripted.ask()
    assert (broken.status_code, broken.json()["error"]["code"]) == (503, "store_unavailable")
    text = scripted.ask(stream=True).text
    assert "could not be recorded" in text
    assert "[DONE]" not in text
    with scripted.gateway.store.writing() as connection:
        connection.exec_driver_sql("ALTER TABLE away RENAME TO entries")
    assert scripted.ask().status_code == 200
    charged = [row["quota"] for row in scripted.rows(2) if row["type"] == 2]
    assert len(charged) == 2
