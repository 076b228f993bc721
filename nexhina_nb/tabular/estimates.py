"""What a plan will cost on a frame that comes in batches or partitions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from nexhina_nb.batch import estimates
from nexhina_nb.batch.estimates import Call
from nexhina_nb.batch.frames import Table
from nexhina_nb.batch.tally import Tally
from nexhina_nb.client.budgets import most_of
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular.rows import Bench


def of_batches(bench: Bench, batches: Iterable[Any]) -> Estimate:
    """The estimate of all batches together; what two batches have in common counts once a batch,
    unless its answer is on disk.
    """
    return _of_calls(bench, (call for batch in batches for call in _calls(bench, batch)))


def dearest(bench: Bench, batch: Any) -> int:
    """The quota that a call for this batch may take at most, 0 if none is needed. Raises
    BudgetExceeded where that is not known.
    """
    each = (_of_calls(bench, [call]) for call in _calls(bench, batch))
    return max(map(most_of, each), default=0)


def together(nothing: Estimate, parts: Iterable[Estimate]) -> Estimate:
    """The estimate of parts that were estimated each on its own; ``nothing`` is that of none."""
    whole = nothing
    for part in parts:
        notes = tuple(dict.fromkeys((*whole.notes, *part.notes)))
        # Amounts are words, which do not add up.
        whole = replace(estimates.plus(whole, part), notes=notes, amount="")
    return whole


def _of_calls(bench: Bench, calls: Iterable[Call]) -> Estimate:
    plan = bench.plan
    return estimates.total(plan.priced_as, calls, bench.model, plan.empty, bench.desk.prices())


def _calls(bench: Bench, batch: Any) -> Iterator[Call]:
    inputs = bench.plan.read(Table.of(batch))
    work = bench.plan.work(inputs, bench.model, bench.options, bench.desk, Tally(inputs.total))
    work.look_up()
    for part in work.parts():
        yield bench.plan.call(inputs, part)
