"""A TCP proxy that cuts the connection after so many bytes of an answer: the bad network of the
tests.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit


class CuttingProxy:
    """Passes connections on to one address; those in ``cuts`` are cut, one after the other."""

    def __init__(self, base_url: str, cuts: list[int]) -> None:
        parts = urlsplit(base_url)
        assert parts.hostname is not None
        assert parts.port is not None
        self._there, self.cuts = (parts.hostname, parts.port), cuts
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.base_url = f"http://127.0.0.1:{self._listener.getsockname()[1]}{parts.path}"
        self._threads: list[threading.Thread] = []

    def serve(self) -> None:
        """Accept until the listener is closed."""
        while True:
            try:
                here, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            left = self.cuts.pop(0) if self.cuts else None
            self._start(self._pass, here, left)

    def close(self) -> None:
        """Stop, and wait for every connection to end."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _start(self, work: object, *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _pass(self, here: socket.socket, left: int | None) -> None:
        with here, socket.create_connection(self._there) as there:
            self._start(_pump, here, there)
            while left is None or left > 0:
                with suppress(OSError):
                    if data := there.recv(65_536):
                        here.sendall(data[:left])
                        left = None if left is None else left - len(data)
                        continue
                break
            for end in (here, there):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)


@contextmanager
def cutting(base_url: str, *cuts: int) -> Iterator[CuttingProxy]:
    """A proxy for the length of the block."""
    proxy = CuttingProxy(base_url, list(cuts))
    thread = threading.Thread(target=proxy.serve)
    thread.start()
    try:
        yield proxy
    finally:
        proxy.close()
        thread.join(10)
