"""Codes: shown once, worth their quota once, and one answer for whatever is wrong with them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.store import codes
from nexhina_nb.store.accounts import create_user, find_account, hash_key
from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.tables import entries, logs, redemptions, users
from nexhina_nb.store.terms import Terms
from nexhina_nb.store.verify import verify


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'codes.db'}")
    yield opened
    opened.close()


def test_a_code_is_stored_hashed_and_shown_once(store: Store) -> None:
    with store.writing() as connection:
        (made,) = codes.create_codes(connection, 1, "course", 500)
        text = made.code.reveal()
        assert len(text) == 32
        stored = str(connection.execute(select(redemptions)).one())
        assert text not in stored
        assert hash_key(text) in stored
        ((row,), total) = codes.list_codes(connection)
        assert total == 1
        assert row["key"] == f"{text[:4]}**********{text[-4:]}"
        assert "key_hash" not in row


def test_a_code_is_worth_its_quota_once(store: Store) -> None:
    with store.writing() as connection:
        user = create_user(connection, "ada")
        (made,) = codes.create_codes(connection, 1, "course", 500)
        assert codes.redeem(connection, made.code.reveal(), user) == 500
    with pytest.raises(BadInput, match="not valid"), store.writing() as connection:
        codes.redeem(connection, made.code.reveal(), user)
    with store.reading() as connection:
        assert connection.scalar(select(users.c.quota)) == 500
        assert connection.execute(select(entries.c.kind, entries.c.amount)).all() == [
            ("redeem", 500)
        ]
        assert connection.execute(select(logs.c.type, logs.c.quota)).all() == [(1, 500)]
        assert verify(connection) == []


def test_one_text_for_whatever_is_wrong(store: Store) -> None:
    with store.writing() as connection:
        user = create_user(connection, "ada")
        off, late, used = codes.create_codes(connection, 1, "course", 5, count=3)
        codes.change_code(connection, off.id, status=codes.DISABLED)
        codes.change_code(connection, late.id, expired_time=int(time.time()) - 1)
        codes.redeem(connection, used.code.reveal(), user)
        texts = set()
        for wrong in ("no such code", *(row.code.reveal() for row in (off, late, used))):
            with pytest.raises(BadInput) as refused:
                codes.redeem(connection, wrong, user)
            texts.add(str(refused.value))
        assert len(texts) == 1
        assert verify(connection) == []


def test_a_code_becomes_a_key_with_its_terms(store: Store) -> None:
    terms = Terms(models=("local/chat",), rpm=10, expired_time=4_000_000_000)
    with store.writing() as connection:
        one, two = codes.create_codes(
            connection, 1, "course", 250, holders=["student-01", "student-01"], terms=terms
        )
        _, key, quota = codes.open_with_code(connection, one.code.reveal(), "whoever")
        _, other, _ = codes.open_with_code(connection, two.code.reveal())
        found = find_account(connection, hash_key(key.reveal()))
        again = find_account(connection, hash_key(other.reveal()))
        assert found is not None
        assert again is not None
        assert (found.username, again.username) == ("student-01", "student-01-2")
        assert (quota, found.quota, found.rpm) == (250, 250, 10)
        assert found.models == {"local/chat"}
        assert verify(connection) == []


def test_what_was_used_stays(store: Store) -> None:
    with store.writing() as connection:
        user = create_user(connection, "ada")
        used, off, fresh = codes.create_codes(connection, 1, "course", 5, count=3)
        codes.redeem(connection, used.code.reveal(), user)
        codes.change_code(connection, off.id, status=codes.DISABLED)
        with pytest.raises(BadInput, match="used"):
            codes.change_code(connection, used.id, quota=10**6)
        with pytest.raises(BadInput, match="used"):
            codes.delete_code(connection, used.id)
        assert codes.delete_unusable(connection) == 1
        codes.delete_code(connection, fresh.id)
        with pytest.raises(NotFound):
            codes.find_code(connection, fresh.id)
        assert [row["id"] for row in codes.list_codes(connection)[0]] == [used.id]
        assert verify(connection) == []


def test_search(store: Store) -> None:
    with store.writing() as connection:
        codes.create_codes(connection, 1, "spring", 5, count=3)
        (late,) = codes.create_codes(connection, 1, "autumn", 5)
        codes.change_code(connection, late.id, expired_time=1)
        assert codes.list_codes(connection, keyword="spr", limit=2)[1] == 3
        assert len(codes.list_codes(connection, keyword="spr", limit=2)[0]) == 2
        assert codes.list_codes(connection, keyword="sp%")[1] == 0
        assert [row["id"] for row in codes.list_codes(connection, status="expired")[0]] == [late.id]
        assert codes.list_codes(connection, status="3")[1] == 0
        assert codes.list_codes(connection, keyword=str(late.id))[1] == 1


@pytest.mark.parametrize(("name", "quota"), [("", 5), ("n" * 65, 5), ("n", 0), ("n", 2**31)])
def test_what_makes_no_sense(store: Store, name: str, quota: int) -> None:
    with store.writing() as connection, pytest.raises(BadInput):
        codes.create_codes(connection, 1, name, quota)
