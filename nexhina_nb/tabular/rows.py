"""Verbs that give each row of a frame an answer: what such a verb is, and how it is carried out on
a frame that is there.
"""

from __future__ import annotations

import contextvars
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, ClassVar

import narwhals as nw

from nexhina_nb.batch.desk import Desk, open_desk
from nexhina_nb.batch.estimates import Call
from nexhina_nb.batch.frames import Column, Table, Values
from nexhina_nb.batch.inputs import LATE, STOPPED, Inputs
from nexhina_nb.batch.options import Options, Outcome, outcome_of, priced
from nexhina_nb.batch.progress import Report
from nexhina_nb.batch.rows import Part, RowWork
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.turns import Turns
from nexhina_nb.client.budgets import Budget, add
from nexhina_nb.pricing.estimate import Estimate, Verb
from nexhina_nb.settings import Settings
from nexhina_nb.tabular.running import carried_out, reading, stoppable

Schema = Mapping[str, nw.dtypes.DType]


class Plan(ABC):
    """What is to be done with each row. A plan holds no connection and no rows, so that it may be
    sent to other processes; make it a frozen dataclass.
    """

    verb: ClassVar[str]
    priced_as: ClassVar[Verb]  # the verb as estimates know it

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """The columns that it adds, but for that of errors."""

    @property
    @abstractmethod
    def error(self) -> str:
        """The column that says why a row has no answer."""

    @property
    @abstractmethod
    def reads(self) -> tuple[Any, ...]:
        """The columns that it reads."""

    @abstractmethod
    def model(self, settings: Settings) -> str:
        """The model to ask unless the options name one."""

    @abstractmethod
    def read(self, table: Table) -> Inputs:
        """The different inputs of a frame. Raises BadInput if it has none that can be used."""

    @abstractmethod
    def work(self, inputs: Inputs, model: str, options: Options, desk: Desk, tally: Tally) -> Any:
        """The `RowWork` of these inputs."""

    @abstractmethod
    def columns(self, work: Any) -> Mapping[str, Column]:
        """The new columns, from a work that has come to its end, or not."""

    @abstractmethod
    def call(self, inputs: Inputs, part: Part) -> Call:
        """One request, as estimates know it."""

    empty: ClassVar[Call] = ([], {})

    def schema(self, settings: Settings) -> Schema | None:
        """The types of the new columns; None if only an answer tells."""
        return None


@dataclass(frozen=True)
class Bench:
    """Where a plan is carried out, on as many frames as there are: an open desk and the options.

    ``is_whole``: a frame is all that there is. Errors have none of the pieces of a larger one.
    """

    plan: Plan
    options: Options
    desk: Desk
    turns: Turns | None = None
    poll: Callable[[], None] | None = None
    report: Report | None = None
    is_whole: bool = True

    @cached_property
    def model(self) -> str:
        """The model that is asked."""
        return self.options.model or self.plan.model(self.desk.settings)

    def outcome(self, table: Table, *, with_errors: bool = False) -> Outcome | Estimate:
        """Carry the plan out on a frame. ``with_errors``: have the column of errors also if there
        are none.
        """
        plan, options = self.plan, self.options
        with reading(plan.verb):
            inputs = plan.read(table)
            for name in plan.reads:
                table.check_new((*plan.names, plan.error), name)
            tally = Tally(inputs.total)
            work: RowWork[Any] = plan.work(inputs, self.model, options, self.desk, tally)
        made = partial(self._made, table, work, with_errors=with_errors)
        so_far = (lambda: made(why=work.errors_so_far(STOPPED))) if self.is_whole else None
        with stoppable(plan.verb, self.desk, tally, so_far):
            work.look_up()
            parts = list(work.parts())
            calls = (plan.call(inputs, part) for part in parts)
            estimated = priced(options, plan.priced_as, calls, self.model, plan.empty, self.desk)
            if estimated is not None:
                return estimated
            carried_out(
                plan.verb, self.desk, work, parts, tally, options, so_far, turns=self.turns,
                poll=self.poll, report=self.report,
            )  # fmt: skip
            why = work.errors_so_far(LATE) if tally.is_late else work.errors()
            tally.failed = len(why)
            return outcome_of(made(why=why), tally, self.model, options, why)

    def _made(
        self, table: Table, work: RowWork[Any], *, why: Mapping[int, str], with_errors: bool
    ) -> Any:
        columns = dict(self.plan.columns(work))
        has_errors = bool(why) or with_errors
        if has_errors:
            words = [why.get(row) for row in range(len(table))]
            columns[self.plan.error] = Values(nw.String(), words)
        # The error column of an earlier run must not outlive its errors.
        return table.having(columns, without=() if has_errors else (self.plan.error,)).native


@contextmanager
def open_bench(plan: Plan, options: Options, turns: Turns | None = None) -> Iterator[Bench]:
    """A bench with a desk of its own."""
    with open_desk(options.client, options.cache, options.tags or {}) as desk:
        yield Bench(plan, options, desk, turns)


def over_rows(plan: Plan, frame: Any, options: Options) -> Outcome | Estimate:
    """Carry a plan out on a frame that is there. Raises what `nexhina_nb.embed` says."""
    table = Table.of(frame)
    with open_bench(plan, options) as bench:
        return bench.outcome(table)


def budget_of(options: Options) -> Budget | None:
    """What a frame that comes in pieces may cost altogether."""
    return None if options.budget is None else Budget(options.budget)


def sampled(bench: Bench, frame: Any, budget: Budget | None) -> Schema:
    """The types of the new columns, as the first row shows them that has an answer; where none has
    one, as rows without answers show them. The calls for that are counted in the budget.
    """
    options = replace(
        bench.options, progress=False, dry_run=False, errors="column", batch_size=1, budget=None
    )
    quiet, table = replace(bench, options=options, is_whole=False), Table.of(frame)
    context = contextvars.copy_context()
    if budget is not None:
        context.run(add, budget)
    for row in range(max(len(table), 1)):
        found = context.run(quiet.outcome, table.take([row] if len(table) else []))
        assert isinstance(found, Outcome)
        made = nw.from_native(found.frame, eager_only=True)
        if len(made) and not made[bench.plan.names[0]].is_null().any():
            break
    return {name: made.schema[name] for name in bench.plan.names}
