from __future__ import annotations

from datetime import date

import pytest

from nexhina_nb.analysis.facts import facts
from nexhina_nb.analysis.metrics import by_model
from nexhina_nb.analysis.sample import GENERATED, KINDS, sample_logs
from nexhina_nb.analysis.schema import SCHEMA
from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import Tokens, quota


def test_the_same_seed_gives_the_same_rows() -> None:
    first, again, other = (sample_logs(500, seed=seed).collect() for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)
    assert dict(first.schema) == SCHEMA
    assert first["created_at"].is_sorted()


def test_money_is_the_formula_of_the_bill() -> None:
    day = date(2026, 2, 1)
    for row in sample_logs(400, until=day).collect().rows(named=True):
        price = Catalog.bundled().price(row["model_name"], day)
        assert price is not None
        tokens = Tokens(row["prompt_tokens"], row["completion_tokens"], cached=row["cache_tokens"])
        assert row["quota"] == (quota(price, tokens) if row["type"] == "consume" else 0)
        assert row["cache_tokens"] <= row["prompt_tokens"]


def test_columns_and_other_say_the_same() -> None:
    frame = sample_logs(5000).collect()
    read = facts(frame.select("other", "quota").to_struct()).struct.unnest()
    for name in ("frt", "cache_tokens", "status_code", "error_code", "request_path"):
        assert read[name].equals(frame[name])
    # polars divides a column in one way or another, as the last digit shows.
    assert (read["duration"] - frame["seconds"]).abs().max() < 1e-9


def test_it_says_that_it_is_generated_and_looks_plausible() -> None:
    frame = sample_logs(20_000)
    rows = frame.collect()
    assert rows["content"].str.contains(GENERATED, literal=True).all()
    assert rows["other"].str.contains('"generated": true', literal=True).all()
    models = by_model(frame).collect()
    assert set(models["model_name"]) == {kind.model for kind in KINDS}
    assert 0.002 < rows["type"].eq("error").mean() < 0.1  # type: ignore[operator]
    assert {429, 500} <= set(rows["status_code"])


def test_small_and_senseless_samples() -> None:
    assert sample_logs(0).collect().height == 0
    assert sample_logs(1, days=1).collect().height == 1
    with pytest.raises(BadInput):
        sample_logs(-1)
    with pytest.raises(BadInput):
        sample_logs(1, days=0)
