"""A log is the same frame wherever it is read from, and only what is asked for is read."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from sqlalchemy import insert

from nexhina_nb.analysis import scan
from nexhina_nb.analysis.costs import Place, summed
from nexhina_nb.analysis.frames import logs, store_url
from nexhina_nb.analysis.listing import Listing
from nexhina_nb.analysis.report import report
from nexhina_nb.analysis.schema import SCHEMA
from nexhina_nb.client import AsyncClient, Client
from nexhina_nb.discovery import Running, announce, holding
from nexhina_nb.errors import BadInput, ConfigError, StoreError
from nexhina_nb.secret import Secret
from nexhina_nb.settings import load
from nexhina_nb.store.db import default_url, open_store
from nexhina_nb.store.tables import logs as table
from tests.analysis.rows import BEGIN, MODELS, Row, row, stored_rows, write_store
from tests.conftest import RunningGateway

MOMENT = datetime.fromtimestamp(BEGIN, UTC)


def ids(frame: pl.LazyFrame) -> list[int]:
    found: list[int] = frame.collect()["id"].to_list()
    return found


def test_the_columns() -> None:
    (found,) = (
        logs([row(other='{"frt": -1000, "tags": {"cell": "c", "notebook": "n"}}')])
        .collect()
        .rows(named=True)
    )
    assert logs([]).collect_schema() == pl.Schema(SCHEMA)
    assert found["created_at"] == MOMENT + timedelta(seconds=1)
    assert (found["type"], found["quota"], found["is_stream"]) == ("consume", 100, True)
    assert (found["frt"], found["seconds"], found["use_time"]) == (None, 2.0, 2)
    assert (found["notebook"], found["cell"]) == ("n", "c")


def test_seconds_are_exact_where_the_gateway_notes_them() -> None:
    frame = logs([row(other='{"duration_ms": 1234}'), row(use_time=7, other="")])
    assert frame.collect()["seconds"].to_list() == [1.234, 7.0]


@settings(max_examples=25)
@given(rows=stored_rows())
def test_the_same_rows_by_every_way(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    folder = tmp_path_factory.mktemp("ways")
    expected = logs(rows).collect().sort("created_at", "id")
    stored = logs(write_store(folder / "x.db", rows))
    assert stored.collect().equals(expected)
    stored.sink_parquet(folder / "x.parquet")
    stored.sink_csv(folder / "x.csv", datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
    for source in (
        folder / "x.db",
        str(folder / "x.parquet"),
        folder,
        folder / "*.parquet",
        expected,
    ):
        assert logs(source).collect().equals(expected)
    # A CSV does not tell an empty text from a missing one.
    no_empty = pl.when(pl.col(pl.String) != "").then(pl.col(pl.String)).name.keep()
    from_csv = logs(folder / "x.csv").collect()
    assert from_csv.with_columns(no_empty).equals(expected.with_columns(no_empty))


def test_a_name_with_brackets_is_a_name(tmp_path: Path) -> None:
    folder = tmp_path / "march [1]" / "deep"
    folder.mkdir(parents=True)
    logs([row(1)]).sink_parquet(folder / "log[2].parquet")
    logs([row(1)]).sink_csv(folder / "log[2].csv")
    for source in (folder.parent, folder / "log[2].parquet", folder / "log[2].csv"):
        assert ids(logs(source)) == [1]


def moments() -> st.SearchStrategy[datetime | None]:
    seconds = st.floats(-10.0, 11 * 86_400.0)
    return st.none() | seconds.map(lambda later: MOMENT + timedelta(seconds=later))


NAMES = st.sampled_from(["k", "K", "other*", "*", "?", "k_", "%", "[k]", "gpt-4?", *MODELS])


@settings(max_examples=40)
@given(
    rows=stored_rows(),
    since=moments(),
    until=moments(),
    key=st.none() | NAMES | st.lists(NAMES, min_size=1, max_size=2),
    model=st.none() | NAMES,
    type=st.none() | st.sampled_from(["error", 2, ["consume", "refund"]]),
    last=st.none() | st.integers(0, 5),
)
def test_a_store_selects_as_a_frame_does(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], last: int | None, **wanted: Any
) -> None:
    url = write_store(tmp_path_factory.getbasetemp() / "selected.db", rows)
    in_order = sorted(rows, key=lambda row: (row["created_at"], row["id"]))
    expected = logs(in_order, last=last, **wanted)
    assert ids(logs(url, last=last, **wanted)) == ids(expected)
    counted = logs(url, last=last, **wanted).select(pl.len()).collect().item()
    assert counted == len(ids(expected))


def test_a_date_as_end_means_all_of_that_day() -> None:
    noon = int(datetime(2026, 3, 4, 12).astimezone().timestamp())
    rows = [row(day, created_at=noon + day * 86_400) for day in range(3)]
    assert ids(logs(rows, since="2026-03-04", until="2026-03-05")) == [0, 1]
    assert ids(logs(rows, since=date(2026, 3, 5))) == [1, 2]
    assert ids(logs(rows, until="2026-03-05T12:00")) == [0]
    recent = [row(1, created_at=int(datetime.now(UTC).timestamp()) - 60)]
    assert ids(logs([*rows, *recent], since="1h")) == [1]


def test_only_what_is_asked_for_is_read(tmp_path: Path) -> None:
    frame = logs(write_store(tmp_path / "x.db", [row(1)]), since=MOMENT)
    wanted = (pl.col("model_name") == "m1") & (pl.col("type") == "consume")
    plan = frame.filter(wanted, pl.col("seconds") > 1).select("quota").explain()
    assert f"PROJECT 5/{len(table.columns)} COLUMNS" in plan  # use_time and other for the seconds
    selection = plan.partition("SELECTION: ")[2]  # what the source is asked to leave out
    assert "model_name" in selection
    assert "consume" in selection
    window = scan.Window(1, scan.Selection(since=MOMENT))
    made = scan._statement(["quota"], window, wanted)
    sql = str(made.compile(compile_kwargs={"literal_binds": True}))
    assert sql.startswith("SELECT logs.quota \nFROM logs")
    assert "logs.model_name = 'm1' AND logs.type = 2" in sql
    assert f"logs.created_at >= {BEGIN}" in sql


def test_a_store_is_read_in_batches(tmp_path: Path) -> None:
    url = write_store(tmp_path / "x.db", [row(n) for n in range(1, 1001)])
    batches = scan._batches(url, scan.Window(10**9, scan.Selection()), ["id"], None, None, 300)
    assert [batch.height for batch in batches] == [300, 300, 300, 100]
    frame = logs(url)
    assert ids(frame.head(7)) == list(range(1, 8))
    assert ids(frame.filter(pl.col("id") > 500).head(2)) == [501, 502]


def test_a_frame_holds_the_rows_that_were_there(tmp_path: Path) -> None:
    url = write_store(tmp_path / "x.db", [row(1)])
    store = open_store(url)
    frame = logs(url)
    with store.writing() as connection:
        connection.execute(insert(table), [row(2)])
        # a reader does not wait for a writer, nor a writer for it
        assert ids(frame) == [1]
    assert ids(frame) == [1]
    assert ids(logs(url)) == [1, 2]
    store.close()


def test_a_store_is_opened_read_only(tmp_path: Path) -> None:
    url = write_store(tmp_path / "x.db", [row(1)])
    with scan._reading(url) as connection, pytest.raises(Exception, match="readonly"):
        connection.execute(table.delete())
    assert ids(logs(url)) == [1]


def test_without_a_source_it_is_the_store_of_this_machine(gateway: RunningGateway) -> None:
    with Client(gateway.base_url, gateway.key) as client:
        client.chat("hello")
        told = logs(client).collect()
    frame = logs(settings=gateway.settings).collect()
    assert frame["model_name"].to_list() == ["local/chat"]
    hidden = ["user_id", "channel", "other"]  # what a key may not see
    assert frame.drop(hidden).equals(told.drop(hidden))
    assert frame["seconds"][0] != round(frame["seconds"][0])


def test_where_the_store_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    known = load(environ={}, cwd=tmp_path, home=home)
    assert store_url(known) == default_url(home)
    named = load(environ={}, cwd=tmp_path, home=home, store="sqlite:///y.db")
    assert store_url(named) == "sqlite:///y.db"
    with holding(home):
        running = Running("http://127.0.0.1:1/v1", os.getpid(), Secret("k"), "sqlite:////z.db")
        announce(home, running)
        assert store_url(known) == "sqlite:////z.db"


def test_no_store_is_a_plain_sentence(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no store at .*nexhina.db → .*gateway start"):
        logs()
    (tmp_path / "empty.db").touch()
    with pytest.raises(StoreError, match="no such table"):
        logs(tmp_path / "empty.db")
    with pytest.raises(ConfigError, match="not understood"):
        logs("nonsense://x")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.parquet", "no file nowhere.parquet"),
        ("*.parquet", "no file"),
        ("x.txt", "unknown kind of file"),
        (7, "an int is no usage log"),
        ([1, 2], "a list is no usage log"),
        ({"a": 1}, "a dict is no usage log"),
        (pl.DataFrame({"a": [1]}), "no column 'created_at'"),
    ],
)
def test_what_is_no_log_is_refused(source: Any, message: str) -> None:
    with pytest.raises(BadInput, match=message):
        logs(source)


def test_junk_in_files_is_refused(tmp_path: Path) -> None:
    for name in ("x.parquet", "x.csv"):
        (tmp_path / name).write_bytes(b"junk")
        with pytest.raises(BadInput):
            logs(tmp_path / name)
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput, match="holds no Parquet"):
        logs(tmp_path / "folder")


@pytest.mark.parametrize("wrong", [{"since": "soon"}, {"type": "x"}, {"type": 99}, {"last": -1}])
def test_conditions_that_make_no_sense_are_refused(wrong: Any) -> None:
    with pytest.raises(BadInput):
        logs([], **wrong)


def test_an_async_client_is_refused(gateway: RunningGateway) -> None:
    async def run() -> None:
        async with AsyncClient(gateway.base_url, gateway.key) as client:
            with pytest.raises(BadInput, match="AsyncClient"):
                logs(client)
            assert logs(await client.logs()).collect().height == 0

    asyncio.run(run())


@pytest.mark.parametrize(
    "times",
    [
        [BEGIN],
        [str(BEGIN)],
        [MOMENT.isoformat()],
        [MOMENT.replace(tzinfo=None)],
        ["2026-03-28T12:13:20Z"],
        ["2026-03-28 12:13:20"],
    ],
)
def test_somebody_elses_table_gets_the_types(times: list[Any]) -> None:
    other = pl.DataFrame(
        {"created_at": times, "model_name": ["m"], "quota": ["7"], "type": ["2"], "is_stream": "1"}
    )
    (found,) = logs(other).collect().rows(named=True)
    assert found["created_at"] == datetime(2026, 3, 28, 12, 13, 20, tzinfo=UTC)
    assert (found["quota"], found["type"], found["is_stream"]) == (7, "consume", True)
    assert found["other"] is found["seconds"] is None


def test_numbers_that_pandas_has_made_floats_keep_their_meaning() -> None:
    columns = {"created_at": float(BEGIN), "model_name": "m", "quota": 7.0, "use_time": None}
    floats = pl.DataFrame({name: [value] * 3 for name, value in columns.items()})
    kinds = pl.Series("type", [2.0, 5.0, float("nan")])
    found = logs(floats.with_columns(kinds)).collect()
    assert found["type"].to_list() == ["consume", "error", None]
    assert found["created_at"].to_list() == [datetime(2026, 3, 28, 12, 13, 20, tzinfo=UTC)] * 3
    assert report(found).totals.quota == 7


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=40)
@given(rows=st.lists(st.fixed_dictionaries(dict.fromkeys(row(), JUNK)), max_size=3))
def test_junk_of_another_gateway_is_survived(rows: list[Row]) -> None:
    frame = logs(rows).collect()
    assert frame.height == len(rows)
    found = report(rows, zone="UTC")
    assert found.totals.calls <= len(rows)
    assert repr(found)
    assert len(Listing(frame).rows()) == len(rows)
    assert summed("cell", logs(rows), Place()) is not None


def test_half_a_character_does_not_sink_the_rest() -> None:
    rows = [row(1, model_name="\ud800x"), row(2), row(3, model_name={"a": 1}, created_at=2**62)]
    assert logs(rows).collect()["model_name"].to_list() == ["?x", "gpt-4o", "{'a': 1}"]
