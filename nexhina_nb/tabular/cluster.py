"""One pace and one deadline for all workers of a Dask cluster: the scheduler gives the turns, and
its clock counts.

Each call in a worker asks the scheduler for its turn and gives it back with the news of how it
went. The scheduler knows which worker carries out which task, so the turns of a worker that is
lost, and those of a task that is given up, come back by themselves: no lease needs a time limit.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from concurrent.futures import Future, wait
from dataclasses import astuple, dataclass
from typing import Any
from uuid import uuid4

from distributed import Reschedule, Scheduler, SchedulerPlugin, Worker
from distributed.protocol.pickle import dumps

from nexhina_nb.batch.pace import Ending
from nexhina_nb.batch.quotas import Quota
from nexhina_nb.batch.turns import OwnTurns
from nexhina_nb.errors import BudgetExceeded, ConfigError
from nexhina_nb.tabular.purse import HINT, Account, Share
from nexhina_nb.tabular.watch import plan_of, seconds_left

MOST_JOBS = 256  # that a scheduler remembers the pace of
NEWS_SECONDS = 5.0
TAKEN, GONE = "taken", "gone"
_LEAVING = ("closing", "closed", "failed")


@dataclass(frozen=True, slots=True)
class Lease:
    """A turn that was asked for: ``waiting`` ends when it has come."""

    turns: OwnTurns
    waiting: asyncio.Task[None]
    cost: int

    def end(self, ending: Ending, quota: Quota | None, spent: int) -> None:
        """Give the turn back; one that has not come is not wanted any more."""
        if not self.waiting.done():
            self.waiting.cancel()
        elif not self.waiting.cancelled() and self.waiting.exception() is None:
            self.turns.ended(ending, quota, self.cost, spent)


class TurnsOfScheduler(SchedulerPlugin):
    """Gives turns to the tasks of a scheduler, which those of one job share, and tells them how
    much is left of their deadline.
    """

    name = "nexhina-turns"

    def __init__(self) -> None:
        self._jobs: OrderedDict[str, OwnTurns] = OrderedDict()
        self._leases: dict[Any, dict[str, Lease]] = {}  # by task and name
        self._ends: dict[str, float] = {}  # of the plans that have a deadline
        self._known: dict[str, set[Any]] = {}  # their tasks

    async def start(self, scheduler: Scheduler) -> None:
        """Begin to listen to workers."""
        self._scheduler = scheduler
        scheduler.handlers["nexhina_take"] = self.take
        scheduler.handlers["nexhina_give_back"] = self.give_back
        scheduler.handlers["nexhina_left"] = self.left

    async def take(
        self, share: tuple[Any, ...], task: Any, worker: str, lease: str, cost: int
    ) -> str:
        """Wait for a turn: "taken"; "gone" if the task is not that worker's any more; any other
        answer says why there will be none.
        """
        if not self._is_with(task, worker):
            return GONE
        turns = self._turns(Share(*share))
        waiting = asyncio.ensure_future(turns.take(cost))
        self._leases.setdefault(task, {})[lease] = Lease(turns, waiting, cost)
        await asyncio.wait([waiting])
        if waiting.cancelled():
            return GONE
        error = waiting.exception()
        return error.message if isinstance(error, BudgetExceeded) else TAKEN

    def give_back(
        self,
        task: Any,
        lease: str,
        ending: Ending,
        quota: tuple[int, float] | None = None,
        spent: int = 0,
    ) -> None:
        """The call has ended, or will not be sent."""
        known = self._leases.get(task, {}).pop(lease, None)
        if known is not None:
            known.end(ending, None if quota is None else Quota(*quota), spent)

    def left(self, task: Any, worker: str, seconds: float) -> float | None:
        """Seconds until the deadline of all tasks of a plan, by the clock of this process; None if
        the task is not that worker's any more.
        """
        if not self._is_with(task, worker):
            return None
        plan = plan_of(task)
        if plan not in self._known:
            self._known[plan] = {key for key in self._scheduler.tasks if plan_of(key) == plan}
        return seconds_left(self._ends, plan, seconds)

    def transition(self, key: Any, start: str, finish: str, *args: Any, **more: Any) -> None:
        """A task that was given up needs no turns; its calls may have been billed."""
        if start == "processing":
            for lease in self._leases.pop(key, {}).values():
                lease.end("failed", None, lease.cost)
        if self._known and (plan := plan_of(key)) in self._known:
            self._keep_time(plan, key, is_known=finish != "forgotten")

    def restart(self, scheduler: Scheduler) -> None:
        """All tasks are forgotten."""
        for task in [*self._leases]:
            self.transition(task, "processing", "forgotten")
        self._known.clear()
        self._ends.clear()

    def _keep_time(self, plan: str, task: Any, *, is_known: bool) -> None:
        """A plan that is wanted again, once all its tasks are forgotten, has its time anew; tasks
        of a worker that was lost are not forgotten.
        """
        tasks = self._known[plan]
        (tasks.add if is_known else tasks.discard)(task)
        if not tasks:
            del self._known[plan], self._ends[plan]

    def _is_with(self, task: Any, worker: str) -> bool:
        state = self._scheduler.tasks.get(task)
        return bool(state and state.processing_on and state.processing_on.address == worker)

    def _turns(self, share: Share) -> OwnTurns:
        turns = self._jobs.pop(share.job, None) or share.turns()
        self._jobs[share.job] = turns
        if len(self._jobs) > MOST_JOBS:
            self._jobs.popitem(last=False)
        return turns


class TurnsOfWorker:
    """Turns for the task that a worker carries out in this thread, from its scheduler."""

    def __init__(self, worker: Worker, share: Share, account: Account) -> None:
        self._worker, self._share, self._account = worker, share, account
        self._task = worker.get_current_task()
        self._leases: list[str] = []
        self._news: set[Future[Any]] = set()
        plugin = TurnsOfScheduler()
        try:
            self._ask("register_scheduler_plugin", plugin=dumps(plugin), name=plugin.name,
                      idempotent=True).result()  # fmt: skip
        except ImportError:
            raise ConfigError(
                "the scheduler of the Dask cluster does not know nexhina_nb",
                hint="install it there too, in the same version as in the workers",
            ) from None

    async def take(self) -> None:
        """Wait until a call may be sent. Raises Reschedule if the task was given up."""
        lease = uuid4().hex
        asked = self._ask(
            "nexhina_take", share=astuple(self._share), task=self._task,
            worker=self._worker.address, lease=lease, cost=self._account.cost,
        )  # fmt: skip
        try:
            # Shielded, for an answer that nobody waits for would spoil the connection.
            answer = await asyncio.shield(asyncio.wrap_future(asked))
        except asyncio.CancelledError:
            self._drop(lease)
            asked.add_done_callback(lambda _: self._drop(lease))  # one may overtake the other
            raise
        except OSError:
            answer = GONE  # so is the scheduler, and this worker will follow
        if answer == GONE:
            raise Reschedule
        if answer != TAKEN:
            raise BudgetExceeded(answer, hint=HINT)
        self._leases.append(lease)

    async def give_back(self, ending: Ending, quota: Quota | None = None) -> None:
        """The call has ended; which lease it was does not matter."""
        told = self._ask(
            "nexhina_give_back", task=self._task, lease=self._leases.pop(), ending=ending,
            quota=None if quota is None else (quota.calls, quota.seconds),
            spent=self._account.news(),
        )  # fmt: skip
        # The next call need not wait for it.
        self._news.add(told)
        told.add_done_callback(self._news.discard)

    def close(self) -> None:
        """Let all news arrive: the scheduler hears no more of a task that is done."""
        wait([*self._news], NEWS_SECONDS)

    def left(self, seconds: float) -> float:
        """What is left of a deadline that the scheduler keeps. Raises Reschedule if the task was
        given up.
        """
        told = self._ask("nexhina_left", task=self._task, worker=self._worker.address,
                         seconds=seconds)  # fmt: skip
        found: float | None = told.result()
        if found is None:
            raise Reschedule
        return found

    def poll(self) -> None:
        """Raises Reschedule if nobody waits for the task any more: it was cancelled, or the worker
        is told to go. If the task is wanted again by then, it is carried out anew.
        """
        state = self._worker.state.tasks.get(self._task)
        if state is None or state.state == "cancelled" or self._worker.status.name in _LEAVING:
            raise Reschedule

    def _drop(self, lease: str) -> None:
        self._ask("nexhina_give_back", task=self._task, lease=lease, ending="failed")

    def _ask(self, what: str, **details: Any) -> Future[Any]:
        call, loop = getattr(self._worker.scheduler, what), self._worker.loop
        # Of tornado, which wraps one of asyncio.
        own: asyncio.AbstractEventLoop = loop.asyncio_loop  # type: ignore[attr-defined]
        return asyncio.run_coroutine_threadsafe(call(**details), own)
