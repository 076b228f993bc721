"""The formula: all vectors of contract 5.8, and what must hold for any price and any usage.

The reference below is the formula as contract 5.2 and 5.3 put it, in fractions, step by step and
without any of the shortcuts of the module that it checks.
"""

from __future__ import annotations

import decimal
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing import tiers
from nexhina_nb.pricing.cost import (
    IMAGE_MAX_TOKENS,
    Price,
    Tokens,
    format_usd,
    pre_quota,
    quota,
    usd,
)
from nexhina_nb.pricing.tasks import image_ratios, task_quota, tools_usd, video_ratios

INT32 = 2**31 - 1
D = Decimal
GPT_4O = Price(model_ratio=D("1.25"), completion_ratio=D(4), cache_ratio=D("0.5"))
FIRST = Tokens(1000, 500)


def by_prompt(ratio: str) -> Price:
    return Price(model_ratio=D(ratio))


VECTORS = [
    (1, GPT_4O, FIRST, {}, 3750, "0.0075"),
    (2, GPT_4O, Tokens(1000, 500, cached=200), {}, 3625, "0.00725"),
    (3, by_prompt("0.5"), Tokens(1), {}, 1, "0.000002"),
    (4, by_prompt("0.5"), Tokens(3), {}, 2, "0.000004"),
    (5, by_prompt("0.2"), Tokens(1), {}, 1, "0.000002"),
    (6, by_prompt("0.2"), Tokens(6), {}, 1, "0.000002"),
    (7, by_prompt("1.25"), Tokens(), {}, 0, "0"),
    (8, replace(GPT_4O, model_ratio=D(0)), FIRST, {}, 0, "0"),
    (9, GPT_4O, FIRST, {"group_ratio": 0}, 0, "0"),
    (10, GPT_4O, Tokens(100, 50, cached=120), {}, 325, "0.00065"),
    (
        11,
        Price(model_ratio=D("1.5"), completion_ratio=D(5), cache_ratio=D("0.1")),
        Tokens(1000, 300, cached=2000, cache_write=400, cache_write_1h=100, cache_apart=True),
        {},
        4913,
        "0.009826",
    ),
    (12, GPT_4O, Tokens(1234, 567), {"group_ratio": D("0.8")}, 3502, "0.007004"),
    (
        13,
        Price.per_call_usd("0.04"),
        Tokens(1),
        {"other_ratios": image_ratios("dall-e-3", size="1024x1792", quality="hd", n=1)},
        60_000,
        "0.12",
    ),
    (14, Price.per_call_usd("0.04"), Tokens(1), {"other_ratios": [3]}, 60_000, "0.12"),
    (
        17,
        Price(
            model_ratio=D("2.5"),
            completion_ratio=D(4),
            audio_ratio=D(8),
            audio_completion_ratio=D(2),
        ),
        Tokens(300, 350, audio_in=200, audio_out=300),
        {},
        16_750,
        "0.0335",
    ),
    (
        18,
        GPT_4O,
        FIRST,
        {"tools_usd": tools_usd({"web_search_preview": 2}, "gpt-4o-2024-08-06")},
        28_750,
        "0.0575",
    ),
    (
        19,
        Price(model_ratio=D("7.5"), audio_completion_ratio=D(0)),
        Tokens(1000, 640, audio_out=640),
        {},
        7500,
        "0.015",
    ),
    (
        20,
        by_prompt("15"),
        Tokens.from_usage({"type": "duration", "seconds": 90}),
        {},
        22_500,
        "0.045",
    ),
    (22, tiers.parse("p * 2.5 + c * 10"), FIRST, {}, 3750, "0.0075"),
]


@pytest.mark.parametrize(("number", "price", "tokens", "options", "expected", "dollars"), VECTORS)
def test_vector(number, price, tokens, options, expected, dollars) -> None:  # type: ignore[no-untyped-def]
    assert quota(price, tokens, **options) == expected
    assert usd(expected) == Decimal(dollars)


def test_vector_6_in_one_api() -> None:
    assert quota(by_prompt("0.2"), Tokens(6), rounding="ceil") == 2


def test_vectors_15_and_16_are_truncated_tasks() -> None:
    sora = Price.per_call_usd("0.3", unit="second")
    small = video_ratios("sora-2", seconds=8, size="720x1280")
    large = video_ratios("sora-2", seconds=8, size="1792x1024")
    assert task_quota(sora, other_ratios=small) == 1_200_000
    assert task_quota(sora, other_ratios=large) == 2_000_000
    assert (usd(1_200_000), usd(2_000_000)) == (Decimal("2.40"), Decimal(4))


def test_vector_21_before_the_call() -> None:
    assert pre_quota(by_prompt("1.25"), 20, 1000) == 1875
    assert pre_quota(by_prompt("1.25"), 20, 1000, add_reserve=True) == 1900


def test_the_reservation_of_other_prices() -> None:
    assert pre_quota(Price.per_call_usd("0.04"), 20, other_ratios=[2]) == 40_000
    assert pre_quota(by_prompt("1.25"), 800, group_ratio=D("0.5")) == 500
    assert pre_quota(by_prompt("2.5"), 10, IMAGE_MAX_TOKENS) == 5210
    long = Price.per_million(4, 20)
    tiered = Price.per_million(2, 10, above=((1000, long),))
    assert pre_quota(tiered, 1000) == 1000 + 8192 * 5
    assert pre_quota(tiered, 1001, 100) == 1001 * 2 + 100 * 10


def test_a_long_context_price_counts_for_the_whole_call() -> None:
    price = Price.per_million(2, 10, above=((1000, Price.per_million(4, 20)),))
    assert quota(price, Tokens(1000, 10)) == 1000 + 50
    assert quota(price, Tokens(1001, 10)) == 2002 + 100
    # what was read from a cache is input too, also where it is counted apart
    assert quota(price, Tokens(500, 0, cached=600, cache_apart=True)) == 1000 + 1200


def test_gemini_audio_has_a_price_of_its_own() -> None:
    price = Price.per_million("0.3", "2.5", "0.03", audio_apart="1.00")
    tokens = Tokens(1000, 100, cached=300, audio_in=200)
    assert quota(price, tokens) == 305  # 500 × 0.15 + 300 × 0.015 + 200 × 0.5 + 100 × 1.25 = 304.5


def test_a_fixed_price_needs_a_call_with_tokens_and_takes_tools() -> None:
    price = Price.per_call_usd("0.01")
    assert quota(price, Tokens()) == 0
    assert quota(price, Tokens(5), D("0.5")) == 2500
    assert quota(price, Tokens(5), tools_usd=D("0.02")) == 15_000


def test_ratios_that_make_no_sense() -> None:
    for nothing in (0, -3, D("NaN"), D("Infinity"), float("nan"), float("inf")):
        assert quota(GPT_4O, FIRST, other_ratios=[nothing]) == 3750
    for wrong in (-1, D("NaN"), float("inf")):
        with pytest.raises(BadInput):
            quota(GPT_4O, FIRST, wrong)


def test_a_float_ratio_means_what_is_written() -> None:
    assert quota(GPT_4O, Tokens(1234, 567), 0.8) == 3502
    assert quota(GPT_4O, FIRST, other_ratios=[0.1]) == 375


def test_the_bill_is_an_int32() -> None:
    assert quota(GPT_4O, Tokens(INT32, INT32)) == INT32
    assert quota(GPT_4O, FIRST, 10**9) == INT32
    assert pre_quota(GPT_4O, INT32, INT32) == INT32


def test_the_decimal_context_of_the_notebook_does_not_matter() -> None:
    with decimal.localcontext(prec=2, rounding=decimal.ROUND_DOWN):
        assert quota(GPT_4O, Tokens(1234, 567), D("0.8")) == 3502
        assert usd(3502) == Decimal("0.007004")


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("0", "$0.00"),
        ("0.000002", "$0.000002"),
        ("0.0075", "$0.0075"),
        ("0.12", "$0.12"),
        ("0.5", "$0.50"),
        ("1", "$1.00"),
        ("1234.567", "$1,234.57"),
        ("-0.25", "-$0.25"),
    ],
)
def test_money_for_people(amount: str, text: str) -> None:
    assert format_usd(Decimal(amount)) == text


# --- what must hold for everything -----------------------------------------------------------


def reference(price: Price, t: Tokens, group: Decimal, others: list[Decimal], ceil: bool) -> int:
    """Contract 5.2 to 5.4, row by row."""
    if t.prompt + t.completion == 0:
        return 0
    g, ratio = Fraction(group), Fraction(price.model_ratio)
    if price.per_call is not None:
        q = Fraction(price.per_call) * 500_000 * g
    elif price.audio_in_usd is None and (t.audio_in or t.audio_out):
        text_in, text_out = max(t.prompt - t.audio_in, 0), max(t.completion - t.audio_out, 0)
        audio = Fraction(price.audio_ratio)
        q = text_in + text_out * Fraction(price.completion_ratio) + t.audio_in * audio
        q = (q + t.audio_out * audio * Fraction(price.audio_completion_ratio)) * ratio * g
    else:
        base = t.prompt - t.image_in
        base -= 0 if t.cache_apart else t.cached + t.cache_write
        base -= t.audio_in if price.audio_in_usd is not None else 0
        hour = min(t.cache_write_1h, t.cache_write)
        create = Fraction(price.create_cache_ratio)
        q = Fraction(max(base, 0))
        q += t.cached * Fraction(price.cache_ratio) + t.image_in * Fraction(price.image_ratio)
        q += (t.cache_write - hour) * create + hour * create * Fraction(16, 10)
        q = (q + t.completion * Fraction(price.completion_ratio)) * ratio * g
        if price.audio_in_usd is not None:
            q += Fraction(price.audio_in_usd) * t.audio_in / 1_000_000 * g * 500_000
    for other in others:
        q *= Fraction(other) if other > 0 else 1
    floor = price.per_call is None and ratio * g != 0
    if floor and q <= 0:
        q = Fraction(1)
    rounded = -(-q.numerator // q.denominator) if ceil else int(q + Fraction(1, 2))
    rounded = min(rounded, INT32)
    return 1 if floor and rounded == 0 else rounded


# ratios of four decimals: a weight then has twelve at most, which is where the module stops
ratios = st.decimals(0, 100, places=4)
prices = st.builds(
    Price,
    model_ratio=ratios,
    completion_ratio=ratios,
    cache_ratio=ratios,
    create_cache_ratio=ratios,
    image_ratio=ratios,
    audio_ratio=st.decimals(0, 100, places=2),
    audio_completion_ratio=st.decimals(0, 100, places=2),
    audio_in_usd=st.none() | ratios,
    per_call=st.none() | st.none() | ratios,
)
counts = st.integers(0, 2_000_000) | st.integers(0, 9)
usages = st.builds(
    Tokens,
    *[counts | st.just(0)] * 8,
    cache_apart=st.booleans(),
)
groups = st.just(D(1)) | st.decimals(0, 3, places=3)
lists = st.lists(st.decimals(-1, 20, places=3), max_size=3)


@settings(max_examples=400)
@given(prices, usages, groups, lists, st.booleans())
def test_equals_the_reference(
    price: Price, tokens: Tokens, group: Decimal, others: list[Decimal], ceil: bool
) -> None:
    amount = quota(
        price, tokens, group, other_ratios=others, rounding="ceil" if ceil else "half_up"
    )
    assert amount == reference(price, tokens, group, others, ceil)
    assert type(amount) is int


@given(prices, usages, groups)
def test_a_bill_is_between_zero_and_int32(price: Price, tokens: Tokens, group: Decimal) -> None:
    assert 0 <= quota(price, tokens, group) <= INT32
    assert 0 <= pre_quota(price, tokens.prompt, tokens.completion, group) <= INT32


@given(prices, usages, st.integers(1, 100_000))
def test_more_prompt_or_completion_never_costs_less(
    price: Price, tokens: Tokens, more: int
) -> None:
    before = quota(price, tokens)
    assert quota(price, replace(tokens, prompt=tokens.prompt + more)) >= before
    if price.audio_in_usd is not None or not (tokens.audio_in or tokens.audio_out):
        assert quota(price, replace(tokens, completion=tokens.completion + more)) >= before


@given(prices, usages, st.integers(1, 100_000))
def test_more_of_what_comes_on_top_never_costs_less(
    price: Price, tokens: Tokens, more: int
) -> None:
    # in Anthropic's convention each kind is added to the prompt; in OpenAI's it takes its place
    apart = replace(tokens, cache_apart=True, audio_in=0, audio_out=0)
    before = quota(price, apart)
    for kind in ("cached", "cache_write"):
        assert quota(price, replace(apart, **{kind: getattr(apart, kind) + more})) >= before


@given(st.decimals(0, 200, places=6).filter(bool), st.decimals(0, 200, places=6), counts, counts)
def test_a_price_in_dollars_is_billed_to_the_dollar(
    price_in: Decimal, price_out: Decimal, prompt: int, completion: int
) -> None:
    # the ratio 2.5 / 0.3 has no end, the bill must not know
    cost = Fraction(price_in) * prompt + Fraction(price_out) * completion
    exact = int(cost / 2 + Fraction(1, 2))
    amount = quota(Price.per_million(price_in, price_out), Tokens(prompt, completion))
    assert amount == (min(max(exact, 1), INT32) if prompt + completion else 0)


@given(st.integers(0, INT32))
def test_quota_and_usd_are_the_same_money(amount: int) -> None:
    assert usd(amount) * 500_000 == amount
    assert usd(-amount) == -usd(amount)
