"""A plan in the partitions of a Dask DataFrame: each gets its answers where it is, in a thread of
this process or in a worker of a cluster, when Dask computes it.

Each partition is a task of its own ("nexhina-embed" on the dashboard), which Dask does not fuse
with its neighbours. One that is carried out again, since its worker was lost, finds on disk what
had been answered.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import dask
import dask.dataframe as dd
import narwhals as nw
import numpy as np
import pandas as pd
from dask.base import compute, tokenize
from dask.delayed import Delayed, delayed

from nexhina_nb.batch.columns import VectorColumn
from nexhina_nb.batch.frames import Column, Table, Values
from nexhina_nb.batch.options import Options
from nexhina_nb.client.budgets import ACTIVE
from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular.errand import Errand, Kinds, typed
from nexhina_nb.tabular.estimates import of_batches, together
from nexhina_nb.tabular.rows import Bench, Plan, Schema, budget_of, open_bench, sampled
from nexhina_nb.tabular.watch import OURS, name_of

_SAMPLE = 16
# A value of each type for which pandas has one of its own; the others are objects.
_EXAMPLES: Mapping[nw.dtypes.DType, Any] = {
    nw.String(): "",
    nw.Boolean(): True,
    nw.Int64(): 0,
    nw.Float64(): 0.0,
    nw.Datetime("us", "UTC"): datetime(2026, 1, 1, tzinfo=UTC),
}


def in_partitions(plan: Plan, frame: dd.DataFrame, options: Options) -> dd.DataFrame | Estimate:
    """The same frame with the columns of the plan, that of errors always among them. Nothing is
    sent before it is computed, but for one row that tells how long vectors are, if nobody says it;
    what that costs counts in the budget.

    A deadline counts from when the first partition begins, and for all of them, until the
    computation is over; in a cluster, until it has forgotten them all, so that what is made again
    since a worker was lost has no more time. Processes without a cluster each count their own.
    """
    _check(plan, frame._meta, options)
    with open_bench(plan, options) as bench:
        errand = Errand.of(bench)
        if options.dry_run:
            return _estimated(bench, errand, frame)
        budget = budget_of(options)
        added = plan.schema(bench.desk.settings) or sampled(bench, _sample(plan, frame), budget)
    errand = errand.after(budget)
    return _answered(errand, frame, {**added, plan.error: nw.String()})


def _check(plan: Plan, meta: pd.DataFrame, options: Options) -> None:
    table = Table.of(meta)
    for name in plan.reads:
        table.check_column(name)
        table.check_new((*plan.names, plan.error), name)
    plan.read(table)  # without rows: it looks at the columns
    if ACTIVE.get():
        raise BadInput(
            "the budget of a with-block does not reach the threads and workers of Dask",
            hint="pass it to the verb, budget=…: it holds for all partitions together",
        )


def _answered(errand: Errand, frame: dd.DataFrame, added: Schema) -> dd.DataFrame:
    # Optimised here: that may change the number of partitions.
    frame = frame.optimize()
    meta, kinds = _with_types(frame._meta, added)
    prefix = _prefix(errand.plan)
    parts = _tasks(prefix, errand.answered, frame, kinds)
    # Or all columns of objects would be made texts.
    with dask.config.set({"dataframe.convert-string": False}):
        made: dd.DataFrame = dd.from_delayed(
            parts, meta=meta, divisions=frame.divisions, prefix=prefix, verify_meta=False
        )
    return made


def _tasks(prefix: str, act: Callable[..., Any], frame: dd.DataFrame, *more: Any) -> list[Delayed]:
    """What is done with each partition, under names of its own."""
    start = f"{prefix}-{tokenize(act, frame._name, *more)}"
    call = delayed(act, traverse=False)
    return [
        # The name in two parts: as a whole, Dask takes it for the task itself.
        call(part, start, number, *more, dask_key_name=name_of(start, number))
        for number, part in enumerate(frame.to_delayed(optimize_graph=False))
    ]


def _prefix(plan: Plan) -> str:
    """What tasks are called by, on the dashboard too."""
    return f"{OURS}{plan.verb}"


def _with_types(meta: pd.DataFrame, added: Schema) -> tuple[pd.DataFrame, Kinds]:
    """An empty partition, and the types of its new columns."""
    examples = Table.of(pd.DataFrame(index=range(2))).having(_columns(added, 2)).native
    made = Table.of(meta).having(_columns(added, 0)).native
    kinds = {name: examples[name].dtype for name in added}
    return typed(made, kinds), kinds


def _columns(added: Schema, rows: int) -> dict[str, Column]:
    """Columns of these types; a value and a null, or nothing."""
    columns: dict[str, Column] = {}
    for name, kind in added.items():
        if isinstance(kind, nw.Array):
            length = kind.size
            columns[name] = VectorColumn(np.zeros((rows, length), np.float32), np.arange(rows) == 0)
        else:
            columns[name] = Values(kind, [_EXAMPLES.get(kind), None][:rows])
    return columns


def _sample(plan: Plan, frame: dd.DataFrame) -> pd.DataFrame:
    """Rows that are likely to have an answer, of the first partition that has some."""
    for number in range(frame.npartitions):
        part = frame.get_partition(number)
        found: pd.DataFrame = part.map_partitions(_likely, plan.reads, meta=frame._meta).compute()
        if len(found):
            return found
    return pd.DataFrame(frame._meta)


def _likely(frame: pd.DataFrame, names: Sequence[Any]) -> pd.DataFrame:
    texts = frame[list(names)]
    return frame[(texts.notna() & (texts != "")).all(axis=1)].head(_SAMPLE)


def _estimated(bench: Bench, errand: Errand, frame: dd.DataFrame) -> Estimate:
    """The sum over the partitions; what two of them have in common counts in each, unless its
    answer is on disk.
    """
    read = frame[list(bench.plan.reads)].optimize()
    found = compute(*_tasks(f"{_prefix(bench.plan)}-estimate", errand.estimated, read))
    nothing = of_batches(bench, [])
    return together(nothing, found)
