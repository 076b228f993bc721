"""The log's routes: pages, filters, files, and what a user does not see of his rows."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import polars as pl
import pytest
from sqlalchemy import insert, select

import nexhina_nb as nx
from nexhina_nb.store.captures import Capture, add_capture
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.tables import logs
from tests.conftest import RunningGateway, run_gateway
from tests.gateway.admin.asking import ask, told


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[RunningGateway]:
    with run_gateway(tmp_path, log_days=0) as running:  # what is old stays
        yield running


def write(gateway: RunningGateway, count: int) -> None:
    """Rows of two users, from the second 1000 on."""
    with gateway.store.writing() as connection:
        channel = add_channel(
            connection, Channel(name="far", type="openai", models=("m",), base_url="http://far")
        )
        rows = [
            LogRow(
                request_id=f"r{number}", user_id=1 if number % 2 else 2, username="u",
                token_id=1, token_name='"t", ü\n', model_name="m", channel=channel,
                is_stream=number % 3 == 0, other={"admin_info": {"secret": 1}},
            ).record(quota=2, owed=2, now=1000 + number)
            for number in range(count)
        ]  # fmt: skip
        connection.execute(insert(logs), rows)


@pytest.fixture
def filled(gateway: RunningGateway) -> RunningGateway:
    write(gateway, 25)
    return gateway


def test_pages_are_whole_and_newest_first(filled: RunningGateway) -> None:
    pages = [told(filled, "GET", f"/api/log/?p={p}&page_size=10") for p in (1, 2, 3)]
    assert [len(page["items"]) for page in pages] == [10, 10, 5]
    assert {page["total"] for page in pages} == {25}
    ids = [row["id"] for page in pages for row in page["items"]]
    assert ids == sorted(ids, reverse=True)


def test_a_user_sees_his_own_rows_by_their_place(filled: RunningGateway) -> None:
    page = told(filled, "GET", "/api/log/self?p=2&size=5&username=other&channel=9")
    assert page["total"] == 12
    assert [row["id"] for row in page["items"]] == [6, 7, 8, 9, 10]
    for row in page["items"]:
        assert "channel_name" not in row
        assert "admin_info" not in json.loads(row["other"])


def test_stat_is_of_all_or_of_oneself(filled: RunningGateway) -> None:
    assert told(filled, "GET", "/api/log/stat")["quota"] == 50
    between = "start_timestamp=1001&end_timestamp=1003"
    assert told(filled, "GET", f"/api/log/self/stat?{between}")["quota"] == 4


@pytest.mark.parametrize("target", [1010, 2**40])
def test_old_rows_are_deleted_and_who_did_it_stays(gateway: RunningGateway, target: int) -> None:
    write(gateway, 1500)
    assert not ask(gateway, "DELETE", "/api/log/").json()["success"]
    gone = told(gateway, "DELETE", f"/api/log/?target_timestamp={target}")
    assert gone == (10 if target == 1010 else 1500)
    with gateway.store.reading() as connection:
        kept = connection.execute(select(logs).order_by(logs.c.created_at.desc())).all()
    assert (kept[0].type, kept[0].content, kept[0].username) == (3, "delete logs", "root")
    assert len(kept) == 1500 - gone + 1


@pytest.mark.parametrize(
    "path",
    [
        "/api/log/search", "/api/log/self/search", "/api/log/?type=x", "/api/log/?username=%25",
        "/api/log/export?username=%25", "/api/log/export?format=xls",
    ],
)  # fmt: skip
def test_what_is_retired_or_wrong_says_so(shared_gateway: RunningGateway, path: str) -> None:
    assert ask(shared_gateway, "GET", path).json()["success"] is False


def test_a_csv_is_the_list(gateway: RunningGateway) -> None:
    write(gateway, 2100)
    query = "start_timestamp=1003&end_timestamp=3050"
    reply = ask(gateway, "GET", f"/api/log/export?format=csv&{query}")
    assert reply.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(reply.text, newline="")))
    assert len(rows) == 2048
    listed = told(gateway, "GET", f"/api/log/?page_size=100&p=11&{query}")["items"]
    assert rows[1000:1100] == [{name: str(v) for name, v in row.items()} for row in listed]


def test_a_parquet_file_is_the_list(gateway: RunningGateway) -> None:
    write(gateway, 2100)
    reply = ask(gateway, "GET", "/api/log/export?format=parquet&channel=1")
    assert "nexhina-logs.parquet" in reply.headers["content-disposition"]
    frame = pl.read_parquet(io.BytesIO(reply.content))
    assert frame.height == 2100
    listed = told(gateway, "GET", "/api/log/?page_size=100&p=11&channel=1")["items"]
    assert frame[1000:1100].to_dicts() == listed
    assert nx.logs(frame).select(pl.len()).collect().item() == 2100


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_of_nothing_has_its_columns(shared_gateway: RunningGateway, kind: str) -> None:
    reply = ask(shared_gateway, "GET", f"/api/log/export?format={kind}&request_id=none")
    read = pl.read_csv if kind == "csv" else pl.read_parquet
    frame = read(io.BytesIO(reply.content))
    assert frame.height == 0
    assert {"id", "quota", "channel_name"} <= set(frame.columns)


def test_who_reads_a_captured_call_is_in_the_log(gateway: RunningGateway) -> None:
    with gateway.store.writing() as connection:
        add_capture(
            connection, Capture("r1", int(time.time()), 1, 1, "m", '{"model": "m"}', "hello")
        )
    found = told(gateway, "GET", "/api/log/capture?request_id=r1")
    assert (found["answer"], found["model"]) == ("hello", "m")
    (row,) = told(gateway, "GET", "/api/log/?type=3")["items"]
    assert json.loads(row["other"])["op"]["params"] == {"request_id": "r1"}
    assert not ask(gateway, "GET", "/api/log/capture?request_id=r2").json()["success"]


@pytest.mark.parametrize("path", ["export", "capture?request_id=r1", "stat", ""])
def test_only_administrators_see_all(shared_gateway: RunningGateway, path: str) -> None:
    refused = ask(shared_gateway, "GET", f"/api/log/{path}", key=shared_gateway.new_key())
    assert refused.json()["success"] is False
