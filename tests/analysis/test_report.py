"""Every figure of a report is that of a plain loop over the same rows; the report can be shown."""

from __future__ import annotations

import json
import re
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg

import nexhina_nb as nx
from nexhina_nb.analysis import metrics
from nexhina_nb.analysis.frames import logs
from nexhina_nb.analysis.report import Report, report
from nexhina_nb.analysis.sample import sample_logs
from nexhina_nb.errors import BadInput
from tests.analysis import reference
from tests.analysis.rows import Row, row, stored_rows, travelled_rows, write_store

ZONES = ("UTC", "Europe/Zurich", "America/St_Johns", "Asia/Kolkata")
SUMS = ["calls", "errors", "input_tokens", "output_tokens", "cache_tokens", "quota", "unpaid"]


def check(found: Report, rows: list[Row]) -> None:
    everything = reference.sums(rows, lambda row: None).get(None, dict.fromkeys(SUMS, 0))
    assert {name: getattr(found.totals, name) for name in SUMS} == everything
    assert found.totals.usd == Decimal(everything["quota"]) / 500_000
    key = lambda row: (row["token_id"], row["token_name"], row["username"])  # noqa: E731
    check_sums(found.by_model, ["model_name"], reference.sums(rows, lambda row: row["model_name"]))
    check_sums(found.by_key, ["token_id", "token_name", "username"], reference.sums(rows, key))
    days = reference.sums(rows, lambda row: reference.day_of(row, found.zone))
    check_sums(found.by_day, ["day"], days)
    assert found.by_day["day"].to_list() == sorted(days)
    check_latency(found.latency, reference.latencies(rows))
    listed = {tuple(row[:2]): tuple(row[2:]) for row in found.errors.rows()}
    assert listed == reference.errors(rows)


def check_sums(frame: pl.DataFrame, by: list[str], expected: dict[Any, dict[str, int]]) -> None:
    rows = {
        tuple(found[name] for name in by) if len(by) > 1 else found[by[0]]: found
        for found in frame.rows(named=True)
    }
    assert rows.keys() == expected.keys()
    for key, figures in expected.items():
        assert {name: rows[key][name] for name in SUMS} == figures
        assert rows[key]["usd"] == Decimal(figures["quota"]) / 500_000
        calls = figures["calls"]
        assert rows[key]["error_rate"] == (figures["errors"] / calls if calls else None)


def check_latency(frame: pl.DataFrame, expected: dict[Any, list[float | None]]) -> None:
    found = {values[0]: list(values[1:]) for values in frame.rows()}
    assert found.keys() == expected.keys()
    for model, figures in expected.items():
        assert found[model] == [None if x is None else pytest.approx(x) for x in figures]


@settings(max_examples=60)
@given(rows=travelled_rows(), zone=st.sampled_from(ZONES))
def test_every_metric_is_that_of_a_plain_loop(rows: list[Row], zone: str) -> None:
    check(report(rows, zone=zone), rows)


@pytest.mark.parametrize(
    ("zone", "day"),
    [
        ("Europe/Zurich", "2026-10-25"),  # 02:30 comes twice
        ("Australia/Lord_Howe", "2026-10-04"),  # by half an hour
        ("America/Havana", "2026-03-08"),  # the day begins at one o'clock
        ("America/Havana", "2026-11-01"),
    ],
)
def test_days_on_which_clocks_change(zone: str, day: str) -> None:
    noon = int(datetime.fromisoformat(f"{day}T12:00Z").timestamp())
    rows = [row(n, created_at=noon + 1200 * (n - 90)) for n in range(1, 181)]
    found = report(rows, zone=zone)
    check(found, rows)
    bars = found.figure("spend").axes[0].patches
    assert sum(bar.get_height() for bar in bars) == pytest.approx(float(found.totals.usd))


@settings(max_examples=20)
@given(rows=stored_rows())
def test_so_is_every_metric_of_a_store(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row]
) -> None:
    url = write_store(tmp_path_factory.mktemp("store") / "x.db", rows)
    check(report(url, zone="Europe/Zurich"), rows)


@settings(max_examples=25)
@given(rows=travelled_rows(), zone=st.sampled_from(ZONES))
def test_the_public_metrics_agree_with_the_report(rows: list[Row], zone: str) -> None:
    frame, whole = logs(rows), report(rows, zone=zone)
    for query, table in (
        (metrics.by_model(frame), whole.by_model),
        (metrics.by_key(frame), whole.by_key),
        (metrics.by_day(frame, zone), whole.by_day),
    ):
        assert query.collect(engine="streaming").equals(table)
    assert metrics.sums(frame).collect().row(0) == tuple(
        getattr(whole.totals, name) for name in SUMS
    )


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row(type=5, quota=0)],
        [row(type=6)],
        [row(type=1)],
        [row(other="")],
        [row(model_name="$a$_<b>", token_name="<i>$1$</i>"), row(2, model_name="_x")],
        [row(type=5, content=r"\(x\) \[y\] \begin{cases}", model_name=r"\(m\)")],
        [row(model_name=None, token_name=None, username=None, created_at=None)],
        [row(n, model_name=f"m{n}", created_at=1_774_700_000 + n * 86_400) for n in range(30)],
    ],
    ids=[
        "nothing",
        "only errors",
        "only a refund",
        "no calls",
        "no times",
        "markup",
        "TeX",
        "nulls",
        "30",
    ],
)
def test_every_report_can_be_shown(rows: list[Row], tmp_path: Path) -> None:
    found = report(rows, zone="UTC")
    data, metadata = found._repr_mimebundle_()
    assert metadata == {}
    assert data["text/html"].count("data:image/png;base64,") == 3
    assert "<b>" not in data["text/html"]
    assert "<i>" not in data["text/html"]
    assert not {"$", "\\"} & set(re.sub(r"<span>[$\\]</span>", "", data["text/html"]))
    assert data["text/plain"] == repr(found)
    saved = found.save(tmp_path / "report.html").read_text(encoding="utf-8")
    assert saved.startswith("<!doctype html>")
    assert "http" not in saved.replace("data:image", "")


def test_the_headline() -> None:
    owing = {"quota_owed": 350, "cache_tokens": 4}
    rows = [
        row(1),
        row(2, type=5, quota=0),
        row(3, type=6, quota=30),
        row(4, other=json.dumps(owing)),
    ]
    first, second, third = repr(report(rows, zone="UTC")).splitlines()[:3]
    assert first.startswith("3 calls (33.33% of them failed) from 2026-03-28 to 2026-03-28 (UTC)")
    assert second == "Spent: $0.00034 (170 quota)."
    assert third == "Not paid, since wallets were empty: $0.0005 (250 quota)."
    assert repr(report([])).startswith("No calls in this log.")
    timeless = repr(report([row(created_at=None)], zone="UTC"))
    assert timeless.startswith("1 call (0.00% of them failed), ")
    assert "None" not in timeless


def test_conditions_are_those_of_logs() -> None:
    rows = [row(1), row(2, model_name="o3", token_name="b")]
    assert report(rows, model="o*").totals.calls == 1
    assert report(rows, key="k").by_key["token_name"].to_list() == ["k"]
    assert report(rows, until="2020-01-01").totals.calls == 0


def test_plots_have_labels_and_nothing_is_clipped() -> None:
    found = report(sample_logs(3000, days=20), zone="UTC")
    assert list(found.plots) == ["spend", "latency", "errors"]
    for plot in found.plots.values():
        renderer = FigureCanvasAgg(plot).get_renderer()
        plot.draw(renderer)  # lays it out
        outer = plot.get_window_extent(renderer)
        tight = plot.get_tightbbox(renderer).transformed(plot.dpi_scale_trans)
        assert outer.x0 - 1 <= tight.x0
        assert tight.x1 <= outer.x1 + 1
        assert outer.y0 - 1 <= tight.y0
        assert tight.y1 <= outer.y1 + 1
        (axes,) = plot.axes
        assert axes.get_title()
        assert axes.get_xlabel()
        assert len(plot._repr_png_()) > 10_000
    assert found.figure("spend").axes[0].get_ylabel() == "USD"


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(BadInput, match="no time zone"):
        report([], zone="Mars/Olympus")
    with pytest.raises(BadInput, match="no time zone"):
        report([], zone="posix/Europe/Zurich")  # a file of the system, not a name
    with pytest.raises(BadInput, match="no plot"):
        report([]).figure("pie")
    with pytest.raises(BadInput, match="cannot be written"):
        report([]).save("/no/such/folder/x.html")


def test_the_public_names() -> None:
    from nexhina_nb.analysis.costs import cost

    assert (nx.logs, nx.report, nx.cost) == (logs, report, cost)
