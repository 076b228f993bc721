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
from typing import Any, BinaryIO, Protocol


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form, on disk: ``file`` can be read from its start, again and again."""

    name: str
    filename: str
    content_type: str
    file: BinaryIO = field(repr=False)
    size: int = 0


@dataclass(frozen=True, slots=True)
class Form:
    """A multipart body as it came: the fields in their order, and the files."""

    fields: tuple[tuple[str, str], ...] = ()
    files: tuple[Upload, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it goes upstream: ``path`` below the base URL (a query included), ``body``
    already carries the upstream's model name.

    With a ``form`` that is what travels, under the model's name that ``body`` has; ``body`` then
    holds its fields for whoever answers on this machine. ``origin`` is the address by which the
    caller knows this gateway (``http://host:port``), for links in a reply. ``headers`` are the
    caller's; ``own_headers`` are the channel's and replace any other, ``{api_key}`` in them is its
    key.
    """

    path: str
    body: dict[str, Any] = field(default_factory=dict)
    method: str = "POST"
    form: Form | None = None
    stream: bool = False
    request_id: str = ""
    origin: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    own_headers: Mapping[str, str] = field(default_factory=dict)


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

    def retire(self) -> None:
        """Keep nothing open between calls from now on; running ones go on."""
        ...

    async def aclose(self) -> None:
        """Close what is kept open between calls."""
        ...


class Whole:
    """An answer that is here already."""

    def __init__(self, status: int, headers: Mapping[str, str], content: bytes) -> None:
        self.status = status
        self.headers = headers
        self.content = content

    async def chunks(self) -> AsyncIterator[bytes]:
        yield self.content

    async def aclose(self) -> None:
        """Nothing is open any more."""


async def read(answer: Answer) -> bytes:
    """The whole body of an answer."""
    if isinstance(answer, Whole):
        return answer.content
    return b"".join([chunk async for chunk in answer.chunks()])
