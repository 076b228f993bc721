"""What a batch will cost: the sum over its requests, so that rounding agrees with the bill."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any

from nexhina_nb.errors import BudgetExceeded
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import format_usd
from nexhina_nb.pricing.estimate import Estimate, Verb, estimate
from nexhina_nb.pricing.media_estimate import Piece
from nexhina_nb.pricing.price import UnknownPriceWarning

Call = tuple[Any, Mapping[str, Any]]  # the inputs of one request, and more arguments of `estimate`


def total(
    verb: Verb, calls: Iterable[Call], model: str, empty: Call, catalog: Catalog | None = None
) -> Estimate:
    """The estimate of all requests together; ``empty`` is a call that asks for nothing.

    An unknown price is warned of once (UnknownPriceWarning).
    """
    priced = partial(estimate, verb, model=model, catalog=catalog)
    whole = replace(priced(empty[0], **empty[1]), input_tokens=0, output_tokens=(0, 0), answers=0)
    whole = replace(whole, quota=None if whole.quota is None else (0, 0), floor="")
    noted: list[str] = []
    lengths: list[float | None] = []  # of recordings, in seconds
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownPriceWarning)
        for inputs, more in calls:
            one = priced(inputs, **more)
            whole = plus(whole, one)
            noted += ["; ".join(one.notes)] if one.notes else []
            lengths += [more["seconds"]] if "seconds" in more else []
    return replace(whole, notes=_in_short(noted), amount=_amount(verb, model, lengths))


def _amount(verb: Verb, model: str, lengths: Sequence[float | None]) -> str:
    if not lengths:
        return ""
    known = [length for length in lengths if length is not None]
    seconds = sum(known) if len(known) == len(lengths) else None
    return Piece(verb, model, seconds=seconds).amount


def plus(one: Estimate, other: Estimate) -> Estimate:
    """Both together, but for their notes and amounts, which are the first one's."""
    quota = None
    if one.quota is not None and other.quota is not None:
        quota = _sum(one.quota, other.quota)
    return replace(
        one,
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=_sum(one.output_tokens, other.output_tokens),
        quota=quota,
        answers=one.answers + other.answers,
        assumption=other.assumption,
        floor=one.floor or other.floor,
        is_exact=one.is_exact and other.is_exact,
    )


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]


def _in_short(noted: Sequence[str]) -> tuple[str, ...]:
    # There may be thousands of requests, each with a note that counts its own texts.
    if len(noted) < 2:
        return tuple(noted)
    return (f"{noted[0]}, and so in {len(noted) - 1:,} more requests",)


def guard(estimated: Estimate, budget: Decimal) -> None:
    """Refuse a batch that will cost more than its budget. Raises BudgetExceeded."""
    if not estimated.input_tokens and not estimated.amount:
        return  # all answers are there
    if estimated.price is None:
        raise BudgetExceeded(
            f"no price is known for {estimated.model}, so that no budget can be kept",
            hint="nothing was sent; leave the budget out, or use a model with a known price",
        )
    if estimated.usd is None:
        raise BudgetExceeded(
            "it is not known how long all recordings are, so that no budget can be kept",
            hint="nothing was sent; leave the budget out, or drop what is no recording",
        )
    least, most = estimated.usd
    if least > budget:
        may = "costs at least" if least < most else "may cost"
        raise BudgetExceeded(
            f"this batch {may} {format_usd(least)}, the budget is ${budget.normalize():f}",
            hint="nothing was sent; raise the budget, or pass fewer rows",
        )
