"""Keys in the hands of their owners: masked, changed in one go, and gone for good when deleted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Connection, insert, select

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.store import keys
from nexhina_nb.store.accounts import create_user, find_account, hash_key
from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.ledger import Charge, commit_group
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.moves import refund
from nexhina_nb.store.tables import tokens
from nexhina_nb.store.terms import Terms, terms_of
from nexhina_nb.store.verify import verify

DAY = 86_400
MONDAY = 1_704_067_200  # 2024-01-01, which is also the first of a month


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'keys.db'}")
    yield opened
    opened.close()


def spend(connection: Connection, user: int, key: int, name: str, amount: int, now: int) -> int:
    log = LogRow(name, user, "ada", key, "key", "m")
    return commit_group(connection, [Charge(user, key, name, amount, log)], now=now).taken[0]


def budget_of(connection: Connection, key: int) -> tuple[int, int]:
    row = connection.execute(select(tokens).where(tokens.c.id == key)).one()
    return row.budget_since, row.budget_used


def test_a_list_is_masked_and_of_one_user(store: Store) -> None:
    with store.writing() as connection:
        ada, bob = create_user(connection, "ada"), create_user(connection, "bob")
        made = [keys.create_key(connection, ada, f"key {n}", Terms()) for n in range(3)]
        keys.create_key(connection, bob, "key 9", Terms(remain_quota=7))
        rows, total = keys.list_keys(connection, ada, limit=2)
        assert ([row["name"] for row in rows], total) == (["key 2", "key 1"], 3)
        assert [row["name"] for row in keys.list_keys(connection, ada, offset=2)[0]] == ["key 0"]
        assert keys.list_keys(connection, None)[1] == 4
        text = made[2][1].reveal()
        assert rows[0]["key"] == f"{text[3:7]}**********{text[-4:]}"
        assert text[3:] not in str(rows)
        assert hash_key(text) not in str(rows)
        with pytest.raises(NotFound):
            keys.find_key(connection, bob, made[0][0])


def test_search(store: Store) -> None:
    with store.writing() as connection:
        ada = create_user(connection, "ada")
        number, key = keys.create_key(connection, ada, "spring 100%", Terms())
        keys.create_key(connection, ada, "autumn", Terms())
        text = key.reveal()

        def found(**wanted: str) -> list[int]:
            return [row["id"] for row in keys.list_keys(connection, ada, **wanted)[0]]  # type: ignore[arg-type]

        assert found(name="ring") == [number]
        assert found(name="0%") == [number]
        assert found(name="%") == [number]
        assert found(key=text) == found(key=text[3:]) == [number]
        assert number in found(key=text[-4:])
        assert found(key=text[:-1]) == []
        assert found(name="autumn", key=text) == []


def test_what_a_key_may_do_changes_in_one_go(store: Store) -> None:
    with store.writing() as connection:
        ada = create_user(connection, "ada", quota=1000)
        number, key = keys.create_key(connection, ada, "one", Terms(remain_quota=10))
        terms = Terms(
            remain_quota=70, models=("a", "b"), allow_ips=("10.0.0.0/8", "::1"), rpm=5,
            group="vip", capture=True,
        )  # fmt: skip
        row = keys.edit_key(connection, number, terms, name="two")
        assert terms_of(row) == terms
        assert (row["name"], row["model_limits"], row["status"]) == ("two", "a,b", 1)
        assert row["allow_ips"] == "10.0.0.0/8\n::1"
        account = find_account(connection, hash_key(key.reveal()))
        assert account is not None
        assert (account.remain_quota, account.models) == (70, {"a", "b"})
        row = keys.edit_key(connection, number, replace(terms, remain_quota=None))
        assert (row["unlimited_quota"], row["remain_quota"]) == (True, 70)
        assert verify(connection) == []
        with pytest.raises(NotFound):
            keys.edit_key(connection, number + 1, terms)


def test_the_status_is_that_of_now(store: Store) -> None:
    with store.writing() as connection:
        ada = create_user(connection, "ada")
        number, _ = keys.create_key(connection, ada, "k", Terms(remain_quota=0))
        assert keys.find_key(connection, ada, number)["status"] == keys.EXHAUSTED
        late = Terms(expired_time=int(time.time()) - 1)
        assert keys.edit_key(connection, number, late)["status"] == keys.EXPIRED
        assert keys.edit_key(connection, number, late, status=2)["status"] == 2
        with pytest.raises(BadInput, match="expired"):
            keys.edit_key(connection, number, late, status=1)
        with pytest.raises(BadInput, match="no quota"):
            keys.edit_key(connection, number, Terms(remain_quota=0), status=1)
        for status in (0, 3, 4):
            with pytest.raises(BadInput, match="on"):
                keys.edit_key(connection, number, Terms(), status=status)
        assert keys.edit_key(connection, number, Terms(), status=1)["status"] == 1


def test_a_budget_of_another_period_counts_what_was_spent_in_it(store: Store) -> None:
    with store.writing() as connection:
        ada = create_user(connection, "ada", quota=10_000)
        number, _ = keys.create_key(connection, ada, "k", Terms())
        for day in range(10):
            spend(connection, ada, number, f"r{day}", 10 + day, MONDAY + day * DAY)
        refund(connection, "r8", "failed", {})
        now = MONDAY + 9 * DAY + 5
        for period, since, used in (
            ("daily", 9, 19),
            ("weekly", 7, 17 + 19),
            ("monthly", 0, sum(range(10, 20)) - 18),
            ("daily", 9, 19),
        ):
            keys.edit_key(connection, number, Terms(budget=200, budget_period=period), now=now)
            assert budget_of(connection, number) == (MONDAY + since * DAY, used)
            assert verify(connection) == []
        refund(connection, "r9", "failed", {})
        assert budget_of(connection, number)[1] == 0
        keys.edit_key(connection, number, Terms(), now=now)
        assert budget_of(connection, number) == (0, 0)
        assert verify(connection) == []


def test_a_budget_does_not_count_twice_after_the_clock_was_set_back(store: Store) -> None:
    with store.writing() as connection:
        ada = create_user(connection, "ada", quota=10_000)
        number, _ = keys.create_key(connection, ada, "k", Terms())
        spend(connection, ada, number, "ahead", 50, MONDAY + 5 * DAY)
        keys.edit_key(connection, number, Terms(budget=60, budget_period="daily"), now=MONDAY)
        assert budget_of(connection, number) == (MONDAY + 5 * DAY, 50)
        assert spend(connection, ada, number, "later", 50, MONDAY + 3 * DAY) == 10
        assert verify(connection) == []
        assert spend(connection, ada, number, "anew", 50, MONDAY + 6 * DAY) == 50
        assert verify(connection) == []


def test_a_budget_that_has_ended_is_shown_as_unspent(store: Store) -> None:
    with store.writing() as connection:
        ada = create_user(connection, "ada", quota=100)
        terms = Terms(budget=60, budget_period="daily")
        number, _ = keys.create_key(connection, ada, "k", terms)
        now = int(time.time())
        spend(connection, ada, number, "before", 50, now - 2 * DAY)
        assert keys.find_key(connection, ada, number)["budget_used"] == 0
        spend(connection, ada, number, "now", 20, now + DAY)
        assert keys.find_key(connection, ada, number)["budget_used"] == 20


def test_deleted_keys_are_gone_and_still_accounted_for(store: Store) -> None:
    with store.writing() as connection:
        ada, bob = create_user(connection, "ada", quota=100), create_user(connection, "bob")
        number, key = keys.create_key(connection, ada, "k", Terms(remain_quota=50))
        other, _ = keys.create_key(connection, bob, "k", Terms())
        spend(connection, ada, number, "r", 20, MONDAY)
        assert keys.delete_keys(connection, ada, [number, other, 99]) == 1
        assert keys.delete_keys(connection, ada, [number]) == 0
        assert find_account(connection, hash_key(key.reveal())) is None
        assert keys.list_keys(connection, ada) == ([], 0)
        with pytest.raises(NotFound):
            keys.edit_key(connection, number, Terms())
        assert refund(connection, "r", "failed", {}) == 20
        assert verify(connection) == []


def test_a_user_has_at_most_a_thousand_keys(store: Store) -> None:
    with store.writing() as connection:
        ada = create_user(connection, "ada")
        number, _ = keys.create_key(connection, ada, "first", Terms())
        row = dict(connection.execute(select(tokens)).mappings().one())
        del row["id"]
        rows = [row | {"key_hash": f"hash {n}"} for n in range(keys.MOST_KEYS - 1)]
        connection.execute(insert(tokens), rows)
        with pytest.raises(BadInput, match="at most 1000"):
            keys.create_key(connection, ada, "one more", Terms())
        keys.delete_keys(connection, ada, [number])
        keys.create_key(connection, ada, "in its place", Terms())
