from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import Price, Tokens, quota
from nexhina_nb.pricing.page import from_pricing_page, group_ratios, over, to_pricing_row

PAGE = {
    "success": True,
    "data": [
        {
            "model_name": "gpt-4o",
            "quota_type": 0,
            "model_ratio": 1.25,
            "model_price": 0,
            "completion_ratio": 4,
            "cache_ratio": 0.5,
            "owner_by": "openai",
            "enable_groups": ["default"],
            "supported_endpoint_types": ["openai"],
        },
        {
            "model_name": "gemini-2.5-flash",
            "quota_type": 0,
            "model_ratio": 0.15,
            "completion_ratio": 8.333,
        },
        {"model_name": "dall-e-3", "quota_type": 1, "model_price": 0.04, "model_ratio": 0},
        {
            "model_name": "tiered",
            "quota_type": 0,
            "model_ratio": 37.5,
            "billing_mode": "tiered_expr",
            "billing_expr": "p * 2.5 + c * 10",
        },
        {
            "model_name": "clever",
            "quota_type": 0,
            "model_ratio": 37.5,
            "billing_mode": "tiered_expr",
            "billing_expr": 'hour("UTC") < 8 ? p * 1 : p * 2',
        },
        {"model_name": "negative", "quota_type": 0, "model_ratio": -1},
        {"model_name": "silent", "quota_type": 0},
        {"quota_type": 0, "model_ratio": 1},
        "junk",
    ],
    "group_ratio": {"default": 1, "vip": 0.8},
}  # fmt: skip


def test_a_page_is_read() -> None:
    prices = from_pricing_page(PAGE)
    assert sorted(prices) == ["dall-e-3", "gemini-2.5-flash", "gpt-4o", "tiered"]
    assert quota(prices["gpt-4o"], Tokens(1000, 500, cached=200)) == 3625
    assert prices["gemini-2.5-flash"].completion_ratio == Decimal("8.333")
    assert prices["dall-e-3"].per_call == Decimal("0.04")
    assert quota(prices["tiered"], Tokens(1000, 500)) == 3750
    assert prices["gpt-4o"].source == "the gateway's price page"


def test_what_the_page_cannot_say_is_unknown_and_not_free() -> None:
    assert not {"clever", "silent", "negative"} & set(from_pricing_page(PAGE))


def test_group_ratios() -> None:
    assert group_ratios(PAGE) == {"default": 1, "vip": Decimal("0.8")}
    assert group_ratios({"group_ratio": None}) == {}


@pytest.mark.parametrize("body", [None, [], "x", {}, {"data": None}, {"data": {"a": 1}}])
def test_a_body_that_is_no_page_has_no_prices(body: object) -> None:
    assert from_pricing_page(body) == {}


usd = st.decimals(0, 300, places=4)
prices = st.builds(
    lambda base, out, cached, write, audio, sound, apart: Price.per_million(
        base, out, cached, cache_write=write, audio=audio, audio_output=sound, audio_apart=apart
    ),
    usd.filter(bool), usd, usd, usd, usd.filter(bool), usd, st.none() | usd,
) | st.builds(Price.per_call_usd, usd)  # fmt: skip
counts = st.integers(0, 300_000)
usages = st.builds(Tokens, counts, counts, counts, counts, st.just(0), counts, counts, counts)


@given(prices, usages)
def test_the_inverse_bills_the_same(price: Price, tokens: Tokens) -> None:
    row = json.loads(json.dumps(to_pricing_row("m", price)))
    back = from_pricing_page({"data": [row]})["m"]
    assert quota(back, tokens) == quota(price, tokens)
    assert row["quota_type"] == (price.per_call is not None)


def test_cliffs_travel_as_an_expression() -> None:
    price = Price.per_million(2, 10, above=((200_000, Price.per_million(4, 15)),))
    row = to_pricing_row("long", price)
    assert row["billing_mode"] == "tiered_expr"
    back = from_pricing_page({"data": [row]})["long"]
    for length in (200_000, 200_001):
        assert quota(back, Tokens(length, 7)) == quota(price, Tokens(length, 7))


keys = st.sampled_from(
    ["model_name", "quota_type", "model_ratio", "model_price", "billing_mode", "billing_expr"]
)
junk = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(st.dictionaries(keys, junk | st.just("tiered_expr") | st.lists(junk)) | junk)
def test_no_row_breaks_it(row: object) -> None:
    for price in from_pricing_page({"data": [row]}).values():
        assert price.weights.prompt >= 0


def test_units_travel() -> None:
    for price in (Price.per_million(2, unit="character"), Price.per_call_usd(1, unit="second")):
        row = json.loads(json.dumps(to_pricing_row("m", price)))
        assert from_pricing_page({"data": [row]})["m"].unit == price.unit
    bare = {"model_name": "m", "quota_type": 1, "model_price": 2, "unit": None}
    assert from_pricing_page({"data": [bare]})["m"].unit == "call"


def test_a_page_is_laid_over_a_catalogue() -> None:
    base = Catalog.bundled()
    found = over(base, PAGE, "http://g/api/pricing")
    price, other = found.price("gpt-4o"), found.price("tiered")
    assert price is not None
    assert other is not None
    assert price.source == "http://g/api/pricing"  # its only group has the ratio 1
    assert other.source.startswith("http://g/api/pricing, without the ratio")
    assert found.price("clever") is found.price("silent") is None
    assert found.price("o3") == base.price("o3")
    assert over(base, None, "x") == base


@given(
    st.dictionaries(
        st.sampled_from(["data", "group_ratio", "group", "auto_groups"]),
        junk | st.lists(junk) | st.dictionaries(st.text(max_size=3), junk),
    )
)
def test_no_page_breaks_it(page: dict[str, object]) -> None:
    body = {
        "data": [{"model_name": "m", "model_ratio": 1, "enable_groups": page.get("data")}],
        **page,
    }
    assert over(Catalog.bundled(), body, "x").ratio("m") >= 0
