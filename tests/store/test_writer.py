"""The writer's thread: whatever becomes of one charge, the next ones are written and told."""

from __future__ import annotations

import queue
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.exc import OperationalError

from nexhina_nb.errors import StoreError
from nexhina_nb.store import accounts
from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.ledger import Charge
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.tables import entries, logs, tokens, users
from nexhina_nb.store.verify import verify
from nexhina_nb.store.writer import Notice, Receipt, Writer
from nexhina_nb.wire import LogType


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'nexhina.db'}")
    yield opened
    opened.close()


@pytest.fixture
def writer(store: Store) -> Iterator[Writer]:
    made = Writer(store)
    yield made
    made.close()


def account(store: Store, name: str) -> accounts.Account:
    with store.writing() as connection:
        user = accounts.create_user(connection, name, quota=1000)
        _, secret = accounts.create_token(connection, user, "notebook")
        found = accounts.find_account(connection, accounts.hash_key(secret.reveal()))
    assert found is not None
    return found


def charge(of: accounts.Account, name: str, amount: int = 10, **other: object) -> Charge:
    log = LogRow(name, of.user_id, of.username, of.token_id, of.token_name, "m", other=other)
    return Charge(of.user_id, of.token_id, name, amount, log)


def told(writer: Writer, *charges: Charge) -> list[Receipt | StoreError]:
    """What each charge comes to, in the order in which they were told."""
    heard: queue.SimpleQueue[Receipt | StoreError] = queue.SimpleQueue()
    for one in charges:
        writer.submit(one, heard.put)
    return [heard.get(timeout=10) for _ in charges]


@pytest.mark.parametrize("table", [tokens, users])
def test_a_key_that_was_deleted_fails_alone(store: Store, writer: Writer, table: object) -> None:
    gone, here = account(store, "gone"), account(store, "here")
    number = gone.token_id if table is tokens else gone.user_id
    with store.writing() as connection:
        connection.execute(delete(table).where(table.c.id == number))  # type: ignore[arg-type,attr-defined]
    with store.writing():  # hold the database, so that the charges form a group
        heard: queue.SimpleQueue[tuple[str, object]] = queue.SimpleQueue()
        for name, who in (("a", here), ("b", gone), ("c", here)):
            writer.submit(charge(who, name), lambda result, label=name: heard.put((label, result)))
    results = dict(heard.get(timeout=10) for _ in range(3))
    assert isinstance(results["a"], Receipt)
    assert isinstance(results["c"], Receipt)
    assert isinstance(results["b"], StoreError)
    assert "no longer in the store" in str(results["b"])
    (later,) = told(writer, charge(here, "later"))
    assert isinstance(later, Receipt)
    assert later.quota == 970


def test_what_nobody_foresaw_is_told_and_the_thread_lives_on(
    store: Store, writer: Writer, caplog: pytest.LogCaptureFixture
) -> None:
    ada = account(store, "ada")
    (odd,) = told(writer, charge(ada, "odd", canary=object()))
    assert isinstance(odd, StoreError)
    assert "TypeError" in str(odd)
    (later,) = told(writer, charge(ada, "later"))
    assert isinstance(later, Receipt)
    assert "TypeError at" in caplog.text
    assert "canary" not in caplog.text
    with store.reading() as connection:
        assert verify(connection) == []


def test_a_listener_that_fails_does_not_end_the_thread(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    ada = account(store, "ada")
    heard: queue.SimpleQueue[Sequence[Notice]] = queue.SimpleQueue()

    def deliver(notices: Sequence[Notice]) -> None:
        heard.put(notices)
        raise RuntimeError("the event loop is closed")

    writer = Writer(store, deliver)
    for name in ("first", "second"):
        writer.submit(charge(ada, name), lambda _: None)
        assert len(heard.get(timeout=10)) == 1
    writer.close()
    assert "RuntimeError at" in caplog.text


class Forgetful(Store):
    """A store whose first commits succeed, and seem to have failed: nobody hears of them."""

    unheard = 0

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with super().writing() as connection:
            yield connection
        if self.unheard:
            self.unheard -= 1
            lost = sqlite3.OperationalError("the connection was lost")
            lost.sqlite_errorname = "SQLITE_IOERR"
            raise StoreError("the store failed") from OperationalError("COMMIT", None, lost)


@pytest.mark.parametrize("times", [1, 3])
def test_a_commit_that_nobody_heard_of_is_not_written_again(store: Store, times: int) -> None:
    ada = account(store, "ada")
    forgetful = Forgetful(store.engine)
    forgetful.unheard = times
    writer = Writer(forgetful, patience=20)
    failed = LogRow("c", ada.user_id, "ada", ada.token_id, "notebook", "m", type=LogType.ERROR)
    results = told(
        writer,
        charge(ada, "a", 300),
        charge(ada, "b", 800),
        Charge(ada.user_id, ada.token_id, "c", 0, failed),
    )
    writer.close()
    assert forgetful.unheard == 0
    assert [r.taken for r in results if isinstance(r, Receipt)] == [300, 700, 0]
    assert all(r.quota == 0 for r in results if isinstance(r, Receipt))
    with store.reading() as connection:
        assert verify(connection) == []
        written = select(func.count()).select_from(logs)
        assert connection.scalar(written) == 3
        charges = select(func.count()).select_from(entries).where(entries.c.kind == "charge")
        assert connection.scalar(charges) == 2


def test_charges_fail_when_their_patience_ends(store: Store) -> None:
    ada = account(store, "ada")
    forgetful = Forgetful(store.engine)
    forgetful.unheard = 1000
    writer = Writer(forgetful, patience=0.2)
    (late,) = told(writer, charge(ada, "late"))
    assert isinstance(late, StoreError)
    forgetful.unheard = 0
    (next_one,) = told(writer, charge(ada, "next"))
    assert isinstance(next_one, Receipt)
    writer.close()


def test_what_waits_when_the_writer_closes_is_written(store: Store) -> None:
    ada = account(store, "ada")
    forgetful = Forgetful(store.engine)
    forgetful.unheard = 2
    writer = Writer(forgetful, patience=20)
    heard: queue.SimpleQueue[Receipt | StoreError] = queue.SimpleQueue()
    for number in range(5):
        writer.submit(charge(ada, f"r{number}"), heard.put)
    writer.close()
    assert all(isinstance(heard.get_nowait(), Receipt) for _ in range(5))
