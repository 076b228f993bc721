"""A real HTTP server on raw sockets that misbehaves on demand, for the tests of the upstreams.

The last part of the path names the scene (`sick_scenes`): ``/v1/cut_length`` promises 100 bytes,
sends ten and closes. A name that ends in ``early`` is answered before the body is read. Each
connection has a thread. The server also answers as an HTTP proxy would (the request line then
carries a whole URL), records what it received, and notices when the other side leaves.
"""

from __future__ import annotations

import contextlib
import queue
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("sick_server.pem")


@dataclass(frozen=True)
class Received:
    """One request as it came, and the number of the connection that brought it."""

    connection: int
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def scene(self) -> str:
        return self.target.rpartition("/")[2]


class Peer:
    """One connection, seen from the server; ``served`` counts its requests."""

    def __init__(self, sock: socket.socket, number: int) -> None:
        self.sock = sock
        self.number = number
        self.served = 0
        self.sent = 0
        self._buffer = b""

    def read(self) -> Received | None:
        """The next request, or None when the other side has closed."""
        while b"\r\n\r\n" not in self._buffer:
            if not self._more():
                return None
        head, _, rest = self._buffer.partition(b"\r\n\r\n")
        request_line, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.lower(): value for name, _, value in (line.partition(": ") for line in lines)
        }
        early = request_line.partition(" HTTP/")[0].endswith("early")
        length = len(rest) if early else int(headers.get("content-length", "0"))
        while len(rest) < length:
            if not self._more():
                return None
            rest = self._buffer.partition(b"\r\n\r\n")[2]
        self._buffer = rest[length:]
        self.served += 1
        return Received(self.number, request_line.split(" ")[1], headers, rest[:length])

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)
        self.sent += len(data)

    def answer(self, body: bytes, *headers: str, status: str = "200 OK") -> None:
        """A complete answer with a content length."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + body)

    def begin(self, *headers: str) -> None:
        """The head of a chunked answer."""
        lines = ["HTTP/1.1 200 OK", "Transfer-Encoding: chunked", *headers]
        self.send("\r\n".join(lines).encode() + b"\r\n\r\n")

    def chunk(self, data: bytes) -> None:
        self.send(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def reset(self) -> None:
        """Close with RST: what a crashed server looks like."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def wait_until_left(self) -> None:
        """Block until the other side closes or resets."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65_536):
                pass

    def _more(self) -> bool:
        data = self.sock.recv(65_536)
        self._buffer += data
        return bool(data)


Scene = Callable[[Peer, Received], None]


class SickServer:
    """Listens on a free loopback port while it is entered; ``tls`` wraps every connection."""

    def __init__(self, scenes: Mapping[str, Scene], tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.left: queue.Queue[str] = queue.Queue()
        self.accepted = 0
        self._scenes = scenes
        self._is_closing = False
        self._tls = tls
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(target=self._accept)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> SickServer:
        self._acceptor.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_closing = True
        socket.create_connection(("127.0.0.1", self.port)).close()  # wakes accept()
        self._acceptor.join()
        self._listener.close()
        for sock in self._sockets:
            with contextlib.suppress(OSError):  # past TLS, whose own state its thread is using
                socket.socket.shutdown(sock, socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()

    def _accept(self) -> None:
        while True:
            sock, _ = self._listener.accept()
            if self._is_closing:
                sock.close()
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted += 1
            thread = threading.Thread(target=self._serve, args=(sock, self.accepted))
            self._sockets.append(sock)
            self._threads.append(thread)
            thread.start()

    def _serve(self, sock: socket.socket, number: int) -> None:
        with sock, contextlib.suppress(OSError):
            if self._tls is None:
                return self._talk(Peer(sock, number))
            with self._tls.wrap_socket(sock, server_side=True) as wrapped:
                self._sockets.append(wrapped)
                return self._talk(Peer(wrapped, number))

    def _talk(self, peer: Peer) -> None:
        while (request := peer.read()) is not None:
            self.received.append(request)
            try:
                self._scenes[request.scene](peer, request)
            except OSError:
                self.left.put(request.scene)
                raise
            if peer.sock.fileno() < 0:
                return
        self.left.put("idle")
