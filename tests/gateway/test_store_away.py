"""The database is locked or full while calls run: they wait and are recorded once, or fail clearly
and leave nothing behind; when it is back, everything goes on.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.util import find_spec
from typing import Any

import httpx2
import pytest
from sqlalchemy import event, select

from nexhina_nb.store.tables import entries, logs
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway

MakeGateway = Callable[..., AbstractContextManager[RunningGateway]]
ID = "x-oneapi-request-id"
CHAT: dict[str, Any] = {
    "model": "local/chat",
    "messages": [{"role": "user", "content": "What is 6 * 7?"}],
}
STREAM: dict[str, Any] = CHAT | {"stream": True}
RESPONSE: dict[str, Any] = {"model": "local/chat", "input": "What is 6 * 7?"}
FILM: dict[str, Any] = {
    "model": "local/video",
    "prompt": "waves",
    "seconds": "1",
    "size": "64x64",
    "fps": 4,
}
BODIES = (CHAT, STREAM, RESPONSE, FILM)
# Puts aside what 1,000 tokens cost, 200 quota and a little: more than half of SLIM_QUOTA.
LARGE = CHAT | {"max_tokens": 1000}
SLIM_QUOTA = 390
# Holds the database's only lock for writing until its input ends.
LOCKER = """
import sqlite3, sys
held = sqlite3.connect(sys.argv[1], isolation_level=None)
held.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def locked(gateway: RunningGateway) -> Iterator[None]:
    """Another process writes, and does not come to an end, until the block does."""
    command = [sys.executable, "-c", LOCKER, str(gateway.store.engine.url.database)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        yield
        other.communicate()


@contextmanager
def pragma(gateway: RunningGateway, line: str, after: str) -> Iterator[None]:
    """Every connection of the gateway has this set until the block ends, and ``after`` then."""
    now = [line]

    def apply(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(f"PRAGMA {now[0]}").close()

    event.listen(gateway.store.engine, "checkout", apply)
    try:
        yield
    finally:
        now[0] = after


def impatient(gateway: RunningGateway) -> AbstractContextManager[None]:
    """SQLite itself waits a tenth of a second for a lock, not five."""
    return pragma(gateway, "busy_timeout=100", "busy_timeout=5000")


def full(gateway: RunningGateway) -> AbstractContextManager[None]:
    """The database cannot grow: as on a disk that is full."""
    return pragma(gateway, "max_page_count=1", "max_page_count=4294967294")


def ask(gateway: RunningGateway, body: dict[str, Any], key: str = "") -> httpx2.Response:
    """A call of whatever the body is for."""
    headers = {"authorization": f"Bearer {key or gateway.key}"}
    path = "responses" if "input" in body else "videos" if "prompt" in body else "chat/completions"
    url = f"{gateway.base_url}/{path}"
    return httpx2.post(url, json=body, headers=headers, timeout=30)


def charged(gateway: RunningGateway) -> Counter[str]:
    """How often each request is in the ledger; what is there agrees with the balances and logs."""
    with gateway.store.reading() as connection:
        assert verify(connection) == []
        paid = select(entries.c.request_id).where(entries.c.kind == "charge")
        found = Counter(connection.scalars(paid))
        logged = select(logs.c.request_id).where(logs.c.type == 2)
        assert Counter(connection.scalars(logged)) == found
    return found


def is_whole(reply: httpx2.Response) -> bool:
    is_stream = "event-stream" in reply.headers["content-type"]
    return reply.status_code == 200 and (not is_stream or reply.text.endswith("[DONE]\n\n"))


@pytest.mark.skipif(find_spec("av") is None, reason='install the extra "local"')
def test_answers_wait_for_a_lock_and_are_recorded_once(make_gateway: MakeGateway) -> None:
    with make_gateway(store_patience=20) as gateway, impatient(gateway):
        assert is_whole(ask(gateway, CHAT))
        with ThreadPoolExecutor(8) as clients:
            with locked(gateway):
                running = [clients.submit(ask, gateway, body) for body in BODIES * 2]
                time.sleep(1)
                assert not any(one.done() for one in running)
                headers = {"authorization": f"Bearer {gateway.key}"}
                models = httpx2.get(f"{gateway.base_url}/models", headers=headers)
                assert models.status_code == 200
            replies = [one.result(30) for one in running]
        assert all(is_whole(reply) for reply in replies)
        found = charged(gateway)
        assert {found[reply.headers[ID]] for reply in replies} == {1}
        assert len(found) == 9


def test_a_lock_that_outlasts_the_patience(make_gateway: MakeGateway) -> None:
    with make_gateway(store_patience=0.3) as gateway, impatient(gateway):
        slim = gateway.new_key(quota=SLIM_QUOTA)
        assert is_whole(ask(gateway, CHAT, slim))
        with locked(gateway):
            refused = [ask(gateway, LARGE, slim), ask(gateway, LARGE | {"stream": True}, slim)]
        check_refused(gateway, refused)
        assert is_whole(ask(gateway, LARGE, slim))
        assert len(charged(gateway)) == 2


def test_a_full_disk(make_gateway: MakeGateway) -> None:
    with make_gateway(store_patience=0) as gateway:
        slim = gateway.new_key(quota=SLIM_QUOTA)
        assert is_whole(ask(gateway, LARGE, slim))
        with full(gateway):
            replies: list[httpx2.Response] = []
            while len(replies) < 100 and all(is_whole(reply) for reply in replies):
                replies.append(ask(gateway, CHAT))
            refused = [replies.pop(), *(ask(gateway, LARGE | s, slim) for s in ({}, STREAM))]
            check_refused(gateway, refused)
        assert is_whole(ask(gateway, LARGE, slim))
        found = charged(gateway)
        assert {found[reply.headers[ID]] for reply in replies} <= {1}
        assert len(found) == len(replies) + 2


def test_room_that_is_made_in_time(make_gateway: MakeGateway) -> None:
    with make_gateway(store_patience=20) as gateway, ThreadPoolExecutor(1) as clients:
        with full(gateway):
            replies: list[Future[httpx2.Response]] = []
            while not replies or replies[-1].done():
                replies.append(clients.submit(ask, gateway, CHAT))
                with suppress(TimeoutError):  # then it waits
                    assert is_whole(replies[-1].result(1))
        assert all(is_whole(reply.result(30)) for reply in replies)
        assert set(charged(gateway).values()) == {1}
        assert len(charged(gateway)) == len(replies)


def check_refused(gateway: RunningGateway, replies: list[httpx2.Response]) -> None:
    """They say that it is the store, and none is in the ledger."""
    found = charged(gateway)
    for reply in replies:
        assert not is_whole(reply)
        assert "the store failed" in reply.text
        assert found[reply.headers[ID]] == 0
