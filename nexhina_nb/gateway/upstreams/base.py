"""What an upstream is: something that takes one call and gives back one answer, byte for byte.

Every implementation passes `tests/gateway/test_upstream_contract.py`:

* `send` returns as soon as the status and the headers are known; the body comes through
  `Answer.chunks` as it arrives.
* An error status is an answer, not an exception: status, body and headers reach the caller
  unchanged.
* Failures to get an answer at all are `Upstream` (502), `UpstreamTimeout` (504) or `StreamBroken`
  from `errors.py`; a body that ends early raises `StreamBroken` from `chunks`, never a silent end.
* `aclose` may be called at any moment, more than once, and ends the work behind the answer at once.
* The caller's key is never sent; only the upstream's own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it goes upstream: ``path`` below the base URL, ``body`` already carries the
    upstream's model name.
    """

    path: str
    body: dict[str, Any]
    stream: bool = False
    request_id: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)


class Answer(Protocol):
    """One answer: status and lower-case headers now, the body as it comes."""

    @property
    def status(self) -> int: ...

    @property
    def headers(self) -> Mapping[str, str]: ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body's bytes as they arrive; to be iterated once."""
        ...

    async def aclose(self) -> None:
        """Stop: drop what has not been read and end the work upstream."""
        ...


class UpstreamPort(Protocol):
    """Where calls of one channel go."""

    async def send(self, call: Call) -> Answer:
        """Send the call; returns when status and headers are known. Raises Upstream or
        UpstreamTimeout.
        """
        ...

    async def aclose(self) -> None:
        """Close what is kept open between calls."""
        ...


async def read(answer: Answer) -> bytes:
    """The whole body of an answer."""
    return b"".join([chunk async for chunk in answer.chunks()])
