"""SIGTERM while a film, a background response, a stream, a plain call and an upload are under way:
the gateway leaves in time, each call has its row, and what goes on later is still there.
"""

from __future__ import annotations

import contextlib
import json
import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import select

from nexhina_nb.settings import load
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.db import Store, default_url, open_store
from nexhina_nb.store.tables import logs, responses, tasks
from nexhina_nb.store.verify import verify
from tests.gateway.sick_server import Peer, Received, SickServer
from tests.gateway.test_passthrough import SSE, frames_of
from tests.gateway.test_process import serving

MODEL = "gpt-4o"
CHAT = {"model": MODEL, "messages": [{"role": "user", "content": "hello"}]}
FILM = {"model": "local/video", "prompt": "slow waves", "seconds": "60", "size": "640x480"}


def hangs(peer: Peer, request: Received) -> None:
    body = json.loads(request.body)
    if body.get("stream"):
        peer.begin(SSE)
        peer.chunk(frames_of("/responses" if "input" in body else "/chat/completions")[0])
    peer.wait_until_left()


@contextlib.contextmanager
def opened() -> Iterator[Store]:
    store = open_store(default_url(load().home))
    try:
        yield store
    finally:
        store.close()


class Callers:
    """Calls that nobody answers, each in a thread."""

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._headers = {"authorization": f"Bearer {key}"}
        self._threads: list[threading.Thread] = []
        self.seen: list[Any] = []

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = httpx2.post(
            self._url + path, headers=self._headers, json=body, timeout=30
        ).json()
        return found

    def start(self, body: dict[str, Any]) -> None:
        def wait() -> None:
            with contextlib.suppress(httpx2.RemoteProtocolError):  # a stream that is cut
                self.seen.append(self.post("/chat/completions", body))

        self._threads.append(threading.Thread(target=wait))
        self._threads[-1].start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive()


def half_an_upload(url: str, key: str) -> socket.socket:
    host, port = url.removeprefix("http://").removesuffix("/v1").split(":")
    sock = socket.create_connection((host, int(port)))
    head = (
        f"POST /v1/audio/transcriptions HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 9000000\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n\r\n'
    )
    sock.sendall(head.encode() + b"a" * 2_000_000)
    return sock


def test_it_leaves_in_time_and_nothing_is_lost(tmp_path: Path) -> None:
    pytest.importorskip("av", reason='install the extra "local"')
    with SickServer({"completions": hangs, "responses": hangs}) as server:
        row = Channel("up", "openai", models=(MODEL,), base_url=server.url)
        with opened() as store, store.writing() as connection:
            add_channel(connection, row)
        with serving(NEXHINA_DRAIN_TIMEOUT="1") as (child, ready):
            url, key = ready["base_url"], ready["admin_key"]
            callers = Callers(url, key)
            film = callers.post("/videos", FILM)["id"]
            response = callers.post(
                "/responses", {"model": MODEL, "input": "hello", "background": True}
            )["id"]
            callers.start(CHAT)
            callers.start(CHAT | {"stream": True})
            with half_an_upload(url, key):
                while len(server.received) < 3:
                    threading.Event().wait(0.02)
                child.send_signal(signal.SIGTERM)
                assert child.wait(20) == 0
            callers.join()
    assert [said["error"]["code"] for said in callers.seen] == ["stopped"]
    with opened() as store, store.reading() as connection:
        assert verify(connection) == []
        rows = list(connection.execute(select(logs.c.type, logs.c.model_name, logs.c.is_stream)))
        assert sorted(tuple(row) for row in rows) == [
            (2, "gpt-4o", True),
            (2, "gpt-4o", True),
            (2, "local/video", False),
            (5, "gpt-4o", False),
        ]
        (kept,) = connection.execute(select(responses.c.id, responses.c.status))
        assert tuple(kept) == (response, "failed")
        (task,) = connection.execute(select(tasks.c.id, tasks.c.status))
        assert tuple(task) == (film, "in_progress")
