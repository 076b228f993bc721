"""Clients that take too much: time, bytes, connections. Those that behave notice nothing."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.logs import newest_of_token
from nexhina_nb.store.verify import verify
from nexhina_nb.wire.sse import DONE, encode
from tests.conftest import RunningGateway, run_gateway
from tests.gateway.sick_server import Peer, Received, Scene, SickServer

HEALTH = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
PATIENCE = 0.4


@contextmanager
def dialled(gateway: RunningGateway, *, buffer: int = 0) -> Iterator[socket.socket]:
    """A connection; with a small receive ``buffer`` the other side soon notices a deaf client."""
    port = int(gateway.base_url.removesuffix("/v1").rpartition(":")[2])
    sock = socket.socket()
    if buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    sock.settimeout(20)
    with sock:
        sock.connect(("127.0.0.1", port))
        yield sock


def read_all(sock: socket.socket) -> bytes:
    """What comes until the other side closes."""
    found = b""
    while data := sock.recv(65_536):
        found += data
    return found


def read_one(sock: socket.socket) -> tuple[int, bytes]:
    """Status and body of one answer with a content length."""
    file = sock.makefile("rb", buffering=0)
    status, length = int(file.readline().split()[1]), 0
    while line := file.readline().strip():
        name, _, value = line.partition(b": ")
        length = int(value) if name == b"content-length" else length
    return status, file.read(length) or b""


def told(answer: bytes) -> tuple[int, str]:
    """The status of a refusal, and the code in its body."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    error = json.loads(body)["error"]
    assert error["message"]
    return int(head.split()[1]), error["code"]


def chat(gateway: RunningGateway, **more: Any) -> bytes:
    body = json.dumps({"messages": [{"role": "user", "content": "hello"}], **more}).encode()
    head = (
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {gateway.key}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    folder = tmp_path_factory.mktemp("strict")
    with run_gateway(folder, client_timeout=PATIENCE, max_header_kb=2) as running:
        yield running


def test_half_a_head_is_not_waited_for(strict: RunningGateway) -> None:
    with dialled(strict) as sock:
        sock.sendall(HEALTH[:20])
        assert told(read_all(sock)) == (408, "request_timeout")


def test_a_head_that_trickles_is_not_waited_for(strict: RunningGateway) -> None:
    with dialled(strict) as sock:

        def trickle() -> None:
            for sign in b"GET /health HTTP/1.1\r\nx: " + b"y" * 400:
                try:
                    sock.sendall(bytes([sign]))
                except OSError:
                    return
                time.sleep(0.05)

        thread = threading.Thread(target=trickle)
        thread.start()
        assert told(read_all(sock)) == (408, "request_timeout")
        sock.close()
        thread.join(10)


def test_half_a_body_is_not_waited_for(strict: RunningGateway) -> None:
    with dialled(strict) as sock:
        sock.sendall(chat(strict, model="local/chat")[:-5])
        assert told(read_all(sock)) == (408, "request_timeout")


def test_a_body_that_keeps_coming_is_taken(strict: RunningGateway) -> None:
    head, end, body = chat(strict, model="local/chat").partition(b"\r\n\r\n")
    with dialled(strict) as sock:
        sock.sendall(head + end)
        for start in range(0, len(body), 10):
            sock.sendall(body[start : start + 10])
            time.sleep(PATIENCE / 4)
        assert read_one(sock)[0] == 200


def test_who_says_nothing_is_left(strict: RunningGateway) -> None:
    with dialled(strict) as sock:
        assert read_all(sock) == b""
    with dialled(strict) as sock:
        sock.sendall(b"\r\n")
        assert read_all(sock) == b""


@pytest.mark.parametrize("end", [b"", b"\r\n\r\n"])
@pytest.mark.parametrize("size", [3_000, 300_000])
def test_a_giant_head_is_refused(strict: RunningGateway, size: int, end: bytes) -> None:
    with dialled(strict) as sock:
        sock.sendall(HEALTH[:-2] + b"x-long: " + b"y" * size + end)
        assert told(read_all(sock)) == (431, "request_header_too_large")


def test_a_giant_target_is_refused(strict: RunningGateway) -> None:
    with dialled(strict) as sock:
        sock.sendall(b"GET /" + b"y" * 3_000 + b" HTTP/1.1\r\n\r\n")
        assert told(read_all(sock)) == (431, "request_header_too_large")


def test_many_bytes_of_body_are_no_head(strict: RunningGateway) -> None:
    with dialled(strict) as sock:
        sock.sendall(chat(strict, model="local/chat", x="y" * 100_000))
        assert read_one(sock)[0] == 200


def test_what_is_not_http_is_told_so(strict: RunningGateway) -> None:
    with dialled(strict) as sock:
        sock.sendall(b"\x16\x03\x01 hello\r\n\r\n")
        assert told(read_all(sock)) == (400, "invalid_http")


def test_one_connection_serves_many_requests(strict: RunningGateway) -> None:
    with dialled(strict) as sock:
        for _ in range(3):
            sock.sendall(HEALTH)
            assert json.loads(read_one(sock)[1])["status"] == "ok"
        sock.sendall(HEALTH * 3)
        for _ in range(3):
            assert json.loads(read_one(sock)[1])["status"] == "ok"


def test_a_giant_head_in_the_pipeline_spoils_no_answer(strict: RunningGateway) -> None:
    with dialled(strict) as sock:
        giant = HEALTH[:-2] + b"x: " + b"y" * 3_000 + b"\r\n\r\n"
        sock.sendall(chat(strict, model="local/chat") + giant)
        assert read_one(sock)[0] == 200
        assert b"431" not in read_all(sock)


def test_too_many_connections_are_refused(tmp_path: Path) -> None:
    with run_gateway(tmp_path, max_connections=2) as gateway:
        with dialled(gateway) as first, dialled(gateway) as second:
            for sock in (first, second):
                sock.sendall(HEALTH)
                assert read_one(sock)[0] == 200
            with dialled(gateway) as third:
                assert told(read_all(third)) == (503, "too_many_connections")
            first.sendall(HEALTH)
            assert read_one(first)[0] == 200
        while True:  # until it has noticed that they left
            with dialled(gateway) as sock:
                sock.sendall(HEALTH)
                if read_one(sock)[0] == 200:
                    break


def pouring(server: SickServer, pieces: int) -> Scene:
    """A stream of so many pieces of 10 KB."""
    text = "word " * 2_000
    piece = {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}

    def pour(peer: Peer, request: Received) -> None:
        peer.begin("Content-Type: text/event-stream")
        try:
            for _ in range(pieces):
                peer.chunk(encode(json.dumps(piece)))
            peer.chunk(DONE)
            peer.chunk(b"")
        except OSError:
            server.left.put("gone")

    return pour


@contextmanager
def streaming(folder: Path, pieces: int) -> Iterator[tuple[RunningGateway, SickServer]]:
    """A gateway with little patience before an upstream that pours."""
    scenes: dict[str, Scene] = {}
    server = SickServer(scenes)
    scenes["completions"] = pouring(server, pieces)
    with run_gateway(folder, client_timeout=PATIENCE) as gateway, server:
        row = Channel("up", "openai", models=("gpt-4o",), base_url=server.url)
        with gateway.store.writing() as connection:
            add_channel(connection, row)
        yield gateway, server
        with gateway.store.reading() as connection:
            assert verify(connection) == []


def test_who_stops_reading_a_stream_has_left(tmp_path: Path) -> None:
    with streaming(tmp_path, 1_000_000) as (gateway, server):
        with dialled(gateway, buffer=4_096) as sock:
            sock.sendall(chat(gateway, model="gpt-4o", stream=True))
            assert b" 200 OK" in sock.recv(100)
            assert server.left.get(timeout=20) in ("gone", "idle")
        rows: list[dict[str, Any]] = []
        while not rows:
            with gateway.store.reading() as connection:
                rows = newest_of_token(connection, 1, 1)
            time.sleep(0.02)
        assert '"client_gone"' in str(rows[0]["other"])
        assert rows[0]["quota"] > 0


def test_who_reads_slowly_gets_everything(tmp_path: Path) -> None:
    with (
        streaming(tmp_path, 1_000) as (gateway, _),
        dialled(gateway, buffer=65_536) as sock,
    ):
        sock.sendall(chat(gateway, model="gpt-4o", stream=True))
        last = b""
        while b"[DONE]" not in last:
            data = sock.recv(1 << 16)
            assert data
            last = last[-10:] + data
            time.sleep(PATIENCE / 100)


def test_who_is_answered_before_his_body_ends_gets_one_answer(strict: RunningGateway) -> None:
    head = chat(strict).partition(b"\r\n\r\n")[0].replace(b"Bearer sk-", b"Bearer no-")
    with dialled(strict) as sock:
        sock.sendall(head.replace(b"/v1/chat/completions", b"/nowhere") + b"\r\n\r\n")
        assert read_all(sock).count(b"HTTP/1.1") == 1


def test_who_waits_for_a_word_before_his_body_gets_it(strict: RunningGateway) -> None:
    head, end, body = chat(strict, model="local/chat").partition(b"\r\n\r\n")
    with dialled(strict) as sock:
        sock.sendall(head + b"\r\nExpect: 100-continue" + end)
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(body)
        assert read_one(sock)[0] == 200


def test_the_end_of_a_long_body_is_no_part_of_the_next_head(strict: RunningGateway) -> None:
    long = chat(strict, model="local/chat", x="y" * 20_000)
    with dialled(strict) as sock:
        sock.sendall(long + HEALTH[:10])
        sock.sendall(HEALTH[10:])
        assert read_one(sock)[0] == 200
        assert read_one(sock)[0] == 200
