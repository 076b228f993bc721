"""One call, asked of one channel after the other until one answers.

Nothing has reached the caller yet while that goes on, and no channel is asked twice.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nexhina_nb.errors import APIError, Upstream
from nexhina_nb.gateway.failover import moves_on
from nexhina_nb.gateway.record import Record
from nexhina_nb.gateway.router import Leg
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.upstreams.base import Answer, Call

# The call as it goes to the channel of a leg.
Written = Callable[[Leg], Call]


async def first_answer(
    gateway: Gateway, legs: Sequence[Leg], written: Written, record: Record
) -> tuple[Leg, Answer]:
    """The answer of the first channel that gives one, and the leg it is on; the last one's failure
    is the caller's. Raises APIError.
    """
    *others, last = legs
    for leg in others:
        try:
            answer = await _asked(gateway, leg, written, record)
        except APIError as error:
            if not moves_on(error.status_code, error.code):
                raise
            continue
        if not moves_on(answer.status):
            return leg, answer
        await answer.aclose()
    return last, await _asked(gateway, last, written, record)


async def _asked(gateway: Gateway, leg: Leg, written: Written, record: Record) -> Answer:
    record.leg = leg
    record.tried.append(leg.channel.id)
    answer = await gateway.upstream(leg.channel).send(written(leg))
    if 300 <= answer.status < 400:
        await answer.aclose()
        raise Upstream("the upstream sent the call elsewhere", code="bad_response_status_code")
    return answer
