"""A real HTTP server in a thread that plays a script: one `Play` per request, in order.

What it saw is in ``seen``. A play with ``cut`` drops the connection where the end should be; one
with ``hang`` waits after its last chunk until the caller is gone, and then says so in ``left``.

The price page is no part of the script, since estimates and budgets look at it whenever they like:
it is always ``price_page``, and who looked is in ``looked``.
"""

from __future__ import annotations

import base64
import json
import select
import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON = "application/json"
SSE = "text/event-stream"


@dataclass(frozen=True)
class Play:
    """One scripted answer; a list of chunks is sent in HTTP chunks, bytes with a length."""

    body: bytes | Sequence[bytes] = b"{}"
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = JSON
    cut: bool = False
    hang: bool = False
    reset: bool = False


@dataclass(frozen=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class MockServer(ThreadingHTTPServer):
    """The server with its script."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: deque[Play] = deque()
        self.seen: list[Seen] = []
        self.price_page = Play(status=404)
        self.looked: list[Seen] = []
        self.left = threading.Event()
        self.stopping = False

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def base_url(self) -> str:
        return f"{self.root}/v1"

    def play(self, *plays: Play) -> None:
        self.script.extend(plays)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that leaves is part of the plot."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: MockServer
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        seen = Seen(self.command, self.path, headers, body)
        if self.path == "/api/pricing":
            self.server.looked.append(seen)
            play = self.server.price_page
        else:
            self.server.seen.append(seen)
            play = self.server.script.popleft() if self.server.script else Play(status=599)
        if play.reset:
            self._reset()
            return
        self._send(play)

    do_GET = do_DELETE = do_POST

    def _send(self, play: Play) -> None:
        self.send_response(play.status)
        self.send_header("Content-Type", play.content_type)
        for name, value in play.headers.items():
            self.send_header(name, value)
        if isinstance(play.body, bytes):
            self.send_header("Content-Length", str(len(play.body) + (10 if play.cut else 0)))
            self.end_headers()
            self.wfile.write(play.body)
        else:
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for chunk in play.body:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(chunk), chunk))
                self.wfile.flush()
        if play.hang:
            self._wait_for_goodbye()
        elif not isinstance(play.body, bytes) and not play.cut:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = play.cut or play.hang

    def _wait_for_goodbye(self) -> None:
        self.wfile.flush()
        while not self.server.stopping:
            readable, _, _ = select.select([self.connection], [], [], 0.02)
            if readable and not self._peek():
                self.server.left.set()
                return

    def _peek(self) -> bytes:
        try:
            return self.connection.recv(1, socket.MSG_PEEK)
        except OSError:
            return b""

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """Tests are quiet."""


@contextmanager
def serve() -> Iterator[MockServer]:
    """A server for the length of the block."""
    server = MockServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.stopping = True
        server.shutdown()
        thread.join()
        server.server_close()


def chat_body(text: str = "Hello!", **more: Any) -> dict[str, Any]:
    """The body of a plain chat answer."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1_700_000_000,
        "model": "gpt-4o",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
    } | more


def chat(text: str = "Hello!", **headers: str) -> Play:
    """A plain chat answer."""
    return Play(json.dumps(chat_body(text)).encode(), headers=headers)


def chunk(delta: Mapping[str, Any] | None, finish: str | None = None, **more: Any) -> bytes:
    """One frame of a chat stream; no delta makes the usage chunk."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o"}
    return b"data: " + json.dumps(body | {"choices": choices} | more).encode() + b"\n\n"


USAGE = {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}
DONE = b"data: [DONE]\n\n"


def frames(*pieces: str, quota: int | None = None) -> list[bytes]:
    """A whole chat stream: role, pieces, finish, usage, price, end."""
    billed = [] if quota is None else [b": nexhina-quota %d\n\n" % quota]
    return [
        chunk({"role": "assistant", "content": ""}),
        *(chunk({"content": piece}) for piece in pieces),
        chunk({}, "stop"),
        chunk(None, usage=USAGE),
        *billed,
        DONE,
    ]


def stream(*pieces: str, quota: int | None = None, **options: Any) -> Play:
    """A chat stream, one HTTP chunk per frame."""
    return Play(frames(*pieces, quota=quota), content_type=SSE, **options)


def as_json(body: object, **headers: str) -> Play:
    """Any JSON answer."""
    return Play(json.dumps(body).encode(), headers=headers)


def events(*bodies: Mapping[str, Any], quota: int | None = None, **options: Any) -> Play:
    """A stream of typed events; the price comes before the last one."""
    sent = [
        b"event: %s\ndata: %s\n\n" % (str(body["type"]).encode(), json.dumps(body).encode())
        for body in bodies
    ]
    billed = [] if quota is None else [b": nexhina-quota %d\n\n" % quota]
    return Play([*sent[:-1], *billed, *sent[-1:]], content_type=SSE, **options)


def error(status: int, code: str | None, message: str = "no", **headers: str) -> Play:
    """An error answer in the OpenAI form."""
    detail = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return Play(json.dumps({"error": detail}).encode(), status, headers=headers)


def embeddings(
    vectors: Sequence[Sequence[float]], *, as_base64: bool = True, **headers: str
) -> Play:
    """An embeddings answer; the entries come in reverse, as the index is what counts."""
    data = [
        {"object": "embedding", "index": index, "embedding": _embedding(vector, as_base64)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": len(vectors), "total_tokens": len(vectors)}
    body = {"object": "list", "data": data[::-1], "model": "embedder", "usage": usage}
    return Play(json.dumps(body).encode(), headers=headers)


def _embedding(vector: Sequence[float], as_base64: bool) -> str | list[float]:
    if not as_base64:
        return list(vector)
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def models(*names: str, **facts: Any) -> Play:
    """A list of models."""
    data = [
        {"id": name, "object": "model", "created": 1, "owned_by": "x"} | facts for name in names
    ]
    return Play(json.dumps({"object": "list", "data": data}).encode())


def wait_until(condition: threading.Event, seconds: float = 5.0) -> float:
    """How long it took, in seconds; fails if it does not happen."""
    start = time.monotonic()
    assert condition.wait(seconds)
    return time.monotonic() - start
