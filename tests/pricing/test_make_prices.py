"""Bringing the price table up to date adds rows and changes none; it agrees with others' tables."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.pricing.catalog import Catalog

SCRIPTS = Path(__file__).parents[2] / "scripts"
pytestmark = pytest.mark.skipif(not SCRIPTS.is_dir(), reason="an installed package has no scripts")


@pytest.fixture(scope="module")
def make() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(SCRIPTS))
        yield importlib.import_module("make_prices")


def row(price: str, since: str | None = None, **more: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "kind": "chat",
        "input": price,
        **({"since": since} if since else {}),
        **more,
    }


def test_the_same_prices_add_nothing(make: ModuleType) -> None:
    old = make.merge([], {"m": [row("1")], "n": [{**row("2"), "model": "n"}]}, "2026-01-01")
    assert (
        make.merge(old, {"m": [row("1")], "n": [{**row("2"), "model": "n"}]}, "2026-02-01") == old
    )


def test_a_changed_price_is_a_new_row(make: ModuleType) -> None:
    old = make.merge([], {"m": [row("1")]}, "2026-01-01")
    new = make.merge(old, {"m": [row("3")]}, "2026-02-01")
    assert new[0] == old[0]
    assert (new[1]["input"], new[1]["since"], new[1]["retrieved"]) == (
        "3",
        "2026-02-01",
        "2026-02-01",
    )
    catalog = Catalog.from_rows(new)
    for day, expected in ((datetime(2026, 1, 31), 1), (datetime(2026, 2, 1), 3)):
        price = catalog.price("m", day)
        assert price is not None
        assert price.usd_per_million()["input"] == expected


def test_a_dated_row_of_the_source_keeps_its_date(make: ModuleType) -> None:
    old = make.merge([], {"m": [row("1")]}, "2026-01-01")
    new = make.merge(old, {"m": [row("1"), row("3", "2026-01-20")]}, "2026-02-01")
    assert [r.get("since") for r in new] == [None, "2026-01-20"]
    future = make.merge(new, {"m": [row("3"), row("9", "2027-01-01")]}, "2026-03-01")
    assert [r.get("since") for r in future] == [None, "2026-01-20", "2027-01-01"]


def test_hours_change_together(make: ModuleType) -> None:
    hours = {"hours": ["01:00", "04:00"]}
    old = make.merge([], {"m": [row("1"), row("2", **hours)]}, "2026-01-01")
    assert len(old) == 2
    new = make.merge(old, {"m": [row("1"), row("3", **hours)]}, "2026-02-01")
    assert [(r.get("since"), r["input"]) for r in new] == [
        (None, "1"), (None, "2"), ("2026-02-01", "1"), ("2026-02-01", "3"),
    ]  # fmt: skip


def test_a_model_that_the_sources_forget_stays(make: ModuleType) -> None:
    old = make.merge([], {"m": [row("1")]}, "2026-01-01")
    assert make.merge(old, {}, "2026-02-01") == old


usd = st.sampled_from(["1", "2", "3"])
days = st.sampled_from([None, "2026-01-10", "2026-02-10", "2027-01-01"])
rows = st.lists(
    st.builds(row, usd, days), min_size=1, max_size=3, unique_by=lambda r: r.get("since")
)


@given(st.lists(rows, min_size=1, max_size=4))
def test_history_only_grows(make: ModuleType, updates: list[list[dict[str, Any]]]) -> None:
    table: list[dict[str, Any]] = []
    for month, fresh in enumerate(updates, start=3):
        fresh.sort(key=lambda r: r.get("since") or "")
        before, table = table, make.merge(table, {"m": fresh}, f"2026-{month:02}-01")
        assert all(old in table for old in before)
        assert make.merge(table, {"m": fresh}, f"2026-{month:02}-02") == table
        ids = [(r["model"], r.get("since")) for r in table]
        assert len(ids) == len(set(ids))


def test_the_committed_table_is_written_by_the_script(make: ModuleType, tmp_path: Path) -> None:
    committed = resources.files("nexhina_nb.pricing").joinpath("data", "prices.json").read_text()
    make.write(json.loads(committed), tmp_path / "prices.json")
    assert (tmp_path / "prices.json").read_text() == committed


def test_one_entry_of_the_source_becomes_one_row(make: ModuleType) -> None:
    entry = {
        "litellm_provider": "gemini",
        "mode": "chat",
        "input_cost_per_token": 1.25e-06,
        "input_cost_per_token_above_200k_tokens": 2.5e-06,
        "output_cost_per_token": 1e-05,
        "output_cost_per_token_above_200k_tokens": 1.5e-05,
        "cache_read_input_token_cost": 1.25e-07,
        "input_cost_per_audio_token": 1e-06,
        "max_input_tokens": 1_048_576,
    }
    assert make.from_litellm("gemini/gemini-x", entry) == {
        "model": "gemini-x",
        "kind": "chat",
        "input": "1.25",
        "output": "10",
        "cached": "0.125",
        "audio_apart": "1",
        "above": {"200000": {"input": "2.5", "output": "15"}},
        "context": 1_048_576,
    }
    unknown = {"litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 0}
    assert make.from_litellm("mystery", unknown) is None
    assert make.from_litellm("m", {**entry, "litellm_provider": "somebody"}) is None


# --- against another table --------------------------------------------------------------------

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
FIRST_PARTY = (
    "openai", "anthropic", "google", "mistral", "deepseek", "x-ai", "cohere", "voyageai",
    "moonshotai", "zai",
)  # fmt: skip


def test_nine_of_ten_input_prices_agree_with_genai_prices(
    record_property: Callable[[str, object], None],
) -> None:
    snapshot = pytest.importorskip(
        "genai_prices.data_snapshot", reason="genai-prices is not installed"
    )
    catalog, same, differ = Catalog.bundled(), 0, []
    independent = (model for model in catalog.models() if not from_genai_itself(catalog, model))
    for model in independent:
        theirs = their_input(snapshot.get_snapshot(), model)
        ours = catalog.price(model, NOON)
        if theirs is None or ours is None or ours.unit != "token":
            continue
        if ours.usd_per_million()["input"] == theirs:
            same += 1
        else:
            differ.append((model, ours.usd_per_million()["input"], theirs))
    share = same / (same + len(differ))
    record_property("agreement", f"{same} of {same + len(differ)}")
    assert same > 200
    assert share >= 0.9, differ


def from_genai_itself(catalog: Catalog, model: str) -> bool:
    return any("genai" in row.price.source for row in catalog.history(model))


def their_input(snapshot: Any, model: str) -> Any:
    for provider in snapshot.providers:
        if provider.id in FIRST_PARTY and (found := provider.find_model(model)):
            price = found.get_prices(NOON).input_mtok
            return getattr(price, "base", price)
    return None
