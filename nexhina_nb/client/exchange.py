"""One request and what becomes of it: the policy of trying again, as a generator that knows no
socket.

A *flow* yields `Request` or `Sleep` and is sent a `Response` or a `Failure` for a request, None for
a pause; what it returns is the result of the call. `sync.Client` and `aio.AsyncClient` only carry
out what flows ask for.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

import orjson

from nexhina_nb import errors, retry
from nexhina_nb.client.session import Session
from nexhina_nb.client.target import Target
from nexhina_nb.client.uploads import FormData
from nexhina_nb.wire.errors import from_body


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``path`` starts below the base URL, or with ``/api`` below its root; a link that
    an answer gave is taken as it is. The body is JSON, or a ``form``.

    ``repeatable``: asking twice does no harm, so that a connection lost on the way is tried again.
    A chat is not: the first call may have been answered, and billed, all the same.
    """

    method: str
    path: str
    body: bytes | None = None
    stream: bool = False
    repeatable: bool = False
    patience: float | None = None
    target: Target | None = None
    form: FormData | None = None
    accept: str = "application/json"

    @property
    def url(self) -> str:
        """The full address; only a request that `exchange` has given a target has one."""
        assert self.target is not None
        if self.path.startswith(("http://", "https://")):
            return self.path
        above = self.target.root if self.path.startswith("/api/") else self.target.base_url
        return above + self.path

    @property
    def goes_home(self) -> bool:
        """Whether it goes to the host that the key is for; a link may lead anywhere."""
        assert self.target is not None
        return urlsplit(self.url)[:2] == urlsplit(self.target.base_url)[:2]

    @property
    def only_once(self) -> bool:
        """Whether it carries something that can be read only once, so that it cannot be sent
        again.
        """
        return self.form is not None and not self.form.rewindable


@dataclass(frozen=True, slots=True)
class Sleep:
    """A pause before the next try, in seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, lower-case headers, and the body, or what its bytes are read from if it is
    a stream.

    ``now`` is the Unix time of its arrival, against which a ``Retry-After`` date is read.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)  # not in a verbose traceback: servers have
    body: bytes = field(default=b"", repr=False)  # been seen to repeat the key in what they answer
    source: Any = field(default=None, repr=False)
    now: float = 0.0

    @property
    def request_id(self) -> str | None:
        """The id under which the gateway logged the call."""
        return self.headers.get("x-oneapi-request-id") or self.headers.get("x-request-id")


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer, or half of one. ``sent``: the server may have seen the request; ``answered``: it
    began to answer.
    """

    error: errors.ConnectionFailed
    sent: bool
    answered: bool = False


T = TypeVar("T")
Flow = Generator[Request | Sleep, Response | Failure | None, T]


def exchange(session: Session, request: Request) -> Flow[Response]:
    """Send until there is an answer below 300, as often as the policy allows; else raise the last
    error.
    """
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
        return not outcome.answered
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
        return True
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
