"""What partitions will cost that are estimated each on its own, where they are."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from nexhina_nb.batch import estimates
from nexhina_nb.batch.frames import Table
from nexhina_nb.batch.tally import Tally
from nexhina_nb.client.budgets import most_of
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular.rows import Bench


def together(nothing: Estimate, parts: Iterable[Estimate]) -> Estimate:
    """The estimate of all parts; ``nothing`` is that of none."""
    whole = nothing
    for part in parts:
        whole = replace(
            part,
            input_tokens=whole.input_tokens + part.input_tokens,
            output_tokens=_sum(whole.output_tokens, part.output_tokens),
            quota=whole.quota and part.quota and _sum(whole.quota, part.quota),
            is_exact=whole.is_exact and part.is_exact,
            notes=tuple(dict.fromkeys((*whole.notes, *part.notes))),
            amount="",  # words, which do not add up
            answers=whole.answers + part.answers,
        )
    return whole


def dearest(bench: Bench, frame: pd.DataFrame) -> int:
    """The quota that a call for this partition may take at most, 0 if none is needed. Raises
    BudgetExceeded where that is not known.
    """
    plan, model, prices = bench.plan, bench.model, bench.desk.prices()
    inputs = plan.read(Table.of(frame))
    work = plan.work(inputs, model, bench.options, bench.desk, Tally(inputs.total))
    work.look_up()
    calls = (plan.call(inputs, part) for part in work.parts())
    each = (estimates.total(plan.priced_as, [call], model, plan.empty, prices) for call in calls)
    return max(map(most_of, each), default=0)


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return one[0] + other[0], one[1] + other[1]
