"""THE formula: what was used → integer quota (contract 5.2 to 5.5).

The estimator, the budget guard, the gateway's bill and the log analysis all call it, so that they
cannot disagree. Everything is exact integer arithmetic over the price's `Weights`; no float and no
decimal context takes part.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Literal

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.price import EXACT, QUOTA_PER_USD, SCALE, Amount, Price, Weights, as_decimal
from nexhina_nb.pricing.usage import LARGEST, Tokens

__all__ = [
    "IMAGE_MAX_TOKENS",
    "PRE_CONSUMED_QUOTA",
    "QUOTA_PER_USD",
    "Price",
    "Rounding",
    "Tokens",
    "charge",
    "format_usd",
    "pre_quota",
    "quota",
    "usd",
]

Ratio = Decimal | int | float
# half_up: half away from zero, New API's rule. ceil: one-api's. trunc: tasks and what is reserved
# before a call.
Rounding = Literal["half_up", "ceil", "trunc"]

PRE_CONSUMED_QUOTA = 500  # the least prompt that a reservation assumes
IMAGE_MAX_TOKENS = 1584  # what a reservation for an image takes as max_tokens
_TIERED_MAX_TOKENS = 8192  # … and one for a price with cliffs, when max_tokens is absent

_ROUND: dict[Rounding, Callable[[int, int], int]] = {
    "half_up": lambda n, d: (2 * n + d) // (2 * d),
    "ceil": lambda n, d: -(-n // d),
    "trunc": lambda n, d: n // d,
}


def quota(
    price: Price,
    tokens: Tokens,
    group_ratio: Ratio = 1,
    *,
    other_ratios: Iterable[Ratio] = (),
    tools_usd: Decimal | int = 0,
    rounding: Rounding = "half_up",
) -> int:
    """Quota of a finished call.

    ``other_ratios`` are n, seconds, size and the like (what is not above 0 and finite is left out);
    ``tools_usd`` is what the built-in tools of the call cost (see `tasks.tools_usd`). A call
    without any token is free, one that costs something costs at least 1, and none costs more than
    an int32.
    """
    if not tokens.prompt and not tokens.completion:
        return 0
    if price.above:
        price = price.at_length(tokens.length)
    weights = price.weights
    fixed = weights.call
    units = used(weights, tokens) if fixed is None else fixed
    if tools_usd:
        units += _tool_units(tools_usd)
    amount = charge(units, group_ratio, other_ratios, rounding)
    if not amount and fixed is None and price.model_ratio and group_ratio:
        return 1
    return amount


def used(weights: Weights, tokens: Tokens) -> int:
    """What the tokens cost before group and other ratios, in 10⁻¹² quota."""
    apart = weights.audio_in_apart
    if apart is None and (tokens.audio_in or tokens.audio_out):
        return _audio(weights, tokens)
    base = tokens.prompt - tokens.image_in
    if not tokens.cache_apart:
        base -= tokens.cached + tokens.cache_write
    units = tokens.completion * weights.completion
    if apart is not None:
        base -= tokens.audio_in
        units += tokens.audio_in * apart
    if base > 0:
        units += base * weights.prompt
    if tokens.cached or tokens.cache_write or tokens.image_in:
        units += _special(weights, tokens)
    return units


def _special(weights: Weights, tokens: Tokens) -> int:
    hour = min(tokens.cache_write_1h, tokens.cache_write)
    return (
        tokens.cached * weights.cached
        + (tokens.cache_write - hour) * weights.cache_write
        + hour * weights.cache_write_1h
        + tokens.image_in * weights.image_in
    )


def _audio(weights: Weights, tokens: Tokens) -> int:
    # contract 5.3: this formula knows no cache and no images; what is not audio is text
    return (
        max(tokens.prompt - tokens.audio_in, 0) * weights.prompt
        + max(tokens.completion - tokens.audio_out, 0) * weights.completion
        + tokens.audio_in * weights.audio_in
        + tokens.audio_out * weights.audio_out
    )


def charge(
    units: int,
    group_ratio: Ratio = 1,
    other_ratios: Iterable[Ratio] = (),
    rounding: Rounding = "half_up",
) -> int:
    """10⁻¹² quota times all ratios, rounded to whole quota and clamped to int32."""
    numerator, denominator = units, SCALE
    if group_ratio != 1:
        over, under = _fraction(group_ratio)
        if over < 0:
            raise BadInput(f"a group ratio of {group_ratio} makes no sense", hint="0 or more")
        numerator, denominator = numerator * over, denominator * under
    for ratio in other_ratios:
        if _counts(ratio):
            over, under = _fraction(ratio)
            numerator, denominator = numerator * over, denominator * under
    return min(_ROUND[rounding](numerator, denominator), LARGEST)


def pre_quota(
    price: Price,
    prompt_tokens: int,
    max_tokens: int | None = None,
    group_ratio: Ratio = 1,
    *,
    other_ratios: Iterable[Ratio] = (),
    reserve: int = PRE_CONSUMED_QUOTA,
    add_reserve: bool = False,
) -> int:
    """Quota to reserve before the call (contract 5.5), truncated.

    As in New API, output is reserved at the price of input; a bound that holds is
    ``quota(price, Tokens(prompt_tokens, max_tokens))``. ``add_reserve`` adds ``reserve`` to the
    prompt as one-api does, instead of taking the larger of the two.
    """
    weights = price.at_length(prompt_tokens).weights
    prompt = prompt_tokens + reserve if add_reserve else max(prompt_tokens, reserve)
    if weights.call is not None:
        units = weights.call
    elif price.above:
        output = _TIERED_MAX_TOKENS if max_tokens is None else max_tokens
        units = prompt_tokens * weights.prompt + output * weights.completion
    else:
        units = (prompt + (max_tokens or 0)) * weights.prompt
    return charge(units, group_ratio, other_ratios, "trunc")


def usd(amount: int) -> Decimal:
    """Quota → USD, exact: six decimals."""
    return Decimal(2 * amount).scaleb(-6, EXACT)


def format_usd(amount: Decimal) -> str:
    """USD for people: $12.50, $0.0075, $0.000002; below a dollar with all digits it has."""
    sign, size = "-" if amount < 0 else "", abs(amount)
    if size >= 1 or not size:
        return f"{sign}${size:,.2f}"
    digits = f"{size:.6f}"
    return f"{sign}${digits[:4]}{digits[4:].rstrip('0')}"


def _tool_units(tools_usd: Amount) -> int:
    over, under = as_decimal(tools_usd).as_integer_ratio()
    return over * QUOTA_PER_USD * SCALE // under


def _fraction(ratio: Ratio) -> tuple[int, int]:
    if isinstance(ratio, float):  # 0.8 from a settings file means 8/10
        ratio = as_decimal(ratio)
    try:
        return ratio.as_integer_ratio()
    except (OverflowError, ValueError):
        raise BadInput(f"{ratio} is not a ratio", hint="a number such as 0.8") from None


def _counts(ratio: Ratio) -> bool:
    if isinstance(ratio, Decimal):
        return ratio.is_finite() and ratio > 0
    return 0 < ratio < math.inf
