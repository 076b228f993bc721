"""A plan in the course of a lazy query of polars: rows come in batches, get their answers and go
on, so that the memory that it takes does not grow with the frame.

Nothing is sent before the query is collected. A filter or a selection behind it is used here: rows
that are dropped and columns that nobody asks for cost nothing.
"""

from __future__ import annotations

import contextvars
import time
from collections.abc import Iterator
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import narwhals as nw

from nexhina_nb.batch.frames import Table
from nexhina_nb.batch.options import Options, Outcome
from nexhina_nb.batch.progress import Progress, Report
from nexhina_nb.client.budgets import Budget, add
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular import interrupts
from nexhina_nb.tabular.estimates import of_batches
from nexhina_nb.tabular.missed import Missed
from nexhina_nb.tabular.rows import Bench, Plan, Schema, budget_of, open_bench, sampled
from nexhina_nb.tabular.running import NO_TIME
from nexhina_nb.widgets.progress import shown

if TYPE_CHECKING:
    import polars as pl

MOST_BYTES = 96 << 20  # of the vectors of a batch
MOST_ROWS, LEAST_ROWS = 65_536, 2_048  # of a batch
_SAMPLE = 16


def lazily(plan: Plan, frame: pl.LazyFrame, options: Options) -> pl.LazyFrame | Estimate:
    """The same query with the columns of the plan, that of errors always among them.

    Each collection has its budget anew, less what was spent here to know how long vectors are.
    """
    import polars as pl  # noqa: PLC0415 - loaded already: there is a frame of it
    from polars.io.plugins import register_io_source  # noqa: PLC0415 - likewise

    before = frame.collect_schema()
    checked = Table.of(pl.DataFrame(schema=before))
    for name in plan.reads:
        checked.check_column(name)
        checked.check_new((*plan.names, plan.error), name)
    with open_bench(plan, options) as bench:
        if options.dry_run:
            return of_batches(bench, _batches(frame, MOST_ROWS))
        budget = budget_of(options)
        added = {**_schema(bench, frame, budget), plan.error: nw.String()}
    interrupts.listen()
    kinds = nw.Schema(added).to_polars()
    query = Query(plan, options, frame, _rows(added), kinds, budget, contextvars.copy_context())
    return register_io_source(
        query.batches,
        schema=pl.Schema({**before, **kinds}),
        explain_name=f"nexhina {plan.verb}",
        explain_detail=", ".join(plan.names),
    )


@dataclass(frozen=True)
class Query:
    """What polars asks for its batches, of so many ``rows``; ``kinds`` are the types of the new
    columns, which a batch without any answer does not know. ``budget`` is what each collection
    begins with. Budgets of blocks, and the cell that is calling, are those of the ``context`` in
    which the query was made: polars has threads of its own.
    """

    plan: Plan
    options: Options
    frame: pl.LazyFrame
    rows: int
    kinds: pl.Schema
    budget: Budget | None
    context: contextvars.Context

    def batches(
        self,
        columns: list[str] | None,
        predicate: pl.Expr | None,
        limit: int | None,
        size: int | None,
    ) -> Iterator[pl.DataFrame]:
        """The rows that are asked for, with their answers, in their order. polars means the limit
        to come before the predicate.
        """
        own = {*self.plan.names, self.plan.error}
        frame = self.frame if limit is None else self.frame.head(limit)
        later: list[pl.Expr] = []
        for part in _parts(predicate):
            if own & {*part.meta.root_names()}:
                later.append(part)
            else:
                frame = frame.filter(part)
        if columns is not None and not later and not own & {*columns}:
            yield from _batches(frame.select(columns), self.rows)
            return
        for made in self._answered(frame):
            for part in later:
                made = made.filter(part)
            yield made if columns is None else made.select(columns)

    def _answered(self, frame: pl.LazyFrame) -> Iterator[pl.DataFrame]:
        interrupts.heard()  # those before were not meant for this
        # One budget for all batches; so are deadline, display and failures.
        context, options = self.context.copy(), replace(self.options, budget=None, errors="column")
        if self.budget is not None:
            context.run(add, copy(self.budget))
        end = None if options.deadline is None else time.monotonic() + options.deadline
        display, missed = shown(self.plan.verb, enabled=options.progress), Missed()
        with open_bench(self.plan, options) as opened, ExitStack() as stack:
            total = Total(context.run(stack.enter_context, display))
            for batch in _batches(frame, self.rows):
                if end is not None:
                    options = replace(options, deadline=max(end - time.monotonic(), NO_TIME))
                bench = replace(
                    opened, options=options, poll=_heed_interrupts, report=total.report,
                    is_whole=False,
                )  # fmt: skip
                made = context.run(_answered, bench, batch).cast(self.kinds)
                if self.options.errors == "raise":
                    missed.add(made[self.plan.error])
                if not missed.failed:  # or who has enough of them would not hear of the error
                    yield made
            if missed.failed:
                raise missed.error(opened.desk)


class Total:
    """Shows the progress of several batches as that of one; more rows may come than it knows of."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._ended = Progress(0)

    def report(self, progress: Progress) -> None:
        """How far the batch of this moment is."""
        self._report(self._ended.plus(progress))
        if progress.finished:
            self._ended = self._ended.plus(progress)


def _answered(bench: Bench, batch: pl.DataFrame) -> pl.DataFrame:
    outcome = bench.outcome(Table.of(batch), with_errors=True)
    assert isinstance(outcome, Outcome)
    made: pl.DataFrame = outcome.frame
    return made


def _parts(predicate: pl.Expr | None) -> Iterator[pl.Expr]:
    """What a predicate joins with "and"; polars makes one of several filters."""
    if predicate is None:
        return
    inputs = predicate.meta.pop()
    if len(inputs) == 2:
        for one, other in (inputs, inputs[::-1]):
            if (one & other).meta.eq(predicate):
                yield from _parts(one)
                yield from _parts(other)
                return
    yield predicate


def _heed_interrupts() -> None:
    """Raises KeyboardInterrupt if the query was interrupted: polars runs this in a thread of its
    own, and tells of an interrupt, where it hears of it, only those who ask it for something.
    """
    import polars as pl  # noqa: PLC0415 - loaded already: it calls this

    if interrupts.heard():
        raise KeyboardInterrupt
    pl.LazyFrame({"": [0]}).collect()


def _batches(frame: pl.LazyFrame, rows: int) -> Iterator[pl.DataFrame]:
    return iter(frame.collect_batches(chunk_size=rows, maintain_order=True))


def _schema(bench: Bench, frame: pl.LazyFrame, budget: Budget | None) -> Schema:
    known = bench.plan.schema(bench.desk.settings)
    return sampled(bench, _sample(bench.plan, frame), budget) if known is None else known


def _sample(plan: Plan, frame: pl.LazyFrame) -> pl.DataFrame:
    """Rows that are likely to have an answer."""
    import polars as pl  # noqa: PLC0415 - loaded already: there is a frame of it

    kinds = frame.collect_schema()
    textual = (pl.String, pl.Categorical, pl.Enum)
    texts = [pl.col(name).cast(pl.String) for name in plan.reads if kinds[name] in textual]
    for text in texts:
        frame = frame.filter(text.is_not_null() & (text != ""))
    return frame.head(_SAMPLE).collect()


def _rows(added: Schema) -> int:
    lengths = [kind.size for kind in added.values() if isinstance(kind, nw.Array)]
    numbers = max([1, *lengths])
    return max(LEAST_ROWS, min(MOST_ROWS, MOST_BYTES // (4 * numbers)))
