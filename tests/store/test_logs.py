"""The sums of the usage log: the database's equal a plain loop over the same rows."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import insert

from nexhina_nb.client.spending import Spending
from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.logs import LogRow, newest_of_token, spending_of_token
from nexhina_nb.store.tables import logs

TOKENS = itertools.count(1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path_factory.mktemp('logs') / 'nexhina.db'}")
    yield opened
    opened.close()


some_rows = st.lists(
    st.tuples(
        st.sampled_from([1, 2, 5, 6]),
        st.integers(0, 20),  # times: a clock may go back
        st.integers(0, 10**12),
        st.integers(0, 1000),
    ),
    max_size=30,
)
a_time = st.none() | st.integers(1, 20)


def row(token: int, fields: tuple[int, int, int, int]) -> dict[str, Any]:
    kind, at, quota, tokens = fields
    made = LogRow("r", 1, "u", token, "t", "m", prompt_tokens=tokens, completion_tokens=tokens + 1)
    return made.record(quota=quota, owed=0, now=at) | {"type": kind}


@given(some_rows, a_time, a_time)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_spending(
    store: Store, rows: list[tuple[int, int, int, int]], start: int | None, end: int | None
) -> None:
    token = next(TOKENS)
    written = [row(token, fields) for fields in rows]
    with store.writing() as connection:
        if written:
            connection.execute(insert(logs), written)
        found = spending_of_token(connection, token, start, end)
    wanted = Spending.of_rows(written, start, end)
    assert Spending(**found) == wanted


def test_a_time_on_an_old_day_is_looked_up_in_an_index(store: Store) -> None:
    with store.reading() as connection:
        statement = "EXPLAIN QUERY PLAN SELECT min(id + 0) FROM logs WHERE created_at >= 5"
        (step,) = connection.exec_driver_sql(statement).mappings().all()
    assert "ix_logs_created_at" in step["detail"]


def test_the_newest_rows_come_first(store: Store) -> None:
    token = next(TOKENS)
    with store.writing() as connection:
        connection.execute(insert(logs), [row(token, (2, at, at, 0)) for at in range(5)])
        found = newest_of_token(connection, token, limit=2)
    assert [each["quota"] for each in found] == [4, 3]
