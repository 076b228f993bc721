"""One call, asked of one channel after the other until one answers.

Nothing has reached the caller yet while that goes on. The same channel is asked again only with
another key, when the fault was the first key's, or for another model. When all fail, the caller is
told the first of the most telling failures: what an upstream says of the call (4xx), then what it
says of itself, then that it gave no answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass

from nexhina_nb.errors import NexhinaError, ServiceUnavailable, Upstream, UpstreamTimeout
from nexhina_nb.gateway.beginnings import begun
from nexhina_nb.gateway.failover import Fault, fault_of, moves_on
from nexhina_nb.gateway.failures import as_api_error
from nexhina_nb.gateway.kinds import Kind
from nexhina_nb.gateway.record import Record
from nexhina_nb.gateway.router import Leg
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.upstreams.base import Answer, Call, Whole
from nexhina_nb.gateway.upstreams.overrides import Facts, Refused, mapped_status, overridden
from nexhina_nb.gateway.upstreams.registry import first_token_timeout
from nexhina_nb.gateway.ways import NO_KEY, Way, ways
from nexhina_nb.retry import parse_retry_after
from nexhina_nb.wire.faults import read_fault

# The call as it goes to the channel of a leg.
Written = Callable[[Leg], Call]


@dataclass(frozen=True, slots=True)
class _Failure:
    """What came instead of an answer: an upstream's own words, or an error of ours."""

    status: int
    code: str | None
    said: Answer | None = None
    error: NexhinaError | None = None
    retry_after: float | None = None
    is_final: bool = False

    @property
    def rank(self) -> int:
        """How telling it is."""
        if self.said is None:
            return 0
        return 2 if self.status < 500 else 1

    def moves_on(self) -> bool:
        if isinstance(self.error, UpstreamTimeout) and not self.is_final:
            return True  # our own patience is at its end; that the work may be done is accepted
        return not self.is_final and moves_on(self.status, self.code)


class Attempts:
    """The attempts at one call of one kind. ``headers`` are the caller's."""

    def __init__(
        self, gateway: Gateway, kind: Kind, written: Written, record: Record, facts: Facts
    ) -> None:
        self._gateway = gateway
        self._kind = kind
        self._written = written
        self._record = record
        self._facts = facts
        self._failures: list[_Failure] = []
        self._spent: set[tuple[int, int | None, str]] = set()

    async def first_answer(self, legs: Sequence[Leg], sticky: str) -> tuple[Way, Answer]:
        """The first answer that there is, and the way it came on. Raises APIError."""
        way = None
        for way in ways(legs, self._gateway.keys, self._gateway.health, sticky):
            if self._is_spent(way):
                continue
            outcome = await self._asked(way)
            if not isinstance(outcome, _Failure):
                return way, outcome
            self._failures.append(outcome)
            if not outcome.moves_on():
                return way, _told(outcome)
        assert way is not None
        return way, _told(max(self._failures, key=lambda failure: failure.rank))

    def _is_spent(self, way: Way) -> bool:
        channel, model = way.leg.channel.id, way.leg.model
        return not self._spent.isdisjoint(((channel, None, model), (channel, way.key, model)))

    async def _asked(self, way: Way) -> Answer | _Failure:
        health, target, started = self._gateway.health, way.target, time.monotonic()
        self._record.leg = way.leg
        self._record.tried.append(way.leg.channel.id)
        health.asked(target)
        outcome: Answer | _Failure | None = None
        try:
            outcome = await self._outcome(way, started)
        finally:
            self._record.attempt(way.key, _named(outcome), time.monotonic() - started)
            if outcome is None:
                health.left(target)
        if isinstance(outcome, _Failure):
            self._blame(way, outcome)
        else:
            health.answered(target)
        return outcome

    async def _outcome(self, way: Way, started: float) -> Answer | _Failure:
        channel = way.leg.channel
        try:
            if way.key == NO_KEY:
                raise ServiceUnavailable(
                    f"all keys of channel '{channel.name}' are off",
                    code="channel:no_available_key",
                )
            call, done = overridden(channel, self._written(way.leg), self._told_of())
            self._record.overrides = done
            answer = await self._gateway.upstream(channel, way.key).send(call)
            return await self._looked_at(way, answer, started)
        except NexhinaError as error:
            api = as_api_error(error)
            is_order = self._kind.is_order and not isinstance(error, ServiceUnavailable)
            is_late = isinstance(error, UpstreamTimeout) or api.code == "stream_broken"
            is_final = (isinstance(error, Refused) and error.is_final) or (is_order and is_late)
            told = self._masked(way, error)
            return _Failure(
                api.status_code, api.code, None, told, api.retry_after, is_final=is_final
            )

    async def _looked_at(self, way: Way, answer: Answer, started: float) -> Answer | _Failure:
        channel = way.leg.channel
        if 300 <= answer.status < 400:
            await answer.aclose()
            raise Upstream("the upstream sent the call elsewhere", code="bad_response_status_code")
        seconds = None
        if channel.type != "local":
            limit = first_token_timeout(channel, self._gateway.settings)
            seconds = limit - (time.monotonic() - started)
        is_stream = self._record.is_stream
        answer = await begun(answer, is_stream=is_stream, plain=self._kind.plain, seconds=seconds)
        if answer.status < 400:
            return answer
        assert isinstance(answer, Whole)
        return self._refused(way, answer)

    def _refused(self, way: Way, answer: Whole) -> _Failure:
        told = read_fault(answer.content)
        quota = "insufficient_quota"
        code = quota if quota in (told.code, told.type) else told.code
        after = parse_retry_after(answer.headers.get("retry-after"), time.time())
        status = mapped_status(way.leg.channel, answer.status)
        text = answer.content.decode("utf-8", "surrogateescape")
        content = self._masks(way, text).encode("utf-8", "surrogateescape")
        return _Failure(status, code, Whole(status, answer.headers, content), None, after)

    def _masks(self, way: Way, text: str) -> str:
        return self._gateway.upstreams.masked(way.leg.channel, way.key, text)

    def _masked(self, way: Way, error: NexhinaError) -> NexhinaError:
        """The error without what its words give away of the channel."""
        message = self._masks(way, error.message)
        if message == error.message:
            return error
        told = copy(error)
        told.message = message
        return told

    def _told_of(self) -> Facts:
        if not self._failures:
            return self._facts
        last = self._failures[-1]
        return self._facts.of_attempt(len(self._failures), (last.status, last.code, last.error))

    def _blame(self, way: Way, failure: _Failure) -> None:
        channel, model = way.leg.channel, way.leg.model
        fault = fault_of(failure.status, failure.code)
        is_key = fault is Fault.KEY
        self._spent.add((channel.id, way.key if is_key else None, model))
        if is_key and failure.status in (401, 403):
            self._gateway.upstreams.forget_keys(channel)
        if fault is Fault.CALL:
            self._gateway.health.left(way.target)
        else:
            self._gateway.health.failed(way.target, at_once=is_key, retry_after=failure.retry_after)


def _told(failure: _Failure) -> Answer:
    if failure.said is not None:
        return failure.said
    assert failure.error is not None
    raise failure.error


def _named(outcome: Answer | _Failure | None) -> int | str:
    """What an attempt came to, for the log: the status, or the code of our own error."""
    if outcome is None:
        return "left"
    if isinstance(outcome, _Failure) and outcome.said is None:
        return outcome.code or outcome.status
    return outcome.status
