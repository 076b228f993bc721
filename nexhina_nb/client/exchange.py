"""One request and what becomes of it: the policy of trying again, as a flow that knows no socket.

Everything that a client asks of a gateway goes through `exchange`; there budgets are kept.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from nexhina_nb import errors, retry
from nexhina_nb.client.budgets import ACTIVE
from nexhina_nb.client.session import Session
from nexhina_nb.client.steps import Failure, Flow, Request, Response, Sleep
from nexhina_nb.client.target import Target
from nexhina_nb.wire.errors import from_body

__all__ = [
    "Failure",
    "Flow",
    "Request",
    "Response",
    "Sleep",
    "exchange",
    "not_an_answer",
    "once",
    "passes",
    "read_error",
    "read_json",
    "read_object",
]


def exchange(session: Session, request: Request) -> Flow[Response]:
    """Send until there is an answer below 300, as often as the policy allows; else raise the last
    error. Raises BudgetExceeded before anything is sent.
    """
    flow = _answered(session, request)
    if not (budgets := ACTIVE.get()):
        return (yield from flow)
    from nexhina_nb.client.metering import (  # noqa: PLC0415 - most calls are in no budget
        metered,
    )

    return (yield from metered(session, request, budgets, flow))


def _answered(session: Session, request: Request) -> Flow[Response]:
    attempt, may_move = 0, True
    while True:
        outcome = yield replace(request, target=session.target)
        assert outcome is not None
        if isinstance(outcome, Response) and outcome.status < 300:
            return outcome
        if (
            may_move
            and _may_send_again(request, outcome)
            and _is_stranger(outcome)
            and session.move()
        ):
            may_move = False
            continue
        error, delay = _verdict(session, request, outcome, attempt)
        if delay is None:
            raise error
        yield Sleep(delay)
        attempt += 1


def _is_stranger(outcome: Response | Failure) -> bool:
    """Whether nobody is there, or somebody who does not know the key."""
    if isinstance(outcome, Failure):
        return not (outcome.answered or outcome.hopeless)
    return outcome.status == 401


def _verdict(
    session: Session, request: Request, outcome: Response | Failure, attempt: int
) -> tuple[errors.NexhinaError, float | None]:
    """The error that an outcome stands for, and how long to wait before the next try, if any."""
    may_send = _may_send_again(request, outcome)
    if isinstance(outcome, Failure):
        again = may_send and _may_repeat(request, outcome)
        return outcome.error, session.policy.delay(attempt) if again else None
    error = read_error(session.target, outcome)
    if not may_send or not isinstance(error, errors.APIError) or not passes(error):
        return error, None
    return error, session.policy.delay(attempt, error.retry_after)


def once(session: Session, request: Request) -> Flow[Response | None]:
    """One try, None unless it worked: for questions asked only to explain something else."""
    outcome = yield replace(request, target=session.target)
    return outcome if isinstance(outcome, Response) and outcome.status < 300 else None


def _may_send_again(request: Request, outcome: Response | Failure) -> bool:
    return not request.only_once or (isinstance(outcome, Failure) and not outcome.sent)


def _may_repeat(request: Request, failure: Failure) -> bool:
    if not failure.sent:
        return not failure.hopeless
    return request.repeatable and not isinstance(failure.error, errors.TimedOut)


def passes(error: errors.APIError) -> bool:
    """Whether asking again may help."""
    # The type says more than the status: servers answer 500 to bad requests and 429 for want of
    # money, which no waiting helps.
    if error.status_code == 408:
        return True
    return retry.is_retried(error.status_code) and retry.is_retried(type(error).status)


def read_error(target: Target, response: Response) -> errors.NexhinaError:
    """The error that an answer stands for; the key is blotted out of all of it."""
    if 300 <= response.status < 400:
        where = target.hide(response.headers.get("location", "another address"))
        return errors.ConfigError(
            f"{target.base_url} sends on to {where}; no key is sent after a redirect",
            hint="set the base URL to the final address, ending in /v1",
        )
    wait = retry.parse_retry_after(response.headers.get("retry-after"), response.now)
    text = target.hide(response.body.decode("utf-8", "replace"))
    return from_body(response.status, text, response.headers, retry_after=wait)


def read_object(target: Target, response: Response) -> dict[str, Any]:
    """The JSON object that a good answer carries, whatever it says; Upstream for anything else."""
    try:
        body = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        raise not_an_answer(target, response, "is not JSON") from None
    if not isinstance(body, dict):
        raise not_an_answer(target, response, "is not a JSON object")
    return body


def read_json(target: Target, response: Response) -> dict[str, Any]:
    """The JSON object that a good answer carries; raises the error it holds, or Upstream for
    anything else.
    """
    body = read_object(target, response)
    if body.get("error"):
        # Some gateways answer 200 and put the error into the body (contract 2.3, 7.9).
        raise read_error(target, response)
    return body


def not_an_answer(target: Target, response: Response, what: str) -> errors.Upstream:
    """The error for an answer of status 200 that makes no sense."""
    return errors.Upstream(
        f"the answer of {target.base_url} {what}",
        code="bad_response_body",
        hint="is this the address of an OpenAI-compatible API? It usually ends in /v1",
        request_id=response.request_id,
        body=target.hide(response.body[:2000].decode("utf-8", "replace")),
    )
