"""The store on PostgreSQL: steps, ledger, seal, and a server that goes away and comes back."""

from __future__ import annotations

import queue
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import inspect, text

from nexhina_nb.errors import StoreError
from nexhina_nb.store import accounts, tables
from nexhina_nb.store.db import Store, engine_for, open_store
from nexhina_nb.store.ledger import Charge, commit_group
from nexhina_nb.store.log_search import (
    LogFilter,
    batch_of_logs,
    count_logs,
    search_logs,
    stat_of_logs,
    usage_by_hour,
)
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.migrations import STEPS, migrate
from nexhina_nb.store.moves import refund
from nexhina_nb.store.verify import verify
from nexhina_nb.store.writer import Receipt, Writer
from tests.store.postgres import Server, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres_server() as running:
        yield running


@pytest.fixture
def url(server: Server) -> str:
    return server.fresh_url(f"test{time.monotonic_ns()}")


@pytest.fixture
def store(url: str) -> Iterator[Store]:
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def ada(store: Store) -> accounts.Account:
    with store.writing() as connection:
        user = accounts.create_user(connection, "ada", quota=1000)
        _, key = accounts.create_token(connection, user, "notebook", remain_quota=500)
        found = accounts.find_account(connection, accounts.hash_key(key.reveal()))
    assert found is not None
    return found


def charge(of: accounts.Account, name: str, amount: int = 10) -> Charge:
    log = LogRow(name, of.user_id, of.username, of.token_id, of.token_name, "m")
    return Charge(of.user_id, of.token_id, name, amount, log)


def test_the_steps_end_as_the_tables_say(store: Store) -> None:
    with store.reading() as connection:
        found = inspect(connection)
        for table in tables.metadata.sorted_tables:
            columns = {column["name"] for column in found.get_columns(table.name)}
            assert columns == set(table.c.keys())


def test_an_earlier_store_is_carried_over(url: str) -> None:
    store = Store(engine_for(url))
    with store.writing() as connection:
        migrate(connection, STEPS[:5])
        connection.execute(
            text(
                'INSERT INTO users (username, role, status, "group", quota, used_quota, '
                "request_count, created_at) VALUES ('root', 100, 1, 'default', 70, 0, 0, 1)"
            )
        )
        connection.execute(
            text(
                "INSERT INTO entries (created_at, user_id, token_id, kind, amount, request_id) "
                "VALUES (1, 1, 0, 'grant', 70, 'first')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO channels (name, type, status, base_url, key_env, models, "
                'model_mapping, "group", priority, weight, created_time) VALUES '
                "('up', 'openai', 1, 'http://x/v1', 'KEY', 'm', '{}', 'default', 0, 0, 1)"
            )
        )
    with store.writing() as connection:
        migrate(connection)
        assert verify(connection) == []
        assert connection.scalar(text("SELECT keys FROM channels")) == '["env:KEY"]'
    store.close()


def test_charges_and_refunds(store: Store, ada: accounts.Account) -> None:
    with store.writing() as connection:
        outcome = commit_group(connection, [charge(ada, f"r{n}", 200) for n in range(4)])
        assert outcome.taken == [200, 200, 100, 0]
        assert refund(connection, "r0", "no film", {}) == 200
        assert verify(connection) == []


@pytest.mark.parametrize(
    "change", ["UPDATE entries SET amount = 0", "DELETE FROM entries", "TRUNCATE entries"]
)
def test_entries_are_final(store: Store, ada: accounts.Account, change: str) -> None:
    with pytest.raises(StoreError, match="never changed"), store.writing() as connection:
        connection.execute(text(change))


def test_the_log_is_searched_and_added_up(store: Store, ada: accounts.Account) -> None:
    with store.writing() as connection:
        commit_group(connection, [charge(ada, f"r{number}") for number in range(3)])
    wanted = LogFilter(username="ad_%", model_name="m", start=1)
    with store.reading() as connection:
        assert search_logs(connection, wanted, offset=0, limit=9) == []  # "_" is itself
        wanted = replace(wanted, username="a%da")
        assert len(search_logs(connection, wanted, offset=1, limit=9)) == 2
        assert (count_logs(connection, wanted), len(batch_of_logs(connection, wanted))) == (3, 3)
        assert stat_of_logs(connection, wanted)["quota"] == 30
        rows = usage_by_hour(connection, wanted)
    assert sum(row["quota"] for row in rows) == 30
    assert all(row["created_at"] % 3600 == 0 for row in rows)


def test_charges_wait_for_a_server_that_is_away(
    server: Server, store: Store, ada: accounts.Account
) -> None:
    heard: queue.SimpleQueue[Receipt | StoreError] = queue.SimpleQueue()
    writer = Writer(store, patience=30)
    server.stop()
    try:
        for number in range(5):
            writer.submit(charge(ada, f"r{number}"), heard.put)
        time.sleep(0.5)
    finally:
        server.start()
    results = [heard.get(timeout=30) for _ in range(5)]
    writer.close()
    assert all(isinstance(result, Receipt) for result in results)
    with store.reading() as connection:
        assert verify(connection) == []
        charged = text("SELECT count(*) FROM entries WHERE kind = 'charge'")
        assert connection.scalar(charged) == 5
