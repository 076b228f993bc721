from __future__ import annotations

import decimal
import pickle
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.price import SCALE, Price, as_decimal


def test_ratios_of_a_price_in_dollars() -> None:
    price = Price.per_million("2.50", "10", "1.25", cache_write="3.125", image=5, audio=40)
    assert price.model_ratio == Decimal("1.25")
    assert price.completion_ratio == 4
    assert price.cache_ratio == Decimal("0.5")
    assert price.create_cache_ratio == Decimal("1.25")
    assert (price.image_ratio, price.audio_ratio) == (2, 16)
    assert price.audio_completion_ratio == 1


def test_what_is_not_named_costs_what_the_contract_defaults_to() -> None:
    price = Price.per_million(3)
    assert price.cache_ratio == 1
    assert price.create_cache_ratio == Decimal("1.25")
    assert price.completion_ratio == 0


def test_the_true_ratio_of_gpt_4_1_is_four_and_not_the_shipped_two() -> None:
    assert Price.per_million(2, 8).completion_ratio == 4


@given(
    st.decimals(0, 1000, places=6).filter(bool),
    st.decimals(0, 1000, places=6),
    st.decimals(0, 1000, places=6),
)
def test_a_division_is_undone(price_in: Decimal, price_out: Decimal, cached: Decimal) -> None:
    weights = Price.per_million(price_in, price_out, cached).weights
    assert weights.prompt == price_in * SCALE / 2
    assert weights.completion == price_out * SCALE / 2
    assert weights.cached == cached * SCALE / 2


def test_the_decimal_context_of_the_notebook_does_not_matter() -> None:
    with decimal.localcontext(prec=2):
        rough = Price.per_million("0.123456", "1.234567", "0.0123")
    assert rough == Price.per_million("0.123456", "1.234567", "0.0123")
    assert rough.weights == Price.per_million("0.123456", "1.234567", "0.0123").weights


def test_usd_per_million_reads_the_price_back() -> None:
    price = Price.per_million("0.3", "2.5", "0.03")
    assert price.usd_per_million() == {
        "input": Decimal("0.3"),
        "output": Decimal("2.5"),
        "cached": Decimal("0.03"),
    }
    assert Price.per_call_usd("0.04").usd_per_million() == {}


def test_cliffs_are_sorted_and_chosen_by_length() -> None:
    longest, long = Price.per_million(9), Price.per_million(4)
    price = Price.per_million(2, above=((500, longest), (200, long)))
    assert price.at_length(200) is price
    assert price.at_length(201) is long
    assert price.at_length(10_000) is longest


@pytest.mark.parametrize(
    "wrong", [Decimal(-1), Decimal("NaN"), Decimal("Infinity"), Decimal("1e10")]
)
def test_a_price_is_a_sensible_number(wrong: Decimal) -> None:
    with pytest.raises(BadInput):
        Price(model_ratio=wrong)
    with pytest.raises(BadInput):
        Price.per_call_usd(wrong)


@pytest.mark.parametrize("junk", ["", "cheap", "nan", "-inf", "1e999999999999", "1e31", [], None])
def test_what_is_no_number_is_refused(junk: object) -> None:
    with pytest.raises(BadInput):
        as_decimal(junk)  # type: ignore[arg-type]


def test_a_float_means_what_is_written() -> None:
    assert as_decimal(0.1) == Decimal("0.1")


def test_free_input_with_paid_output_cannot_be_said() -> None:
    with pytest.raises(BadInput, match="per call"):
        Price.per_million(0, 3)
    assert Price.per_million(0).weights.prompt == 0


def test_a_price_is_a_value() -> None:
    price = Price.per_million(1, 2, source="list", since=date(2026, 1, 1))
    assert price == Price.per_million("1.0", 2, source="list", since=date(2026, 1, 1))
    assert len({price, Price.per_million(1, 2, source="list", since=date(2026, 1, 1))}) == 1
    assert pickle.loads(pickle.dumps(price)) == price
    assert "weights" not in repr(price)
