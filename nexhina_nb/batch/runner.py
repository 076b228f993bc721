"""Carries out a batch: parts go out as the pace allows, come back answered, or are tried again,
split, or given up.

What a part is, how it is asked for and where its answer goes, is the `Work`'s affair.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from nexhina_nb.batch.calls import Answer as Answered
from nexhina_nb.batch.hedge import Hedge
from nexhina_nb.batch.pace import Ending
from nexhina_nb.batch.quotas import Quota
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.turns import Turns
from nexhina_nb.batch.verdicts import Verdict, is_refusal, judge
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

PATIENT = Policy(max_retries=10, base=0.25)
TRUSTED = 3  # times that a server's Retry-After is taken at its word
MOST_ALIKE = 32  # rows refused with the same words, before anything was answered
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


@dataclass(slots=True)
class Job(Generic[Part]):
    """A part on its way, how often it was tried in vain, and how often it may be; ``answered`` is
    how many others had been answered by the last time, ``since`` by the first time.
    """

    part: Part
    attempt: int = 0
    most: int = PATIENT.max_retries
    answered: int = 0
    since: int | None = None


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
        self._alike: Counter[str] = Counter()
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
        if self._ready:
            await self._take()
            group.create_task(self._send(self._ready.popleft()))
            return
        self._changed.clear()
        await self._changed.wait()

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
        elif (delay := self._delay(job, error)) is None:
            await self._give_up(job, error)
        else:
            self._tally.retries += 1
            job.attempt += 1
            await self._later(job, delay)

    async def _later(self, job: Job[Part], delay: float) -> None:
        await asyncio.sleep(delay)
        self._ready.appendleft(job)
        self._changed.set()

    def _delay(self, job: Job[Part], error: NexhinaError) -> float | None:
        # Before anything was answered the address may be wrong or the gateway gone: then nobody
        # should wait longer than for a single call.
        is_known = self._answered > 0 or isinstance(error, RateLimited)
        if is_refusal(error) and self._answered > job.answered:
            job.attempt = 0  # others get through, so its turn will come
        job.answered = self._answered
        job.since = self._answered if job.since is None else job.since
        if job.attempt >= (job.most if is_known else self._line.patience):
            return None
        asked = error.retry_after if isinstance(error, APIError) else None
        wait = self._policy.delay(job.attempt, asked)
        if wait is None or job.attempt < TRUSTED:
            return wait
        # A server that keeps asking for a moment only must not use up all tries in that moment.
        return max(wait, self._policy.delay(job.attempt) or 0.0)

    async def _split(self, job: Job[Part], error: NexhinaError) -> None:
        if not self._work.is_single(job.part):
            self._add(self._work.halves(job.part))
            self._finish()
            return
        if not self._answered:
            self._alike[str(error)] += 1
            if self._alike[str(error)] > MOST_ALIKE:
                await self._stop(error)
        self._fail(job, error)

    async def _give_up(self, job: Job[Part], error: NexhinaError) -> None:
        if not self._answered or await self._is_gone(job, error):
            await self._stop(error)
        if self._work.is_single(job.part):
            self._fail(job, error)
        else:  # there are servers that break down on one input
            self._add(self._work.halves(job.part), most=1)
            self._finish()

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
