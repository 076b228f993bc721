"""What flows are made of: the steps that they ask for, and what they are sent for them.

A *flow* yields `Request` or `Sleep` and is sent a `Response` or a `Failure` for a request, None for
a pause; what it returns is the result of the call. `sync.Client` and `aio.AsyncClient` only carry
out what flows ask for.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from nexhina_nb import errors
from nexhina_nb.client.budgets import Hold
from nexhina_nb.client.target import Target
from nexhina_nb.client.uploads import FormData


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``path`` starts below the base URL, or with ``/api`` below its root; a link that
    an answer gave is taken as it is. The body is JSON, or a ``form``.

    ``repeatable``: asking twice does no harm, so that a connection lost on the way is tried again.
    A chat is not: the first call may have been answered, and billed, all the same. ``earlier``: the
    tokens of turns that the gateway has and adds to the prompt, where that is known.
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
    earlier: int | None = None

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
    def is_paid(self) -> bool:
        """Whether it may cost something."""
        if self.method != "POST" or self.path.startswith("/api/"):
            return False
        return not self.path.endswith("/cancel")

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

    ``now`` is the Unix time of its arrival, against which a ``Retry-After`` date is read; ``hold``
    is what an open answer holds of budgets until it is known what it cost.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)  # not in a verbose traceback: servers have
    body: bytes = field(default=b"", repr=False)  # been seen to repeat the key in what they answer
    source: Any = field(default=None, repr=False)
    now: float = 0.0
    hold: Hold | None = field(default=None, repr=False)

    @property
    def request_id(self) -> str | None:
        """The id under which the gateway logged the call."""
        return self.headers.get("x-oneapi-request-id") or self.headers.get("x-request-id")


@dataclass(frozen=True, slots=True)
class Failure:
    """No answer, or half of one. ``sent``: the server may have seen the request; ``answered``: it
    began to answer; ``hopeless``: asking again cannot help.
    """

    error: errors.NexhinaError
    sent: bool
    answered: bool = False
    hopeless: bool = False


T = TypeVar("T")
Flow = Generator[Request | Sleep, Response | Failure | None, T]
