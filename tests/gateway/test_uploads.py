"""Large uploads: to disk and on, in little memory; too large ones, and callers who leave."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from nexhina_nb.pricing.price import Price
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.db import default_url, open_store
from nexhina_nb.store.logs import newest_of_token
from tests.conftest import RunningGateway
from tests.gateway import elsewhere as far
from tests.gateway.sick_server import Peer, Received, SickServer

HEARD = "/audio/transcriptions"
SERVE = [sys.executable, "-m", "nexhina_nb", "gateway", "serve", "--port", "0", "--json"]
MB = 1 << 20


class Swallow(SickServer):
    """A server that takes a form and keeps only its size."""

    def __init__(self) -> None:
        super().__init__({})
        self.sizes: list[int] = []

    def _talk(self, peer: Peer) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += peer.sock.recv(65_536)
        head, _, rest = head.partition(b"\r\n\r\n")
        lines = (line.partition(b": ") for line in head.split(b"\r\n")[1:])
        length = next(int(value) for name, _, value in lines if name.lower() == b"content-length")
        size = len(rest)
        while size < length:
            size += len(peer.sock.recv(MB))
        self.sizes.append(size)
        peer.answer(b'{"text":"long"}', "Content-Type: application/json", "Connection: close")
        peer.sock.close()


class Recording:
    """A file of ``size`` bytes that takes no memory, and is no sound."""

    def __init__(self, size: int) -> None:
        self.size = self.left = size

    def read(self, count: int = -1) -> bytes:
        taken = min(self.left, count if count >= 0 else self.left)
        self.left -= taken
        return bytes(taken)

    def seek(self, offset: int, whence: int = 0) -> int:
        self.left = self.size if whence == 0 else 0
        return self.size - self.left

    def tell(self) -> int:
        return self.size - self.left


@contextmanager
def process(home: Path) -> Iterator[tuple[int, str, str]]:
    """A gateway in a process of its own: its pid, base URL and key."""
    env = os.environ | {"NEXHINA_HOME": str(home)}
    with subprocess.Popen(SERVE, stdout=subprocess.PIPE, text=True, env=env) as child:
        assert child.stdout is not None
        ready = json.loads(child.stdout.readline())
        try:
            yield ready["pid"], ready["base_url"], ready["admin_key"]
        finally:
            child.terminate()


def peak(pid: int) -> float:
    """The most memory that a process has had, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_a_large_upload_takes_little_memory(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with Swallow() as server, process(home) as (pid, url, key):
        store = open_store(default_url(home))
        with store.writing() as connection:
            row = Channel(name="s", type="openai", models=("whisper-1",), base_url=server.url)
            add_channel(connection, row)
        store.close()
        headers = {"authorization": f"Bearer {key}"}

        def send(size: int) -> None:
            files: Any = {"file": ("a.mp3", Recording(size))}
            reply = httpx2.post(url + HEARD, headers=headers, files=files, timeout=60)
            assert (reply.status_code, reply.json()) == (200, {"text": "long"}), reply.text

        time.sleep(1.1)  # a gateway reads its channels each second
        send(MB)  # what is loaded for the first call is loaded
        before = peak(pid)
        send(40 * MB)
        grown = peak(pid) - before
    assert server.sizes[1] > 40 * MB
    assert grown < 12, f"{grown:.0f} MiB for a body of 40"


def upload(size: int) -> dict[str, Any]:
    return {"files": {"file": ("a.mp3", Recording(size))}}


def test_too_large_a_form_is_refused(make_gateway: Any) -> None:
    with make_gateway(max_body_mb=1) as gateway:
        reply = far.post(gateway, HEARD, **upload(2 * MB))
        error = reply.json()["error"]
        assert (reply.status_code, error["code"]) == (413, "request_too_large")
        assert far.post(gateway, HEARD, **upload(1000)).status_code == 400


def test_too_large_a_form_without_a_length_is_refused(make_gateway: Any) -> None:
    def pieces() -> Iterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n'
        for _ in range(20):
            yield bytes(MB // 10)
        yield b"\r\n--b--\r\n"

    headers = {"content-type": "multipart/form-data; boundary=b"}
    with make_gateway(max_body_mb=1) as gateway:
        reply = far.post(gateway, HEARD, content=pieces(), headers=headers)
        assert reply.status_code == 413
        assert reply.json()["error"]["type"] == "invalid_request_error"


def traces() -> set[str]:
    """What uploads leave on the disk: named copies, and open files that have no name any more."""
    folder = Path(tempfile.gettempdir())
    found = {path.name for path in folder.glob("nexhina-*")}
    for link in Path("/proc/self/fd").glob("*") if Path("/proc/self/fd").exists() else ():
        try:
            target = os.readlink(link)
        except OSError:
            continue  # the listing's own
        if target.startswith(str(folder)) and target.endswith("(deleted)"):
            found.add(link.name)
    return found


def until_there_are_none(before: set[str]) -> bool:
    deadline = time.monotonic() + 10
    while traces() - before and time.monotonic() < deadline:
        time.sleep(0.02)
    return not traces() - before


def test_uploads_leave_nothing_behind(gateway: RunningGateway) -> None:
    before = traces()
    with far.elsewhere(gateway, {"transcriptions": far.answering({"text": "x"})}, "whisper-1"):
        assert far.post(gateway, HEARD, **upload(3 * MB)).status_code == 200
        broken = far.post(gateway, HEARD, data={"response_format": "doc"}, **upload(3 * MB))
        assert broken.status_code == 400
    assert until_there_are_none(before)


def test_a_caller_who_leaves_while_uploading_is_let_go(gateway: RunningGateway) -> None:
    before = traces()
    host, port = gateway.base_url.removeprefix("http://").removesuffix("/v1").split(":")
    with socket.create_connection((host, int(port))) as caller:
        caller.sendall(
            f"POST /v1{HEARD} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {gateway.key}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 9999999\r\n\r\n"
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp3"\r\n\r\n'.encode()
            + bytes(3 * MB)
        )
        time.sleep(0.2)
        assert traces() - before
    assert until_there_are_none(before)
    with gateway.store.reading() as connection:
        assert newest_of_token(connection, 1) == []


def test_a_caller_who_leaves_ends_the_recognition(gateway: RunningGateway) -> None:
    for module in ("av", "espeakng_loader", "pocketsphinx"):
        pytest.importorskip(module, reason='the engines of the extra "local"')
    far.price(gateway, "local/speak", Price.per_million(6))
    far.price(gateway, "local/transcribe", Price.per_million(6))
    spoken = {"model": "local/speak", "input": "Please wait. " * 150, "voice": "alloy"}
    content = far.post(gateway, "/audio/speech", json=spoken).content
    before = traces()
    headers = {"authorization": f"Bearer {gateway.key}"}
    call: Any = {
        "files": {"file": ("a.mp3", content)},
        "data": {"model": "local/transcribe", "stream": "true"},
    }
    with (
        httpx2.Client(headers=headers, timeout=30) as client,
        client.stream("POST", gateway.base_url + HEARD, **call) as reply,
    ):
        pieces = reply.iter_text()
        begun = next(pieces)
        assert "transcript.text.delta" in begun
        assert traces() - before, f"it had ended: {begun}{''.join(pieces)}"
    assert until_there_are_none(before)  # to hear all of it would take half a minute
    assert json.loads(far.rows(gateway, 2)[0]["other"])["stream_status"] == {
        "end_reason": "client_gone"
    }


def test_a_caller_who_leaves_ends_the_upload_upstream(gateway: RunningGateway) -> None:
    def scene(peer: Peer, request: Received) -> None:
        peer.wait_until_left()
        raise ConnectionError("left")

    before = traces()
    with far.elsewhere(gateway, {"transcriptions": scene}, "whisper-1") as server:
        far.leave(gateway, HEARD, lambda: bool(server.received), **upload(3 * MB))
        assert server.left.get(timeout=10) == "transcriptions"
        row = far.rows(gateway)[0]
    assert (row["type"], row["quota"]) == (5, 0)
    assert json.loads(row["other"])["error_code"] == "client_closed"
    assert until_there_are_none(before)
