"""Kept responses: found by their own user only, written anew, gone after their time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.responses import (
    KeptResponse,
    delete_response,
    find_response,
    save_response,
)

ONE = KeptResponse(
    user_id=1,
    id="resp_1",
    created_at=1_000,
    model="m",
    input=[{"role": "user", "content": "\ud83d half, and a line\nbreak"}],
    reply={"id": "resp_1", "status": "queued", "output": []},
    channel=3,
    upstream_id="theirs",
    previous_id="resp_0",
    events=({"type": "response.created", "text": "two\nlines"}, {"type": "response.completed"}),
)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'nexhina.db'}")
    yield opened
    opened.close()


def save(store: Store, kept: KeptResponse, expired: int = 0) -> None:
    with store.writing() as connection:
        save_response(connection, kept, expired=expired)


def find(store: Store, user: int, id: str, expired: int = 0) -> KeptResponse | None:
    with store.reading() as connection:
        return find_response(connection, user, id, expired=expired)


def test_it_comes_back_as_it_was(store: Store) -> None:
    save(store, ONE)
    assert find(store, 1, "resp_1") == ONE


def test_only_its_user_finds_it(store: Store) -> None:
    save(store, ONE)
    save(store, replace(ONE, user_id=2, model="other"))
    assert find(store, 3, "resp_1") is None
    found = find(store, 2, "resp_1")
    assert found is not None
    assert found.model == "other"
    with store.writing() as connection:
        assert not delete_response(connection, 3, "resp_1")
        assert delete_response(connection, 2, "resp_1")
    assert find(store, 1, "resp_1") == ONE


def test_a_later_state_takes_its_place(store: Store) -> None:
    save(store, ONE)
    save(store, replace(ONE, reply={"status": "completed", "output": [{"type": "message"}]}))
    found = find(store, 1, "resp_1")
    assert found is not None
    assert found.status == "completed"
    assert found.output == [{"type": "message"}]


def test_it_ends_with_its_time(store: Store) -> None:
    save(store, ONE)
    assert find(store, 1, "resp_1", expired=1_001) is None
    save(store, replace(ONE, id="resp_2", created_at=2_000), expired=1_001)
    assert find(store, 1, "resp_1") is None
    assert find(store, 1, "resp_2") is not None
