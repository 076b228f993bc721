"""What a plan will cost on a frame that comes in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nexhina_nb.batch import estimates
from nexhina_nb.batch.estimates import Call
from nexhina_nb.batch.frames import Table
from nexhina_nb.batch.tally import Tally
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular.rows import Bench


def of_batches(bench: Bench, batches: Iterable[Any]) -> Estimate:
    """The estimate of all batches together; what two batches have in common counts once a batch,
    unless its answer is on disk.
    """
    plan, model = bench.plan, bench.model
    return estimates.total(
        plan.priced_as, _calls(bench, batches), model, plan.empty, bench.desk.prices()
    )


def _calls(bench: Bench, batches: Iterable[Any]) -> Iterator[Call]:
    for batch in batches:
        inputs = bench.plan.read(Table.of(batch))
        work = bench.plan.work(inputs, bench.model, bench.options, bench.desk, Tally(inputs.total))
        work.look_up()
        for part in work.parts():
            yield bench.plan.call(inputs, part)
