"""Running the gateway as a process: take the store, bind, announce, serve, drain, leave."""

from __future__ import annotations

import contextlib
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
from filelock import FileLock, Timeout
from sqlalchemy.engine import make_url

from nexhina_nb import discovery
from nexhina_nb.errors import ConfigError
from nexhina_nb.gateway.app import create_app
from nexhina_nb.gateway.kinds import CHAT
from nexhina_nb.pricing import tokens
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings
from nexhina_nb.store.accounts import (
    create_root_user,
    create_token,
    find_account,
    hash_key,
    list_tokens,
    root_user,
)
from nexhina_nb.store.db import Store, default_url, open_store

NOTEBOOK_KEY_FILE = "notebook.key"
ADMIN_KEY_NAME = "admin"


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
    settings: Settings, ready: Callable[[Ready], None], *, end_with_stdin: bool = False
) -> None:
    """Serve until SIGTERM or SIGINT (or the end of standard input), then drain.

    Raises ConfigError when the port or the store is taken, StoreError when the store fails.
    """
    url = settings.store or default_url(settings.home)
    with _owning(url), contextlib.closing(open_store(url)) as store:
        admin_key = _first_start(store, settings)
        listener = _bind(settings.host, settings.port)
        base_url = f"http://{_host(listener)}:{listener.getsockname()[1]}/v1"
        announcement = Ready(base_url, os.getpid(), admin_key)
        running = discovery.Running(
            base_url, os.getpid(), _notebook_key(store, settings.home), store.url
        )

        def on_ready() -> None:
            discovery.announce(settings.home, running)
            ready(announcement)
            # What the first call needs is loaded while the caller is still told where to call.
            threading.Thread(target=_warm, name="nexhina-warm", daemon=True).start()

        server = _Server(_config(settings, store), on_ready)
        if end_with_stdin:
            _follow_stdin(server)
        # Python hands the GIL over after 5 ms otherwise, which the ledger's thread would wait for.
        sys.setswitchinterval(0.0005)
        try:
            with _quiet_signals():
                server.run(sockets=[listener])
        finally:
            discovery.withdraw(settings.home, running.pid)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if not self.should_exit:
            self._ready()


def _config(settings: Settings, store: Store) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings, store),
        http="httptools",
        lifespan="on",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=max(1, round(settings.drain_timeout)),
    )


@contextlib.contextmanager
def _owning(url: str) -> Iterator[None]:
    """One gateway a store: what is held for running calls lives in its memory."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or parsed.database in (None, "", ":memory:"):
        yield
        return
    path = Path(f"{parsed.database}.lock")
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        with FileLock(path, timeout=0):
            yield
    except Timeout:
        raise ConfigError(
            f"another gateway runs on {parsed.database}",
            hint="use that one (`nexhina gateway status`), or give this one its own --store",
        ) from None


def _first_start(store: Store, settings: Settings) -> Secret | None:
    """The administrator's key of a store that had none."""
    with store.writing() as connection:
        user_id = root_user(connection) or create_root_user(connection)
        mine = (row for row in list_tokens(connection) if row["user_id"] == user_id)
        if any(row["name"] == ADMIN_KEY_NAME for row in mine):
            return None
        return create_token(connection, user_id, ADMIN_KEY_NAME, key=settings.admin_key or None)[1]


def _notebook_key(store: Store, home: Path) -> Secret:
    """The key that this machine's own notebooks use: kept in a file that only the owner can
    read.
    """
    path = home / NOTEBOOK_KEY_FILE
    with contextlib.suppress(OSError), store.reading() as connection:
        key = path.read_text(encoding="ascii").strip()
        if key and find_account(connection, hash_key(key)) is not None:
            return Secret(key)
    with store.writing() as connection:
        user_id = root_user(connection)
        assert user_id is not None
        made = create_token(connection, user_id, "notebook")[1]
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(made.reveal())
    return made


def _warm() -> None:
    CHAT.check({"model": "local/chat", "messages": [{"role": "user", "content": "warm"}]})
    tokens.count("warm")


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )[0]
        # The protocol must be named: asyncio sets TCP_NODELAY only on sockets that say TCP.
        listener = socket.socket(family, kind, protocol)
        if os.name == "posix":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        raise ConfigError(
            f"cannot listen on {host} port {port}: {error.strerror or error}",
            hint="choose another port, or --port 0 to let the system choose",
        ) from None
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
