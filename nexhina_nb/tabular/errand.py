"""A plan on its way to the partitions of a Dask DataFrame: all that a worker must know of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from nexhina_nb.batch.desk import Desk
from nexhina_nb.batch.frames import Table
from nexhina_nb.batch.options import Options, Outcome
from nexhina_nb.batch.turns import OwnTurns
from nexhina_nb.client.budgets import Budget, budget, dollars
from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.cost import usd
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.tabular.estimates import dearest, of_batches
from nexhina_nb.tabular.missed import Missed
from nexhina_nb.tabular.passage import Passage
from nexhina_nb.tabular.purse import Account, PaidTurns, Share, quota_of
from nexhina_nb.tabular.rows import Bench, Plan, open_bench
from nexhina_nb.tabular.watch import name_of, watch

if TYPE_CHECKING:
    import pandas as pd

Kinds = Mapping[Any, Any]  # names of columns → types of pandas


@dataclass(frozen=True)
class Errand:
    """What is done with a partition. All partitions have ``job`` in common: in a cluster they share
    one limit by that name, and in the threads of this process ``turns``.
    """

    plan: Plan
    options: Options
    passage: Passage
    caches: tuple[bool | str, bool | str]  # on the machine that this began on, and elsewhere
    most: int
    budget: int | None = None  # quota
    spent: int = 0  # of it, before the partitions
    job: str = field(default_factory=lambda: uuid4().hex)
    turns: OwnTurns = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "turns", self._share().turns())
        watch()  # from now on: it hears of computations that begin later

    @classmethod
    def of(cls, bench: Bench) -> Errand:
        """What this bench would do, for other processes."""
        desk, options = bench.desk, bench.options
        tags = {} if desk.client is None else dict(desk.client._session.call_tags())
        there = options.cache if isinstance(options.cache, bool) else str(options.cache)
        most = options.max_concurrency or desk.settings.max_concurrency
        return cls(
            plan=bench.plan,
            options=replace(
                options, client=None, cache=False, tags=tags, progress=False, dry_run=False,
                model=bench.model, max_concurrency=most, budget=None, costs=[],
            ),
            passage=Passage.of(desk),
            caches=(False if desk.cache is None else str(desk.cache.path.absolute()), there),
            most=most,
            budget=None if options.budget is None else quota_of(dollars(options.budget)),
        )  # fmt: skip

    def after(self, budget: Budget | None) -> Errand:
        """The same with what is left of its budget."""
        return self if budget is None else replace(self, spent=quota_of(budget.spent))

    def answered(self, frame: pd.DataFrame, start: str, number: int, kinds: Kinds) -> pd.DataFrame:
        """A partition with its answers; see `name_of` for the name of the task."""
        with (
            self._bench() as bench,
            self._account(bench, frame) as account,
            self._sharing(bench, account, name_of(start, number)) as shared,
        ):
            outcome = shared.outcome(Table.of(frame), with_errors=True)
            assert isinstance(outcome, Outcome)
            self._check(outcome.frame, bench.desk)
        return typed(outcome.frame, kinds)

    def estimated(self, frame: pd.DataFrame, start: str, number: int) -> Estimate:
        """What a partition will cost."""
        with self._bench() as bench:
            return of_batches(bench, [frame])

    def _check(self, frame: pd.DataFrame, desk: Desk) -> None:
        missed = Missed()
        if self.options.errors == "raise":
            missed.add(frame[self.plan.error])
        if missed.failed:
            raise missed.error(desk, piece="partition")

    def _share(self) -> Share:
        return Share(self.job, self.most, self.budget, self.spent)

    @contextmanager
    def _bench(self) -> Iterator[Bench]:
        with ExitStack() as stack:
            client = self.passage.open()
            if client is not None:
                stack.enter_context(client)
            here, there = self.caches
            cache = here if self.passage.is_at_home else there
            options = replace(self.options, client=client, cache=cache, errors="column")
            bench = stack.enter_context(open_bench(self.plan, options))
            # The frame of an error would go through the scheduler.
            yield replace(bench, is_whole=False)

    @contextmanager
    def _account(self, bench: Bench, frame: pd.DataFrame) -> Iterator[Account]:
        if self.budget is None:
            yield Account()
            return
        with budget(usd(self.budget)) as counted:
            yield Account(dearest(bench, frame), counted)

    @contextmanager
    def _sharing(self, bench: Bench, account: Account, name: str) -> Iterator[Bench]:
        """The bench with turns that the other partitions know of."""
        worker = _worker()
        if worker is None:
            with watch().over(name) as poll:
                options = _until(bench.options, partial(watch().left, name, poll))
                turns = PaidTurns(self.turns, account)
                yield replace(bench, options=options, turns=turns, poll=poll)
            return
        from nexhina_nb.tabular.cluster import (  # noqa: PLC0415 - only where there is a cluster
            TurnsOfWorker,
        )

        theirs = TurnsOfWorker(worker, self._share(), account)
        try:
            options = _until(bench.options, theirs.left)
            yield replace(bench, options=options, turns=theirs, poll=theirs.poll)
        finally:
            theirs.close()

    def __reduce__(self) -> Any:
        # Turns are of one process.
        return type(self), tuple(getattr(self, row.name) for row in fields(self) if row.init)

    def __dask_tokenize__(self) -> Any:
        # Equal ones are one for Dask, unless each has money of its own.
        own = self.job if self.budget is not None else ""
        options = replace(self.options, tags=None)
        return type(self).__name__, self.plan, options, self.passage, self.caches, own


def typed(frame: pd.DataFrame, kinds: Kinds) -> pd.DataFrame:
    """The frame with its new columns of these types: what a partition happens to hold, nulls or
    none, must not make them differ.
    """
    other = {name: kind for name, kind in kinds.items() if frame[name].dtype != kind}
    try:
        return frame.astype(other) if other else frame
    except (TypeError, ValueError) as error:
        raise BadInput(
            f"the answers for one partition are of another type than was expected: {error}",
            hint="has the model changed? with dimensions= the length of vectors is told before",
        ) from None


def _until(options: Options, left: Callable[[float], float]) -> Options:
    """The options of a partition: ``left`` says how much of the deadline of all there still is."""
    if options.deadline is None:
        return options
    return replace(options, deadline=left(options.deadline))


def _worker() -> Any:
    """The worker of a Dask cluster that carries out a task in this thread; None elsewhere."""
    try:
        from distributed import get_worker  # noqa: PLC0415 - optional: Dask does without
    except ImportError:
        return None
    try:
        return get_worker()
    except ValueError:
        return None
