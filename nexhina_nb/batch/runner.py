"""Carries out a batch: parts go out as the pace allows, come back answered, or are tried again,
split, or given up.

What a part is, how it is asked for and where its answer goes, is the `Work`'s affair.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from nexhina_nb.batch.pace import Pace
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.verdicts import Verdict, is_refusal, judge
from nexhina_nb.client.exchange import Flow
from nexhina_nb.client.lines import Line
from nexhina_nb.client.session import Session
from nexhina_nb.errors import APIError, ConnectionFailed, NexhinaError, RateLimited
from nexhina_nb.retry import Policy

PATIENT = Policy(max_retries=10, base=0.25)
TRUSTED = 3  # times that a server's Retry-After is taken at its word
MOST_ALIKE = 32  # rows refused with the same words, before anything was answered
MOST_LOST = 16  # parts given up one after the other: more than it takes to find one bad input

Part = TypeVar("Part")
Answer = TypeVar("Answer")


class Work(Protocol[Part, Answer]):
    """What a batch is about."""

    def ask(self, session: Session, part: Part) -> Flow[Answer]:
        """The call for a part: one try."""

    def keep(self, part: Part, answer: Answer) -> None:
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
    how many others had been answered by the last time.
    """

    part: Part
    attempt: int = 0
    most: int = PATIENT.max_retries
    answered: int = 0


class Runner(Generic[Part, Answer]):
    """One run of one batch, inside one event loop."""

    def __init__(
        self,
        work: Work[Part, Answer],
        line: Line,
        pace: Pace,
        tally: Tally,
        *,
        policy: Policy = PATIENT,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._work, self._line, self._pace, self._tally = work, line, pace, tally
        self._policy, self._clock = policy, clock
        self._ready: deque[Job[Part]] = deque()
        self._unfinished = 0
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
        now = self._clock()
        delay = self._pace.delay(now) if self._ready else None
        if delay == 0:
            self._pace.begin(now)
            group.create_task(self._send(self._ready.popleft()))
            return
        self._changed.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._changed.wait()

    async def _send(self, job: Job[Part]) -> None:
        self._tally.sent += 1
        try:
            answer = await self._line.run(self._work.ask(self._line.session, job.part))
            self._work.keep(job.part, answer)
        except NexhinaError as error:
            self._count(error)
            await self._mend(job, error)
        else:
            self._pace.accepted(self._clock())
            self._answered += 1
            self._lost = 0
            self._finish()

    def _count(self, error: NexhinaError) -> None:
        if is_refusal(error):
            self._pace.refused(self._clock())
        else:
            self._pace.failed()
        self._changed.set()

    def _finish(self) -> None:
        self._unfinished -= 1
        self._changed.set()

    async def _mend(self, job: Job[Part], error: NexhinaError) -> None:
        verdict = judge(error)
        if verdict is Verdict.STOP:
            await self._stop(error)
        elif verdict is Verdict.SPLIT:
            await self._split(job, error)
        elif (delay := self._delay(job, error)) is None:
            await self._give_up(job, error)
        else:
            self._tally.retries += 1
            job.attempt += 1
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
        self._lost += 1
        is_gone = isinstance(error, (ConnectionFailed, RateLimited)) or self._lost > MOST_LOST
        if not self._answered or is_gone:
            await self._stop(error)
        if self._work.is_single(job.part):
            self._fail(job, error)
        else:  # there are servers that break down on one input
            self._add(self._work.halves(job.part), most=1)
            self._finish()

    def _fail(self, job: Job[Part], error: NexhinaError) -> None:
        self._work.fail(job.part, error)
        self._finish()

    async def _stop(self, error: NexhinaError) -> None:
        if isinstance(error, APIError):
            await self._line.run(self._work.explain(self._line.session, error))
        raise error
