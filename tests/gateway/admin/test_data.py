"""Usage by hour, of everybody and of oneself."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.tables import logs
from tests.conftest import RunningGateway, run_gateway
from tests.gateway.admin.asking import ask, told

HOUR = 1_700_000_000 // 3600 * 3600
RANGE = f"start_timestamp={HOUR}&end_timestamp={HOUR + 7200}"


@pytest.fixture
def used(tmp_path: Path) -> Iterator[RunningGateway]:
    with run_gateway(tmp_path, log_days=0) as running:  # what is old stays
        write(running)
        yield running


def write(gateway: RunningGateway) -> None:
    rows = [
        (1, "root", "a", HOUR), (1, "root", "a", HOUR + 60), (1, "root", "b", HOUR + 3600),
        (2, "ann", "a", HOUR + 3601), (2, "ann", "a", HOUR - 1),
    ]  # fmt: skip
    with gateway.store.writing() as connection:
        for number, (user, name, model, at) in enumerate(rows):
            row = LogRow(f"r{number}", user, name, 1, "t", model, prompt_tokens=3)
            connection.execute(insert(logs), [row.record(quota=10, owed=10, now=at)])


def test_hours_are_added_up(used: RunningGateway) -> None:
    rows = told(used, "GET", f"/api/data/?{RANGE}")
    found = [(row["created_at"], row["username"], row["model_name"], row["quota"]) for row in rows]
    assert sorted(found) == [
        (HOUR, "root", "a", 20), (HOUR + 3600, "ann", "a", 10), (HOUR + 3600, "root", "b", 10),
    ]  # fmt: skip
    anns = told(used, "GET", f"/api/data/?username=ann&{RANGE}")
    assert [(row["count"], row["token_used"]) for row in anns] == [(1, 3)]


def test_they_are_added_up_by_user_and_by_way(used: RunningGateway) -> None:
    users = told(used, "GET", f"/api/data/users?{RANGE}")
    assert {(row["username"], row["created_at"], row["quota"]) for row in users} == {
        ("root", HOUR, 20), ("root", HOUR + 3600, 10), ("ann", HOUR + 3600, 10),
    }  # fmt: skip
    flow = told(used, "GET", f"/api/data/flow?{RANGE}")
    assert sorted((row["username"], row["model_name"], row["quota"]) for row in flow) == [
        ("ann", "a", 10), ("root", "a", 20), ("root", "b", 10),
    ]  # fmt: skip
    assert [row["id"] for row in flow] == [1, 2, 3]


def test_ones_own_are_no_others(used: RunningGateway) -> None:
    for path in ("self", "flow/self"):
        rows = told(used, "GET", f"/api/data/{path}?{RANGE}")
        assert {row["username"] for row in rows} == {"root"}
        assert sum(row["quota"] for row in rows) == 30
        long = f"/api/data/{path}?start_timestamp={HOUR}&end_timestamp={HOUR + 2_592_001}"
        assert not ask(used, "GET", long).json()["success"]
        assert told(used, "GET", f"/api/data/{path}") == []  # long ago


def test_without_a_range_it_is_the_last_thirty_days(used: RunningGateway) -> None:
    with used.store.writing() as connection:
        row = LogRow("now", 1, "root", 1, "t", "c")
        connection.execute(insert(logs), [row.record(quota=7, owed=7, now=int(time.time()))])
    assert [row["quota"] for row in told(used, "GET", "/api/data")] == [7]
