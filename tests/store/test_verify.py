"""Whatever is changed behind the ledger's back is found; whatever the ledger does agrees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import Column, Connection, Table, select, text, update

from nexhina_nb.store import accounts
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.codes import create_codes
from nexhina_nb.store.db import open_store
from nexhina_nb.store.ledger import Charge, commit_group
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.moves import allow, grant, refund
from nexhina_nb.store.periods import PERIODS, start_of
from nexhina_nb.store.tables import channels, tokens, users
from nexhina_nb.store.verify import verify

NOW = 1_800_000_000
DAY = 86_400
FIGURES = (
    users.c.quota,
    users.c.used_quota,
    tokens.c.remain_quota,
    tokens.c.used_quota,
    tokens.c.budget_used,
    channels.c.used_quota,
)


class Call(NamedTuple):
    """One call: which key, how dear, when, and whether it is paid back."""

    key: int
    amount: int
    time: int
    is_refunded: bool


calls = st.lists(
    st.builds(
        Call,
        st.integers(0, 2),
        st.integers(0, 900),
        st.integers(NOW - 40 * DAY, NOW + 40 * DAY),
        st.booleans(),
    ),
    max_size=12,
)


def populate(connection: Connection, made: Sequence[Call], period: str) -> list[int]:
    """Two users, three keys (limited, unlimited, one with a budget), a channel, and their calls;
    what each call took.
    """
    ada = accounts.create_user(connection, "ada", quota=2000)
    ben = accounts.create_user(connection, "ben", quota=1000)
    keys = [
        (ada, accounts.create_token(connection, ada, "limited", remain_quota=800)[0]),
        (ada, accounts.create_token(connection, ada, "unlimited")[0]),
        (ben, accounts.create_token(connection, ben, "b", budget=300, budget_period=period)[0]),
    ]
    channel = add_channel(connection, Channel("up", "openai", models=("m",), base_url="http://x"))
    taken: list[int] = []
    for number, call in enumerate(made):
        user, token = keys[call.key]
        log = LogRow(f"r{number}", user, "u", token, "t", "m", channel=channel)
        charge = Charge(user, token, f"r{number}", call.amount, log)
        taken += commit_group(connection, [charge], now=call.time).taken
        if call.is_refunded:
            assert refund(connection, f"r{number}", "it failed", {}) == taken[-1]
    grant(connection, ben, 50, "a gift")
    allow(connection, keys[0][1], 700)
    return taken


@contextmanager
def undone(connection: Connection) -> Iterator[None]:
    """What happens in the block is as if it had not."""
    with connection.begin_nested() as point:
        yield
        point.rollback()


def rows_with(connection: Connection, column: Column[int]) -> list[int]:
    table = column.table
    assert isinstance(table, Table)
    rows = select(table.c.id)
    if column is tokens.c.budget_used:
        rows = rows.where(tokens.c.budget_period != "")
    return list(connection.scalars(rows))


@settings(max_examples=12)
@given(calls, st.sampled_from(PERIODS), st.integers(-5000, 5000).filter(bool))
def test_any_figure_that_was_tampered_with_is_found(
    made: list[Call], period: str, change: int
) -> None:
    store = open_store("sqlite://")
    with store.writing() as connection:
        populate(connection, made, period)
        assert verify(connection) == []
        for figure in FIGURES:
            for row in rows_with(connection, figure):
                with undone(connection):
                    tampering = update(figure.table).where(figure.table.c.id == row)
                    connection.execute(tampering.values({figure.name: figure + change}))
                    found = verify(connection)
                    assert row in [difference.id for difference in found]
                    assert change in [d.stored - d.computed for d in found]
                assert verify(connection) == []
    store.close()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE entries SET amount = amount - 1 WHERE request_id = 'r0'",
        "UPDATE entries SET token_amount = 0 WHERE request_id = 'r0'",
        "UPDATE entries SET user_id = 2 WHERE request_id = 'r0'",
        "UPDATE entries SET channel = 0 WHERE request_id = 'r0'",
        "UPDATE entries SET kind = 'grant' WHERE request_id = 'r0'",
        "DELETE FROM entries WHERE request_id = 'r0'",
        "UPDATE redemptions SET status = 3",
    ],
)
def test_entries_that_were_changed_although_the_database_refuses_it(tampering: str) -> None:
    store = open_store("sqlite://")
    with store.writing() as connection:
        populate(connection, [Call(0, 40, NOW, is_refunded=False)], "daily")
        create_codes(connection, 1, "codes", 100)
        assert verify(connection) == []
        for trigger in ("update", "delete"):
            connection.execute(text(f"DROP TRIGGER entries_no_{trigger}"))
        assert connection.execute(text(tampering)).rowcount == 1
        assert verify(connection) != []
    store.close()


@settings(max_examples=30)
@given(calls, st.sampled_from(PERIODS))
def test_a_budget_never_begins_anew_twice_whatever_the_clock_does(
    made: list[Call], period: str
) -> None:
    made = [call._replace(key=2, is_refunded=False) for call in made]
    store = open_store("sqlite://")
    with store.writing() as connection:
        taken = populate(connection, made, period)
        assert verify(connection) == []
    store.close()
    latest, spent, left = 0, 0, 1000
    for call, took in zip(made, taken, strict=True):
        if (start := start_of(period, call.time)) > latest:
            latest, spent = start, 0
        assert took == min(call.amount, 300 - spent, left)
        spent, left = spent + took, left - took
