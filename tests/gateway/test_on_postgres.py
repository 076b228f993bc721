"""A gateway whose store is a PostgreSQL server: it owns the database, and outlasts that the server
is away.
"""

from __future__ import annotations

import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Semaphore
from typing import Any

import httpx2
import pytest
from sqlalchemy import select, text

from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.tables import entries
from nexhina_nb.store.verify import verify
from tests.gateway.test_process import refused, serving, wait_until
from tests.store.postgres import Server, postgres_server

KEY = "sk-" + "k" * 48
ID = "x-oneapi-request-id"
ENVIRON = {"NEXHINA_ADMIN_KEY": KEY, "NEXHINA_STORE_PATIENCE": "60", "NEXHINA_PACE": "0.02"}
HEADERS = {"authorization": f"Bearer {KEY}"}
CHAT: dict[str, Any] = {
    "model": "local/chat",
    "messages": [{"role": "user", "content": "Repeat this 30 times: tick tock"}],
}
AWAY_SECONDS = 10


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def url(server: Server) -> str:
    return server.fresh_url(f"test{time.monotonic_ns()}")


def ask(base_url: str) -> str:
    """A plain call that is answered; its id."""
    reply = httpx2.post(f"{base_url}/chat/completions", json=CHAT, headers=HEADERS, timeout=90)
    assert reply.status_code == 200, reply.text
    return str(reply.headers[ID])


def follow(base_url: str, begun: Semaphore) -> str:
    """A stream that is whole; its id."""
    body, path = CHAT | {"stream": True}, f"{base_url}/chat/completions"
    with httpx2.stream("POST", path, json=body, headers=HEADERS, timeout=90) as reply:
        lines = reply.iter_lines()
        next(lines)
        begun.release()
        assert "data: [DONE]" in list(lines)
        return str(reply.headers[ID])


def charged(url: str) -> Counter[str]:
    with contextlib.closing(open_store(url)) as store, store.reading() as connection:
        assert verify(connection) == []
        paid = select(entries.c.request_id).where(entries.c.kind == "charge")
        return Counter(connection.scalars(paid))


def is_owned(store: Store) -> bool:
    held = text(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())"
    )
    with store.reading() as connection:
        return bool(connection.scalar(held) == 1)


def test_one_gateway_owns_a_database_until_it_dies(url: str, tmp_path: Path) -> None:
    with serving("--store", url, **ENVIRON) as (child, ready):
        answered = [ask(ready["base_url"]), follow(ready["base_url"], Semaphore(0))]
        said = refused("--store", url, NEXHINA_HOME=str(tmp_path / "elsewhere"))
        assert said.startswith("Error: another gateway runs on postgresql+psycopg://")
        child.kill()
    with serving("--store", url, **ENVIRON) as (child, ready):
        answered.append(ask(ready["base_url"]))
        child.terminate()
        assert child.wait(20) == 0
    assert charged(url) == Counter(answered)


def test_a_server_that_is_away_for_a_while(server: Server, url: str, tmp_path: Path) -> None:
    begun = Semaphore(0)
    with serving("--store", url, **ENVIRON) as (child, ready), ThreadPoolExecutor(8) as clients:
        base_url = ready["base_url"]
        answered = [ask(base_url)]
        running = [clients.submit(follow, base_url, begun) for _ in range(4)]
        for _ in running:
            assert begun.acquire(timeout=20)
        server.stop()
        try:
            running += [clients.submit(ask, base_url) for _ in range(3)]
            time.sleep(AWAY_SECONDS)
            # Who was known before is known still; no answer ends before it is recorded.
            known = httpx2.get(f"{base_url}/models", headers=HEADERS, timeout=30)
            assert known.status_code == 200
            assert not any(one.done() for one in running)
        finally:
            server.start()
        answered += [one.result(60) for one in running]
        with contextlib.closing(open_store(url)) as store:
            assert wait_until(lambda: is_owned(store), 20)
        refused("--store", url, NEXHINA_HOME=str(tmp_path / "elsewhere"))
        child.terminate()
        assert child.wait(20) == 0
    assert charged(url) == Counter(answered)
