"""What a batch will cost: the sum over its requests, so that rounding agrees with the bill."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.cost import format_usd
from nexhina_nb.pricing.estimate import Estimate, Verb, estimate
from nexhina_nb.pricing.price import UnknownPriceWarning

Call = tuple[Any, Mapping[str, Any]]  # the inputs of one request, and more arguments of `estimate`


def total(verb: Verb, calls: Iterable[Call], model: str, empty: Call) -> Estimate:
    """The estimate of all requests together; ``empty`` is a call that asks for nothing.

    An unknown price is warned of once (UnknownPriceWarning).
    """
    whole = replace(estimate(verb, empty[0], model=model, **empty[1]), input_tokens=0)
    whole = replace(whole, quota=None if whole.quota is None else (0, 0))
    noted: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownPriceWarning)
        for inputs, more in calls:
            one = estimate(verb, inputs, model=model, **more)
            whole = _plus(whole, one)
            noted += ["; ".join(one.notes)] if one.notes else []
    return replace(whole, notes=_in_short(noted))


def _plus(one: Estimate, other: Estimate) -> Estimate:
    tokens, quota = one.input_tokens + other.input_tokens, None
    if one.quota is not None and other.quota is not None:
        quota = (one.quota[0] + other.quota[0], one.quota[1] + other.quota[1])
    return replace(one, input_tokens=tokens, quota=quota)


def _in_short(noted: Sequence[str]) -> tuple[str, ...]:
    # There may be thousands of requests, each with a note that counts its own texts.
    if len(noted) < 2:
        return tuple(noted)
    return (f"{noted[0]}, and so in {len(noted) - 1:,} more requests",)


def guard(estimated: Estimate, budget: Decimal) -> None:
    """Refuse a batch that may cost more than its budget. Raises BadInput."""
    if not estimated.input_tokens:
        return  # all answers are there
    if estimated.usd is None:
        raise BadInput(
            f"no price is known for {estimated.model}, so that no budget can be kept",
            hint="nothing was sent; leave the budget out, or use a model with a known price",
        )
    most = estimated.usd[1]
    if most > budget:
        raise BadInput(
            f"this batch may cost {format_usd(most)}, the budget is ${budget.normalize():f}",
            hint="nothing was sent; raise the budget, or pass fewer rows",
        )


def dollars(budget: object) -> Decimal:
    """A budget as an exact amount of USD; a float counts as it is written. Raises BadInput."""
    try:
        amount = Decimal(str(budget))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(budget, bool) or not amount.is_finite() or amount < 0:
        raise BadInput(f"the budget cannot be {budget!r}", hint='an amount in USD, such as "0.05"')
    return amount
