"""Carries out a batch: parts go out as the pace allows, come back answered, or are tried again,
split, or given up.

What a part is, how it is asked for and where its answer goes, is the `Work`'s affair.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Generic, Protocol, TypeVar

from nexhina_nb.batch.aside import Aside, Stay
from nexhina_nb.batch.calls import Answer as Answered
from nexhina_nb.batch.doubts import Doubts
from nexhina_nb.batch.hedge import Hedge
from nexhina_nb.batch.jobs import PATIENT, Job
from nexhina_nb.batch.pace import Ending
from nexhina_nb.batch.quotas import Quota
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.turns import Turns
from nexhina_nb.batch.verdicts import Verdict, common_words, is_refusal, judge
from nexhina_nb.client.exchange import Flow, once
from nexhina_nb.client.explain import MODELS
from nexhina_nb.client.lines import Line
from nexhina_nb.client.session import Session
from nexhina_nb.errors import (
    APIError,
    BudgetExceeded,
    ConnectionFailed,
    NexhinaError,
    RateLimited,
)
from nexhina_nb.retry import Policy

MOST_LOST = 16  # parts given up one after the other: more than it takes to find one bad input
LOOK = 0.05  # seconds until it is looked again whether a call takes too long
MONEY_WAIT = 0.05  # seconds until it is looked again whether a budget has got some money back

Part = TypeVar("Part")
Value = TypeVar("Value")


class Work(Protocol[Part, Value]):
    """What a batch is about."""

    def ask(self, session: Session, part: Part) -> Flow[Answered[Value]]:
        """The call for a part: one try."""

    def keep(self, part: Part, answer: Answered[Value]) -> None:
        """Put an answer away, safely: it is paid for."""

    def halves(self, part: Part) -> Sequence[Part]:
        """What is still to be asked, in smaller parts; one input alone cannot be split."""

    def is_single(self, part: Part) -> bool:
        """Whether a part is one input alone."""

    def fail(self, part: Part, error: NexhinaError) -> None:
        """There will be no answer."""

    def explain(self, session: Session, error: APIError) -> Flow[None]:
        """Find out what to do about an error that ends the batch."""


class Runner(Generic[Part, Value]):
    """One run of one batch, inside one event loop."""

    def __init__(
        self,
        work: Work[Part, Value],
        line: Line,
        turns: Turns,
        tally: Tally,
        *,
        policy: Policy = PATIENT,
        hedge: Hedge | None = None,
    ) -> None:
        self._work, self._line, self._turns, self._tally = work, line, turns, tally
        self._policy, self._hedge = policy, hedge or Hedge(is_wanted=False)
        self._ready: deque[Job[Part]] = deque()
        self._unfinished = self._under_way = self._turns_held = 0
        self._answered = 0
        self._lost = 0
        self._doubts, self._aside = Doubts(), Aside(policy.longest_retry_after)
        self._changed = asyncio.Event()

    async def run(self, parts: Iterable[Part]) -> None:
        """Until every part is answered or given up. Raises what ends the batch as a whole; the
        calls under way are cancelled then, as they are when the caller is.
        """
        self._add(parts)
        failure: BaseException | None = None
        try:
            async with asyncio.TaskGroup() as group:
                while self._unfinished:
                    await self._step(group)
        except BaseExceptionGroup as several:
            # Parts may fail together; the first one says it.
            failure = several.exceptions[0]
        finally:
            # A call that is cancelled before it begins gives nothing back.
            while self._turns_held:
                await self._give_back("failed")
        if failure is not None:
            # Not above: it would keep the group as its context, and of a group IPython prints the
            # whole traceback, however the error itself is drawn.
            failure.__context__ = None
            raise failure

    def _add(self, parts: Iterable[Part], most: int = PATIENT.max_retries) -> None:
        # In front of all others: a row that is to blame is found before many are sent.
        jobs = [Job(part, most=most) for part in parts]
        self._ready.extendleft(reversed(jobs))
        self._unfinished += len(jobs)

    async def _step(self, group: asyncio.TaskGroup) -> None:
        if not self._aside.is_closed and (job := self._next()) is not None:
            await self._take()
            group.create_task(self._send(job))
            return
        self._changed.clear()
        if self._unfinished == len(self._ready) + len(self._aside):
            await self._end_if_too_long()
        if self._unfinished:
            await self._changed.wait()

    def _next(self) -> Job[Part] | None:
        """What is sent next; in doubt an input from elsewhere in the batch."""
        if is_sample := self._doubts.are_open:
            self._ready.rotate(self._doubts.stride(len(self._ready)))
            while self._ready and not self._work.is_single(self._ready[0].part):
                self._halve(self._ready.popleft())
        if not self._ready:
            return None
        job = self._ready.popleft()
        job.is_sample = is_sample
        return job

    async def _send(self, job: Job[Part]) -> None:
        self._under_way += 1
        try:
            answer = await self._ask(job)
            self._work.keep(job.part, answer)
        except NexhinaError as error:
            self._under_way -= 1
            await self._mend(job, error)
        else:
            self._under_way -= 1
            self._answered += 1
            self._lost = 0
            self._doubts.answered()
            self._aside.answered()
            self._finish()

    async def _ask(self, job: Job[Part]) -> Answered[Value]:
        """The answer for a part, of the first call or of one that is sent later beside it."""
        if not self._hedge.is_wanted:
            return await self._call(job)
        began, calls = time.monotonic(), [asyncio.ensure_future(self._call(job))]
        try:
            while len(calls) < 2 and not (await asyncio.wait(calls, timeout=LOOK))[0]:
                if self._hedge.is_late(time.monotonic() - began):
                    calls.append(asyncio.ensure_future(self._beside(job)))
            return await _first_good(calls)
        finally:
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)

    async def _beside(self, job: Job[Part]) -> Answered[Value]:
        await self._take()
        self._tally.hedged += 1
        return await self._call(job)

    async def _call(self, job: Job[Part]) -> Answered[Value]:
        """One call, for which a turn was taken; what it meant for the pace is told."""
        ending: Ending = "failed"
        quota, began = None, time.monotonic()
        try:
            answer = await self._line.run(self._work.ask(self._line.session, job.part))
            ending, quota = "answered", answer.quota
            self._hedge.took(time.monotonic() - began)
            return answer
        except NexhinaError as error:
            ending = "refused" if is_refusal(error) else "failed"
            self._tally.sent -= isinstance(error, BudgetExceeded)  # it was not
            raise
        except asyncio.CancelledError:
            self._tally.cut += 1
            raise
        finally:
            self._tally.sent += 1
            await self._give_back(ending, quota)

    async def _take(self) -> None:
        await self._turns.take()
        self._turns_held += 1

    async def _give_back(self, ending: Ending, quota: Quota | None = None) -> None:
        self._turns_held -= 1
        await self._turns.give_back(ending, quota)

    def _finish(self) -> None:
        self._unfinished -= 1
        self._changed.set()

    async def _mend(self, job: Job[Part], error: NexhinaError) -> None:
        verdict = judge(error)
        if isinstance(error, BudgetExceeded) and error.waits and self._under_way:
            # What others hold of the budget and do not need comes back.
            await self._later(job, MONEY_WAIT)
        elif verdict is Verdict.STOP:
            await self._stop(error)
        elif verdict is Verdict.SPLIT:
            await self._split(job, error)
        elif (stay := self._aside.put(error, time.monotonic())) is not None:
            await self._put_aside(job, stay)
        elif (delay := self._delay(job, error)) is None:
            await self._give_up(job, error)
        else:
            self._tally.retries += 1
            job.attempt += 1
            await self._later(job, delay)

    def _delay(self, job: Job[Part], error: NexhinaError) -> float | None:
        return job.delay(error, self._policy, self._answered, self._line.patience)

    async def _later(self, job: Job[Part], delay: float) -> None:
        await asyncio.sleep(delay)
        self._ready.appendleft(job)
        self._changed.set()

    async def _put_aside(self, job: Job[Part], stay: Stay) -> None:
        self._tally.retries += 1
        self._changed.set()
        await asyncio.sleep(stay.until - time.monotonic())
        self._aside.take(stay)
        await self._later(job, 0)

    async def _end_if_too_long(self) -> None:
        if (error := self._aside.too_long(time.monotonic())) is not None:
            await self._stop(error)

    async def _split(self, job: Job[Part], error: NexhinaError) -> None:
        if not self._work.is_single(job.part):
            self._halve(job)
            return
        if self._doubts.refused(common_words(error), is_sample=job.is_sample):
            await self._stop(error)
        self._fail(job, error)

    def _halve(self, job: Job[Part], most: int = PATIENT.max_retries) -> None:
        self._add(self._work.halves(job.part), most)
        self._finish()

    async def _give_up(self, job: Job[Part], error: NexhinaError) -> None:
        if not self._answered or await self._is_gone(job, error):
            await self._stop(error)
        if self._work.is_single(job.part):
            self._fail(job, error)
        else:  # there are servers that break down on one input
            self._halve(job, most=1)

    async def _is_gone(self, job: Job[Part], error: NexhinaError) -> bool:
        """Whether it is the other side that fails, and not this part alone."""
        if isinstance(error, RateLimited):
            return True
        if job.since is not None and self._answered > job.since:
            return False  # others were answered meanwhile
        self._lost += 1
        if isinstance(error, ConnectionFailed):
            return await self._line.run(once(self._line.session, MODELS)) is None
        return self._lost > MOST_LOST

    def _fail(self, job: Job[Part], error: NexhinaError) -> None:
        self._work.fail(job.part, error)
        self._finish()

    async def _stop(self, error: NexhinaError) -> None:
        if isinstance(error, APIError):
            await self._line.run(self._work.explain(self._line.session, error))
        raise error


async def _first_good(calls: Sequence[asyncio.Future[Answered[Value]]]) -> Answered[Value]:
    """What the first call brings that brings something; if none does, the error of the last."""
    for call in asyncio.as_completed(calls):
        try:
            return await call
        except NexhinaError as error:
            failure = error
    raise failure
