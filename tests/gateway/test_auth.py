"""Accounts in memory: read again when they are old, by one for all; refused when they are gone."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event, update

from nexhina_nb.errors import Authentication, PermissionDenied
from nexhina_nb.gateway.auth import FRESH_SECONDS, Accounts
from nexhina_nb.store import accounts
from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.tables import tokens, users


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'nexhina.db'}")
    yield opened
    opened.close()


def bearer(store: Store, **options: object) -> str:
    with store.writing() as connection:
        user = accounts.create_user(connection, "ada", quota=1000)
        _, key = accounts.create_token(connection, user, "n", **options)  # type: ignore[arg-type]
    return f"Bearer {key.reveal()}"


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


async def together(found: Accounts, key: str, times: int) -> list[object]:
    calls = (found.authenticate(key) for _ in range(times))
    return await asyncio.gather(*calls, return_exceptions=True)


def test_many_calls_read_an_old_account_once(store: Store) -> None:
    key, clock, statements = bearer(store), Clock(), []
    event.listen(store.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))

    async def scene() -> list[object]:
        found = Accounts(store, clock)
        await found.authenticate(key)
        statements.clear()
        clock.now += FRESH_SECONDS + 1
        return await together(found, key, 20)

    callers = asyncio.run(scene())
    assert len({id(caller) for caller in callers}) == 1
    assert len([text for text in statements if "tokens" in text]) == 1


def test_a_key_that_was_deleted_is_refused_to_all_who_wait(store: Store) -> None:
    key, clock = bearer(store), Clock()

    async def scene() -> list[object]:
        found = Accounts(store, clock)
        await found.authenticate(key)
        with store.writing() as connection:
            connection.execute(tokens.delete())
        clock.now += FRESH_SECONDS + 1
        return await together(found, key, 5) + await together(found, key, 1)

    assert [type(result) for result in asyncio.run(scene())] == [Authentication] * 6


def test_a_caller_who_is_gone_from_memory_can_be_refreshed(store: Store) -> None:
    key = bearer(store)

    async def scene() -> None:
        found = Accounts(store)
        caller = await found.authenticate(key)
        with store.writing() as connection:
            connection.execute(tokens.delete())
        for _ in range(2):
            with pytest.raises(Authentication):
                await found.refresh(caller)

    asyncio.run(scene())


@pytest.mark.parametrize("options", [{"expired_time": 1}, {"remain_quota": 0}])
def test_a_key_that_is_expired_or_spent_may_only_look(
    store: Store, options: dict[str, int]
) -> None:
    key = bearer(store, **options)

    async def scene() -> None:
        found = Accounts(store)
        with pytest.raises(Authentication):
            await found.authenticate(key)
        caller = await found.authenticate(key, to_look=True)
        assert caller.account.token_name == "n"

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("table", "refusal"), [(tokens, Authentication), (users, PermissionDenied)]
)
def test_what_is_disabled_may_not_even_look(
    store: Store, table: object, refusal: type[Exception]
) -> None:
    key = bearer(store)

    async def scene() -> None:
        found = Accounts(store)
        await found.authenticate(key, to_look=True)
        with store.writing() as connection:
            connection.execute(update(table).values(status=accounts.DISABLED))  # type: ignore[arg-type]
        with pytest.raises(refusal):
            await found.authenticate(key, to_look=True)

    asyncio.run(scene())
