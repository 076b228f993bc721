from __future__ import annotations

from decimal import Decimal

import pytest

from nexhina_nb.client.cost import Cost, cost_of, total
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.price import Price
from nexhina_nb.wire import Usage

USAGE = Usage(prompt_tokens=1000, completion_tokens=500, total_tokens=1500)


def test_what_the_gateway_billed_goes_first() -> None:
    assert cost_of("62", "gpt-4o", USAGE) == Cost(62, Decimal("0.000124"), "gateway")
    assert cost_of("0", "whatever", None) == Cost(0, Decimal(0), "gateway")


def test_else_by_list_price() -> None:
    cost = cost_of(None, "gpt-4o", USAGE)
    # $2.50 and $10 per 1M tokens: 1000 × 1.25 + 500 × 5 quota
    assert cost == Cost(3750, Decimal("0.0075"), "catalogue")


@pytest.mark.parametrize("junk", ["", "-3", "1.5", "abc", "٣", "9" * 11])
def test_junk_of_the_gateway_is_not_a_price(junk: str) -> None:
    assert cost_of(junk, "no such model", USAGE) == Cost()


@pytest.mark.parametrize(
    ("model", "usage"), [("no such model", USAGE), ("gpt-4o", None), ("gpt-4o", "x"), (3, USAGE)]
)
def test_unknown_is_unknown_and_never_zero(model: object, usage: object) -> None:
    assert cost_of(None, model, usage) == Cost(None, None, None)


def test_in_words_and_as_json() -> None:
    assert str(Cost(62, Decimal("0.000124"), "gateway")) == "$0.000124 (62 quota)"
    assert str(cost_of(None, "gpt-4o", USAGE)) == "about $0.0075 (3750 quota)"
    assert str(Cost()) == "unknown"
    known = Cost(500_000, Decimal("1.000000"), "gateway").as_json()
    assert known == {"quota": 500_000, "usd": "1", "source": "gateway"}
    assert Cost().as_json() == {"quota": None, "usd": None, "source": None}


def test_the_sum_is_as_sure_as_the_least_sure() -> None:
    billed, listed = cost_of("10", "m", None), cost_of(None, "gpt-4o", USAGE)
    assert total([billed, billed]) == Cost(20, Decimal("0.00004"), "gateway")
    assert total([billed, listed]).source == "catalogue"
    assert total([billed, Cost()]) == Cost()


NOTHING = Usage(prompt_tokens=0, completion_tokens=0, total_tokens=0)


@pytest.mark.parametrize("usage", [Usage.read({}), NOTHING])
def test_a_usage_that_counts_nothing_tells_nothing(usage: Usage) -> None:
    assert cost_of(None, "gpt-4o", usage) == Cost()
    prices = {"free": Price.per_million(0), "each": Price.per_call_usd("0.002")}
    prices["shown"] = Price.per_call_usd("0.04", unit="image")
    catalog = Catalog({}).with_overrides(prices)
    assert cost_of(None, "free", usage, catalog) == Cost(0, Decimal(0), "catalogue")
    assert cost_of(None, "each", usage, catalog) == Cost(1000, Decimal("0.002"), "catalogue")
    assert cost_of(None, "shown", usage, catalog) == Cost()
