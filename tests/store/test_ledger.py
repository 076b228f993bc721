"""The ledger's rules: never below zero, nothing vanishes, a balance is the sum of its entries."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, strategies as st
from sqlalchemy import Connection, select, text

from nexhina_nb.errors import StoreError
from nexhina_nb.store import accounts
from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.ledger import (
    Allowance,
    Charge,
    Wallet,
    commit_group,
    post,
)
from nexhina_nb.store.logs import LogRow, newest_of_token
from nexhina_nb.store.moves import grant, refund
from nexhina_nb.store.tables import entries, tokens, users
from nexhina_nb.store.verify import verify
from nexhina_nb.store.writer import Receipt, Writer
from nexhina_nb.wire import LogType


def charge(
    user: int, token: int, name: str, amount: int, type_: LogType = LogType.CONSUME
) -> Charge:
    log = LogRow(name, user, f"user{user}", token, f"token{token}", "m", type=type_)
    return Charge(user, token, name, amount, log)


amounts = st.integers(0, 2**31 - 1)
charges = st.lists(
    st.tuples(st.integers(1, 3), amounts, st.sampled_from([LogType.CONSUME, LogType.ERROR])),
    max_size=40,
)


@given(
    st.lists(amounts, min_size=3, max_size=3),
    st.lists(st.booleans(), min_size=3, max_size=3),
    charges,
)
def test_balances_are_never_negative_and_nothing_vanishes(
    balances: list[int], unlimited: list[bool], wanted: list[tuple[int, int, LogType]]
) -> None:
    wallets = {i + 1: Wallet(balance) for i, balance in enumerate(balances)}
    allowances = {i + 1: Allowance(1000, unlimited=flag) for i, flag in enumerate(unlimited)}
    group = [
        charge(user, user, f"r{n}", 0 if kind is LogType.ERROR else amount, kind)
        for n, (user, amount, kind) in enumerate(wanted)
    ]
    posting = post(wallets, allowances, group, now=0)
    for user, before in enumerate(balances, 1):
        spent = -sum(row["amount"] for row in posting.entries if row["user_id"] == user)
        assert wallets[user].quota == before - spent >= 0
        assert wallets[user].used_quota == allowances[user].used_quota == spent
        assert allowances[user].remain_quota >= 0
    assert all(took <= c.amount for took, c in zip(posting.taken, group, strict=True))
    assert len(posting.logs) == len(group)
    assert len(posting.entries) == sum(kind is LogType.CONSUME for _, _, kind in wanted)


def test_what_cannot_be_taken_is_noted() -> None:
    posting = post(
        {1: Wallet(3)}, {1: Allowance(0, unlimited=True)}, [charge(1, 1, "r", 10)], now=7
    )
    assert posting.taken == [3]
    assert posting.logs[0]["quota"] == 3
    assert '"quota_owed": 10' in posting.logs[0]["other"]


@pytest.mark.parametrize(
    ("wallet", "allowance"),
    [(Wallet(-5), Allowance(100)), (Wallet(100), Allowance(-5)), (Wallet(-5), Allowance(-7))],
)
def test_a_balance_below_zero_is_not_made_a_credit(wallet: Wallet, allowance: Allowance) -> None:
    before = wallet.quota, allowance.remain_quota
    posting = post({1: wallet}, {1: allowance}, [charge(1, 1, "r", 10)], now=0)
    assert posting.taken == [0]
    assert (wallet.quota, allowance.remain_quota) == before
    assert wallet.used_quota == allowance.used_quota == posting.entries[0]["amount"] == 0


def test_a_note_in_the_log_is_cut() -> None:
    log = LogRow("r", 1, "u", 1, "t", "m", content="x" * 10_000_000)
    assert log.record(quota=0, owed=0, now=0)["content"] == "x" * 1000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'nexhina.db'}")
    yield opened
    opened.close()


@pytest.fixture
def key(store: Store) -> accounts.Account:
    with store.writing() as connection:
        user = accounts.create_user(connection, "ada", quota=1000)
        _, secret = accounts.create_token(connection, user, "notebook")
        found = accounts.find_account(connection, accounts.hash_key(secret.reveal()))
    assert found is not None
    return found


def _balance(store: Store, user_id: int) -> int:
    with store.reading() as connection:
        return connection.scalar(select(users.c.quota).where(users.c.id == user_id)) or 0


def test_a_group_is_written_whole(store: Store, key: accounts.Account) -> None:
    group = [charge(key.user_id, key.token_id, f"r{n}", 10) for n in range(5)]
    with store.writing() as connection:
        outcome = commit_group(connection, group)
    assert outcome.taken == [10] * 5
    with store.reading() as connection:
        assert verify(connection) == []
        assert [row["request_id"] for row in newest_of_token(connection, key.token_id)] == [
            "r4", "r3", "r2", "r1", "r0"
        ]  # fmt: skip
        count = connection.scalar(select(users.c.request_count).where(users.c.id == key.user_id))
    assert count == 5
    assert _balance(store, key.user_id) == 950


def test_a_request_is_charged_once(store: Store, key: accounts.Account) -> None:
    once = charge(key.user_id, key.token_id, "same", 10)
    with store.writing() as connection:
        commit_group(connection, [once])
    with pytest.raises(StoreError), store.writing() as connection:
        commit_group(connection, [once])
    assert _balance(store, key.user_id) == 990


def test_one_bad_charge_does_not_take_the_others_with_it(
    store: Store, key: accounts.Account
) -> None:
    results: dict[str, object] = {}
    told = threading.Semaphore(0)

    def note(name: str, result: object) -> None:
        results[name] = result
        told.release()

    with store.writing() as blocker:  # hold the database, so that the three charges form a group
        commit_group(blocker, [charge(key.user_id, key.token_id, "same", 1)])
        writer = Writer(store)
        for number, name in enumerate(("a", "same", "b")):
            writer.submit(
                charge(key.user_id, key.token_id, name, 10),
                lambda result, label=f"{name}{number}": note(label, result),
            )
    for _ in range(3):
        assert told.acquire(timeout=10)
    writer.close()
    assert isinstance(results["same1"], StoreError)
    assert isinstance(results["a0"], Receipt)
    assert isinstance(results["b2"], Receipt)
    assert _balance(store, key.user_id) == 979


def test_two_writers_of_one_store_never_overdraw(store: Store, key: accounts.Account) -> None:
    taken: list[int] = []
    done = threading.Semaphore(0)

    def told(result: Receipt | StoreError) -> None:
        assert isinstance(result, Receipt)
        taken.append(result.taken)
        assert result.quota >= 0
        done.release()

    writers = [Writer(store), Writer(store)]
    for number in range(200):
        writers[number % 2].submit(charge(key.user_id, key.token_id, f"r{number}", 7), told)
    for _ in range(200):
        assert done.acquire(timeout=30)
    for writer in writers:
        writer.close()
    assert sum(taken) == 1000
    assert _balance(store, key.user_id) == 0
    with store.reading() as connection:
        assert verify(connection) == []


def test_a_grant_is_an_entry(store: Store, key: accounts.Account) -> None:
    with store.writing() as connection:
        grant(connection, key.user_id, 500, "code-1")
    with pytest.raises(StoreError), store.writing() as connection:
        grant(connection, key.user_id, 500, "code-1")
    assert _balance(store, key.user_id) == 1500
    with store.reading() as connection:
        assert connection.scalars(select(entries.c.kind)).all() == ["grant", "grant"]
        assert verify(connection) == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE entries SET amount = 0",
        "UPDATE OR REPLACE entries SET id = id + 1",
        "DELETE FROM entries",
        "REPLACE INTO entries SELECT * FROM entries",
        "INSERT OR REPLACE INTO entries (created_at, user_id, token_id, kind, amount, request_id) "
        "SELECT 0, user_id, token_id, kind, 0, request_id FROM entries",
        "INSERT INTO entries SELECT * FROM entries WHERE true ON CONFLICT DO UPDATE SET amount = 0",
    ],
)
def test_the_database_refuses_to_change_an_entry(
    store: Store, key: accounts.Account, change: str
) -> None:
    with store.reading() as connection:
        before = connection.execute(select(entries)).all()
    with pytest.raises(StoreError, match=r"never changed|is there"), store.writing() as connection:
        connection.execute(text(change))
    with store.reading() as connection:
        assert connection.execute(select(entries)).all() == before != []


def test_differences_finds_a_balance_that_was_tampered_with(
    store: Store, key: accounts.Account
) -> None:
    with store.writing() as connection:
        connection.execute(users.update().values(quota=1001))
    with store.reading() as connection:
        assert [(d.what, d.id, d.stored - d.computed) for d in verify(connection)] == [
            ("balance of user", key.user_id, 1)
        ]


@given(st.integers(0, 3_000), st.integers(0, 3_000), st.booleans())
def test_what_was_taken_is_given_back_once(amount: int, money: int, unlimited: bool) -> None:
    store = open_store("sqlite://")
    with store.writing() as connection:
        user = accounts.create_user(connection, "ann", quota=money)
        cap = None if unlimited else 2_000
        token, _ = accounts.create_token(connection, user, "key", remain_quota=cap)
        before = balances_of(connection)
        taken = commit_group(connection, [charge(user, token, "r", amount)]).taken[0]
        assert taken == min(amount, money, money if unlimited else 2_000)
        assert refund(connection, "r", "it failed", {"is_task": True}) == taken
        assert refund(connection, "r", "again", {}) == 0
        assert refund(connection, "unknown", "what", {}) == 0
        assert balances_of(connection) == before
        assert verify(connection) == []
        newest = newest_of_token(connection, token, 9)
        assert [(row["type"], row["quota"]) for row in newest] == [(6, taken), (2, taken)]
        assert newest[0]["token_name"] == newest[1]["token_name"]
    store.close()


def test_what_is_given_back_has_the_tags_of_the_call(store: Store, key: accounts.Account) -> None:
    with store.writing() as connection:
        tags = {"notebook": "a.ipynb", "cell": "3"}
        paid = charge(key.user_id, key.token_id, "r", 20)
        told = {"tags": tags, "first_byte_ms": 7}
        commit_group(connection, [replace(paid, log=replace(paid.log, other=told))])
        refund(connection, "r", "it failed", {"is_task": True})
        newest = newest_of_token(connection, key.token_id, 1)[0]
    assert json.loads(newest["other"]) == {"tags": tags, "is_task": True}


def balances_of(connection: Connection) -> list[Any]:
    row = connection.execute(select(users.c.quota, users.c.used_quota)).one()
    cap = connection.execute(select(tokens.c.remain_quota, tokens.c.used_quota)).one()
    return [*row, *cap]
