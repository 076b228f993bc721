from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.pricing import tiers
from nexhina_nb.pricing.cost import Tokens, quota
from nexhina_nb.pricing.price import Price


@pytest.mark.parametrize(
    "text",
    ["p * 2.5 + c * 10", "p*2.5+c*10", "2.5 * p + 10 * c", 'tier("base", p * 2.5 + c * 10)'],
)
def test_a_sum(text: str) -> None:
    price = tiers.parse(text, source="page")
    assert price is not None
    assert quota(price, Tokens(1000, 500)) == 3750
    assert price.source == "page"


def test_kinds_that_are_named_and_kinds_that_are_not() -> None:
    price = tiers.parse("p * 2 + c * 8 + cr * 0.5 + cc * 3 + img * 4 + ai * 10")
    assert price is not None
    tokens = Tokens(1000, 0, cached=100, cache_write=100, image_in=100, audio_in=100)
    assert quota(price, tokens) == (600 * 2 + 50 + 300 + 400 + 1000) / 2
    plain = tiers.parse("p * 2 + c * 8")
    assert plain is not None
    assert quota(plain, tokens) == 1000


def test_cliffs() -> None:
    price = tiers.parse(
        'len <= 200000 ? tier("base", p * 1.25 + c * 10) : '
        'len <= 400000 ? tier("long", p * 2.5 + c * 15) : tier("huge", p * 5 + c * 30)'
    )
    assert price is not None
    assert quota(price, Tokens(200_000)) == 125_000
    assert quota(price, Tokens(200_001)) == 250_001
    assert quota(price, Tokens(400_001)) == 1_000_003


@pytest.mark.parametrize(
    "text",
    [
        "",
        "p",
        "c * 10",
        "p * 0 + c * 3",
        "p * 2 + p * 2",
        "p * 2 - c * 1",
        "p * c",
        "p * 2 + reasoning * 3",
        "p * -2",
        "p * 1e9999",
        'param("service_tier") == "fast" ? p * 2 : p * 1',
        'tier("a", p * 1) + tier("b", c * 2)',
        "len <= 200 ? p * 1 : len <= 100 ? p * 2 : p * 3",
        "len <= 200 ? p * 1",
        "__import__('os').getcwd()",
        " ? ".join(["len <= 1"] * 50),
        "".join(f"len <= {limit} ? p * {limit} : " for limit in range(1, 12)) + "p * 12",
    ],
)
def test_anything_else_is_an_unknown_price(text: str) -> None:
    assert tiers.parse(text) is None


usd = st.decimals(0, 500, places=4)
steps = st.builds(
    lambda base, out, cached, write, image, audio: Price.per_million(
        base, out, cached, cache_write=write, image=image, audio_apart=audio
    ),
    usd.filter(bool), usd, usd, usd, usd, usd,
)  # fmt: skip


@given(steps, st.dictionaries(st.integers(1, 10**6), steps, max_size=3))
def test_what_is_written_is_read_back(base: Price, above: dict[int, Price]) -> None:
    from dataclasses import replace

    price = replace(base, above=tuple(above.items()))
    back = tiers.parse(tiers.write(price))
    assert back is not None
    for length in (0, *above, *(start + 1 for start in above)):
        here, there = price.at_length(length).weights, back.at_length(length).weights
        # where a kind costs what its default says, "not named" and "named" are the same
        assert here._replace(audio_in=0, audio_out=0) == there._replace(audio_in=0, audio_out=0)


@given(st.text(alphabet='pclenrimg*+?:<=()" .0123456789tier', max_size=60))
def test_no_text_breaks_it(text: str) -> None:
    price = tiers.parse(text)
    assert price is None or price.model_ratio >= Decimal(0)
