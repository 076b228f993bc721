"""Real parts for the tests: a gateway in a thread over a store of its own, on a port the system
picks.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
import uvicorn
from sqlalchemy import Connection

from nexhina_nb.client import price_page
from nexhina_nb.gateway.app import create_app
from nexhina_nb.gateway.serve import config
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings, load
from nexhina_nb.store import accounts
from nexhina_nb.store.db import Store, open_store

# The first example of a test may load a vocabulary or a model, and the machine may be busy.
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")
# Some tests interrupt themselves; whoever starts the suite in the background has that ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def _own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees, or leaves, anything in the real home folder or the real environment."""
    for name in [name for name in os.environ if name.startswith("NEXHINA_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NEXHINA_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def _no_prices_of_others() -> None:
    """The next server may get the port of one before, whose price page is good for a minute."""
    price_page.kept.cache_clear()


@dataclass(frozen=True)
class RunningGateway:
    """A gateway in a thread: where it listens, a key of its administrator, its store and
    settings.
    """

    base_url: str
    key: str
    store: Store
    settings: Settings

    def new_key(
        self, *, quota: int = 1_000_000, remain: int | None = None, **options: object
    ) -> str:
        """A key of a user of its own with ``quota`` in the wallet."""
        with self.store.writing() as connection:
            user = accounts.create_user(connection, f"user{time.monotonic_ns()}", quota=quota)
            _, key = accounts.create_token(
                connection,
                user,
                "test",
                remain_quota=remain,
                **options,  # type: ignore[arg-type]
            )
        return key.reveal()


def _administrators_key(connection: Connection, key: Secret) -> None:
    root = accounts.create_root_user(connection)
    accounts.create_token(connection, root, "t", key=key, manages=True)


@contextmanager
def run_gateway(
    folder: Path, clock: Callable[[], float] = time.monotonic, **options: object
) -> Iterator[RunningGateway]:
    """Serve in a thread until the block ends; by ``clock`` channels that failed cool down."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = load(environ={}, cwd=folder, home=folder, **({"pace": 0.0} | options))
    store = open_store(f"sqlite:///{folder / 'nexhina.db'}")
    key = Secret("sk-" + "a" * 48)
    with store.writing() as connection:
        if accounts.root_user(connection) is None:
            _administrators_key(connection, key)
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(config(create_app(settings, store, clock), settings))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    try:
        yield RunningGateway(url, key.reveal(), store, settings)
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        store.close()
        assert not thread.is_alive()


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[RunningGateway]:
    """A fresh gateway for one test."""
    with run_gateway(tmp_path / "gateway") as running:
        yield running


@pytest.fixture(scope="session")
def shared_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGateway]:
    """One gateway for all tests that only ask it things."""
    with run_gateway(tmp_path_factory.mktemp("shared")) as running:
        yield running


@pytest.fixture
def make_gateway(tmp_path: Path) -> Callable[..., object]:
    """For tests that choose the settings: ``with make_gateway(max_body_mb=1) as running``."""

    def make(name: str = "made", **options: object) -> object:
        return run_gateway(tmp_path / name, **options)

    return make
