"""Finding log rows, adding them up, and taking old ones away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, insert, select

from nexhina_nb.errors import BadInput
from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.log_search import (
    LogFilter,
    batch_of_logs,
    count_logs,
    search_logs,
    stat_of_logs,
    usage_by_hour,
)
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.pruning import prune_logs
from nexhina_nb.store.tables import entries, logs
from nexhina_nb.wire.codes import LogType

NOW = 1_700_000_000


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'nexhina.db'}")
    yield opened
    opened.close()


def put(connection: Connection, number: int, at: int, quota: int = 10, **more: object) -> None:
    row = LogRow(
        request_id=f"r{number}", user_id=1, username="ann", token_id=1, token_name="t",
        model_name="gpt-4o", prompt_tokens=3, completion_tokens=4,
    )  # fmt: skip
    record = row.record(quota=quota, owed=quota, now=at) | more
    connection.execute(insert(logs), [record])


def found(connection: Connection, **filters: object) -> list[str]:
    wanted = LogFilter(**filters)  # type: ignore[arg-type]
    rows = search_logs(connection, wanted, offset=0, limit=100)
    assert len(rows) == count_logs(connection, wanted)
    return [row["request_id"] for row in rows]


@pytest.fixture
def filled(store: Store) -> Iterator[Connection]:
    with store.writing() as connection:
        put(connection, 1, NOW - 7200)
        put(connection, 2, NOW - 100, username="an_a", model_name="gpt-4o-mini", group="pro")
        put(connection, 3, NOW - 50, type=int(LogType.ERROR), quota=0, channel=7)
        put(connection, 4, NOW, token_name="other", upstream_request_id="up", user_id=2)
        yield connection


def test_filters_narrow_and_the_newest_comes_first(filled: Connection) -> None:
    assert found(filled) == ["r4", "r3", "r2", "r1"]
    assert found(filled, type=5) == found(filled, channel=7) == ["r3"]
    assert found(filled, token_name="other") == found(filled, user_id=2) == ["r4"]
    assert found(filled, upstream_request_id="up") == ["r4"]
    assert found(filled, group="pro") == found(filled, request_id="r2") == ["r2"]
    assert found(filled, start=NOW - 100, end=NOW - 50) == ["r3", "r2"]


def test_patterns_take_any_text_and_nothing_else(filled: Connection) -> None:
    assert found(filled, model_name="gpt-4o%") == ["r4", "r3", "r2", "r1"]
    assert found(filled, model_name="%mini") == ["r2"]
    assert found(filled, model_name="gpt-4o") == ["r4", "r3", "r1"]
    assert found(filled, username="n_a%") == []
    assert found(filled, username="an_%") == ["r2"]  # "_" is itself
    for junk in ("%", "%%", "a%", "%a%b%"):
        with pytest.raises(BadInput):
            found(filled, model_name=junk)


def test_counting_stops_where_it_is_told(filled: Connection) -> None:
    assert count_logs(filled, LogFilter(), most=3) == 3


def test_stat_sums_answered_calls_whatever_type_is_asked(filled: Connection) -> None:
    assert stat_of_logs(filled, LogFilter(type=5), now=NOW) == {"quota": 30, "rpm": 1, "tpm": 7}
    early = LogFilter(end=NOW - 7000)
    assert stat_of_logs(filled, early, now=NOW) == {"quota": 10, "rpm": 1, "tpm": 7}


def test_usage_is_added_up_by_hour(filled: Connection) -> None:
    put(filled, 5, NOW - 7201)
    rows = usage_by_hour(filled, LogFilter())
    assert sum(row["quota"] for row in rows) == 40
    assert {row["created_at"] % 3600 for row in rows} == {0}
    first = rows[0]
    assert (first["count"], first["token_used"], first["use_group"]) == (2, 14, "default")


def test_batches_bring_every_row_once(store: Store) -> None:
    with store.writing() as connection:
        for number in range(2500):
            put(connection, number, NOW + number)
        batches = [batch_of_logs(connection, LogFilter())]
        while batches[-1]:
            last = batches[-1][-1]["id"]
            batches.append(batch_of_logs(connection, LogFilter(), last))
    sizes = [len(batch) for batch in batches]
    rows = [row["id"] for batch in batches for row in batch]
    assert sizes == [1000, 1000, 500, 0]
    assert rows == sorted(set(rows), reverse=True)


def test_pruning_takes_old_rows_and_no_entries(filled: Connection) -> None:
    before = filled.execute(select(func.count()).select_from(entries)).scalar_one()
    assert prune_logs(filled, NOW - 60, limit=1) == 1
    assert found(filled) == ["r4", "r3", "r2"]
    assert prune_logs(filled, NOW - 60) == 1
    assert prune_logs(filled, NOW - 60) == 0
    assert found(filled) == ["r4", "r3"]
    assert filled.execute(select(func.count()).select_from(entries)).scalar_one() == before
