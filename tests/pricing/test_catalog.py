from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from importlib import resources

import pytest

from nexhina_nb.engines import ENGINES
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import Price, Tokens, quota
from nexhina_nb.pricing.tasks import image_ratios, video_ratios

D = Decimal
DATA = resources.files("nexhina_nb.pricing").joinpath("data")
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.bundled()


def dollars(catalog: Catalog, model: str, at: datetime | date = TODAY) -> dict[str, Decimal]:
    price = catalog.price(model, at)
    assert price is not None
    return price.usd_per_million()


def test_it_is_read_once(catalog: Catalog) -> None:
    assert Catalog.bundled() is catalog


@pytest.mark.parametrize(
    ("model", "input", "output", "cached"),
    [
        ("gpt-4o", "2.5", "10", "1.25"),
        ("gpt-4o-mini", "0.15", "0.6", "0.075"),
        ("gpt-4.1", "2", "8", "0.5"),
        ("gpt-5", "1.25", "10", "0.125"),
        ("claude-sonnet-4-20250514", "3", "15", "0.3"),
        ("gemini-2.5-flash", "0.3", "2.5", "0.03"),
        ("text-embedding-3-small", "0.02", "0", "0.02"),
        ("voyage-3-large", "0.18", "0", "0.18"),
        ("local/chat", "0.10", "0.40", "0.10"),
        ("local/embed", "0.02", "0", "0.02"),
        ("local/rerank", "0.05", "0", "0.05"),
    ],
)
def test_prices_that_people_know(
    catalog: Catalog, model: str, input: str, output: str, cached: str
) -> None:
    assert dollars(catalog, model) == {
        "input": D(input),
        "output": D(output),
        "cached": D(cached),
    }


def test_a_price_is_that_of_its_day(catalog: Catalog) -> None:
    assert dollars(catalog, "o3", date(2025, 6, 9))["input"] == 10
    assert dollars(catalog, "o3", date(2025, 6, 10))["input"] == 2
    assert dollars(catalog, "gemini-4-argon", date(2026, 11, 30))["input"] == 2
    assert dollars(catalog, "gemini-4-argon", date(2026, 12, 1))["input"] == 4
    # a moment counts by its day in UTC
    east = timezone(timedelta(hours=8))
    assert dollars(catalog, "o3", datetime(2025, 6, 10, 7, 59, tzinfo=east))["input"] == 10
    assert dollars(catalog, "o3", datetime(2025, 6, 10, 8, 0, tzinfo=east))["input"] == 2


def test_a_price_is_that_of_its_hour(catalog: Catalog) -> None:
    def at(hour: int, minute: int = 0) -> Decimal:
        moment = datetime(2026, 11, 23, hour, minute, tzinfo=UTC)
        return dollars(catalog, "deepseek-v4-pro", moment)["input"]

    assert [at(0, 59), at(1), at(3, 59), at(4), at(6), at(10)] == [
        D("0.66"), D("1.32"), D("1.32"), D("0.66"), D("1.32"), D("0.66"),
    ]  # fmt: skip
    # before the day that brought these hours, and for a day as a whole, there are none
    assert dollars(catalog, "deepseek-v4-pro", datetime(2026, 8, 16, 2))["input"] == D("0.435")
    assert dollars(catalog, "deepseek-v4-pro")["input"] == D("0.66")


def test_hours_may_pass_midnight() -> None:
    rows = [
        {"model": "m", "kind": "chat", "input": "2"},
        {"model": "m", "kind": "chat", "input": "1", "hours": ["22:30", "06:00"]},
    ]
    night = Catalog.from_rows(rows)
    found = [dollars(night, "m", datetime(2026, 1, 1, hour))["input"] for hour in (22, 23, 5, 6)]
    assert found == [2, 1, 1, 2]


def test_before_the_first_dated_row_no_price_is_known() -> None:
    dated = Catalog.from_rows([{"model": "m", "kind": "chat", "input": "1", "since": "2026-01-01"}])
    assert dated.price("m", date(2025, 12, 31)) is None
    assert dated.price("m") is not None


def test_an_unknown_model_has_no_price_and_near_names(catalog: Catalog) -> None:
    assert catalog.price("gpt-4O") is None
    assert catalog.nearest("gpt-4O")[0] == "gpt-4o"
    assert catalog.nearest("claude-sonnet-4.5")[0] == "claude-sonnet-4-5"
    assert catalog.context_length("nobody") is catalog.kind("nobody") is None
    assert catalog.history("nobody") == ()


def test_overrides_come_first_whatever_the_date(catalog: Catalog) -> None:
    mine = catalog.with_overrides({"gpt-4o": Price.per_million(1), "new": Price.per_call_usd(2)})
    again = mine.with_overrides({"new": Price.per_call_usd(3)})
    assert dollars(again, "gpt-4o", date(2020, 1, 1))["input"] == 1
    new = again.price("new")
    assert new is not None
    assert new.per_call == 3
    assert "new" in again.models()
    assert "new" not in catalog.models()
    assert again.context_length("gpt-4o") == catalog.context_length("gpt-4o")


def test_wildcards_of_a_gateway_are_found() -> None:
    mine = Catalog({}).with_overrides({"gpt-4-gizmo-*": Price.per_call_usd("0.1")})
    assert mine.price("gpt-4-gizmo-g-abc") is not None
    assert mine.price("gpt-4") is None


def test_prices_that_are_not_by_token(catalog: Catalog) -> None:
    names = ("whisper-1", "tts-1", "rerank-v3.5", "dall-e-3", "sora-2")
    found = [price for price in map(catalog.price, names) if price is not None]
    whisper, tts, search, dalle, sora = found
    # $0.006 a minute, $15 per 1M characters, $2 per 1,000 searches
    minute = Tokens.from_usage({"type": "duration", "seconds": 60})
    assert quota(whisper, minute) == 3000
    assert quota(tts, Tokens(1000, 600, audio_out=600)) == 7500
    assert quota(search, Tokens(9)) == 1000
    tall = image_ratios("dall-e-3", size="1024x1792", quality="hd")
    assert quota(dalle, Tokens(1), other_ratios=tall) == 60_000
    assert quota(sora, Tokens(1), other_ratios=video_ratios("sora-2", seconds=8)) == 400_000
    assert [price.unit for price in found] == ["second", "character", "call", "image", "second"]


def test_long_context_costs_more_where_the_provider_says_so(catalog: Catalog) -> None:
    gemini = catalog.price("gemini-2.5-pro", TODAY)
    assert gemini is not None
    assert quota(gemini, Tokens(200_000, 1000)) == 125_000 + 5000
    assert quota(gemini, Tokens(200_001, 1000)) == 250_001 + 7500


def test_limits_and_kinds(catalog: Catalog) -> None:
    assert catalog.context_length("gpt-4o") == 128_000
    assert catalog.max_output("gpt-4o") == 16_384
    assert catalog.max_output("local/embed") is None
    assert catalog.kind("rerank-v3.5") == "rerank"
    assert catalog.models("rerank") == sorted(catalog.models("rerank"))
    assert "gpt-4o" not in catalog.models("rerank")


def test_the_built_in_engines_are_in_the_table(catalog: Catalog) -> None:
    for model, engine in ENGINES.items():
        price = catalog.price(model)
        assert price is not None
        assert "no real money" in price.source
        # What is priced by the piece has no length in tokens.
        assert catalog.context_length(model) in (engine.context_length, None)


def test_every_row_can_be_billed_and_says_where_it_is_from(catalog: Catalog) -> None:
    rows = json.loads(DATA.joinpath("prices.json").read_bytes())
    assert len(rows) == sum(len(catalog.history(model)) for model in catalog.models())
    for row in rows:
        assert row["source"]
        date.fromisoformat(row["retrieved"])
        price = Catalog.from_rows([row]).history(row["model"])[0].price
        free = row["kind"] == "moderation" or row["model"].endswith("-flash")
        # 0 is said for what is free, never for what is unknown
        assert quota(price, Tokens(1000)) > 0 or free, row


def test_no_model_has_two_prices_at_one_time(catalog: Catalog) -> None:
    for model in catalog.models():
        whole_day = [row.price.since for row in catalog.history(model) if row.hours is None]
        assert len(whole_day) == len(set(whole_day)), model


def test_the_data_stays_small() -> None:
    assert sum(len(file.read_bytes()) for file in DATA.iterdir()) < 1_500_000
