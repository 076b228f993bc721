"""Running the gateway as a process: take the home and the store, listen, announce, serve, drain,
leave.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from nexhina_nb import discovery
from nexhina_nb.errors import ConfigError
from nexhina_nb.gateway.app import create_app
from nexhina_nb.gateway.kinds.text import CHAT
from nexhina_nb.gateway.own_keys import admin_key, notebook_key
from nexhina_nb.gateway.protocol import protocol
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings
from nexhina_nb.store.accounts import list_tokens
from nexhina_nb.store.db import default_url, is_missing, open_store
from nexhina_nb.store.ownership import owning

BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class Ready:
    """What a gateway that accepts requests says of itself; the key only on a store's first
    start.
    """

    base_url: str
    pid: int
    admin_key: Secret | None

    def record(self) -> dict[str, Any]:
        """For the one line of JSON. The administrator's key is shown here, once, on purpose."""
        record: dict[str, Any] = {"base_url": self.base_url, "pid": self.pid}
        if self.admin_key is not None:
            record["admin_key"] = self.admin_key.reveal()
        return record


def serve(
    settings: Settings,
    ready: Callable[[Ready], None],
    leaving: Callable[[], None] = lambda: None,
    *,
    end_with_stdin: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT (or the end of standard input), then drain.

    ``ready`` is called once requests are accepted, ``leaving`` when the draining begins.

    A second gateway of a home, on a store of its own, serves without being found by notebooks. One
    that ends with its parent is there to be found, so it gives way.

    Raises ConfigError when the home, the store or the port is taken, StoreError when the store
    fails.
    """
    url = settings.store or default_url(settings.home)
    with (
        _announcing(settings.home, required=end_with_stdin) as announce,
        owning(url),
        contextlib.closing(_door(settings, url)) as listener,
        contextlib.closing(open_store(url)) as store,
    ):
        server_config = config(create_app(settings, store), settings)
        base_url = f"http://{_host(listener)}:{listener.getsockname()[1]}/v1"
        key = notebook_key(store, settings.home) if announce else Secret("")
        running = discovery.Running(base_url, os.getpid(), key, store.url)
        # Last of all that can fail: a key that is made and then not shown is lost.
        shown_key = admin_key(store, settings, shown=not end_with_stdin)
        announcement = Ready(base_url, os.getpid(), shown_key)

        def on_ready() -> None:
            if announce:
                discovery.announce(settings.home, running)
            ready(announcement)
            # What the first call needs is loaded while the caller is still told where to call.
            threading.Thread(target=_warm, name="nexhina-warm", daemon=True).start()

        server = _Server(server_config, on_ready, leaving)
        if end_with_stdin:
            _follow_stdin(server)
        # Python hands the GIL over after 5 ms otherwise, which the ledger's thread would wait for.
        sys.setswitchinterval(0.0005)
        # Of a broken form its sender is told; in the log it would quote what was sent.
        logging.getLogger("python_multipart").setLevel(logging.ERROR)
        with _quiet_signals():
            server.run(sockets=[listener])


def refuse_open_door(settings: Settings, url: str) -> None:
    """Raise ConfigError where others could reach a gateway whose administrator's key is not known
    to anybody yet: the first start would show it, perhaps to nobody.
    """
    if is_loopback(settings.host) or settings.admin_key:
        return
    if not is_missing(url):
        with contextlib.closing(open_store(url)) as store, store.reading() as connection:
            if any(row["manages"] for row in list_tokens(connection)):
                return
    raise ConfigError(
        f"{settings.host} can be reached from elsewhere, and there is no administrator's key yet",
        hint="set NEXHINA_ADMIN_KEY, or start once on 127.0.0.1 and keep the key that is shown",
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens there."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost" or host.lower().endswith(".localhost")


class _Server(uvicorn.Server):
    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], leaving: Callable[[], None]
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._leaving = leaving

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._leaving()
        await super().shutdown(sockets=sockets)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if not self.should_exit:
            self._ready()


def config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How uvicorn serves the gateway."""
    return uvicorn.Config(
        app,
        http=protocol(settings),
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=max(1, round(settings.drain_timeout)),
    )


@contextlib.contextmanager
def _announcing(home: Path, *, required: bool) -> Iterator[bool]:
    """Whether this is the gateway that the home's notebooks find."""
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(discovery.holding(home))
        except ConfigError as taken:
            if required or not taken.message.startswith(discovery.TAKEN):
                raise
            yield False
        else:
            yield True


def _warm() -> None:
    CHAT.check({"model": "local/chat", "messages": [{"role": "user", "content": "warm"}]})


def _door(settings: Settings, url: str) -> socket.socket:
    """Where requests come in, unless it would stand open; the store is ours to look into by now."""
    refuse_open_door(settings, url)
    return _listen(settings.host, settings.port)


def _listen(host: str, port: int) -> socket.socket:
    """A socket that listens already: two of them can be bound to one port, only one can listen."""
    with contextlib.ExitStack() as undo:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
            )[0]
            # The protocol must be named: asyncio sets TCP_NODELAY only on sockets that say TCP.
            listener = undo.enter_context(socket.socket(family, kind, protocol))
            if os.name == "posix":
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(BACKLOG)
        except (OSError, UnicodeError) as error:
            raise ConfigError(
                f"cannot listen on {host} port {port}: {getattr(error, 'strerror', '') or error}",
                hint="choose another port, or --port 0 to let the system choose",
            ) from None
        undo.pop_all()
    return listener


def _host(listener: socket.socket) -> str:
    host = str(listener.getsockname()[0])
    return f"[{host}]" if ":" in host else host


def _follow_stdin(server: uvicorn.Server) -> None:
    """Leave when standard input ends: the process that holds its other end is gone then."""

    def wait() -> None:
        while os.read(0, 4096):
            pass
        server.should_exit = True

    threading.Thread(target=wait, name="nexhina-parent", daemon=True).start()


@contextlib.contextmanager
def _quiet_signals() -> Iterator[None]:
    """uvicorn raises the signal again after it has drained; that must not turn 0 into a failure."""
    before = {number: signal.signal(number, _ignore) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ignore(_number: int, _frame: object) -> None:
    pass
