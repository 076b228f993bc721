"""A stream without its socket: bytes go in, pieces come out, and at the end there is the whole
reply.

What all kinds of streams have in common is here; `chat_stream`, `respond_stream`, `image_stream`
and `sound_stream` know what their events mean.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

import orjson

from nexhina_nb.client.exchange import Flow, Response, not_an_answer, read_error
from nexhina_nb.client.target import Target
from nexhina_nb.errors import NexhinaError, StreamBroken
from nexhina_nb.wire.extensions import QUOTA_COMMENT, QUOTA_HEADER
from nexhina_nb.wire.sse import Comment, Decoder, Event

ASK_AGAIN = "what came is in .partial; a broken stream cannot be resumed, only asked again"
BY_ITSELF = "what came is in .partial; resume=2 asks again, and goes on where it broke off"


class Told(Protocol):
    """A reply, as far as its price is told by it."""

    @property
    def usage(self) -> Any:
        """What it counted."""


Piece = TypeVar("Piece")
Result = TypeVar("Result", bound=Told)
PieceOut = TypeVar("PieceOut", covariant=True)
ResultOut = TypeVar("ResultOut", covariant=True)


class State(Protocol[PieceOut, ResultOut]):
    """What a shell needs of a stream that it reads."""

    @property
    def done(self) -> bool:
        """Whether the end was announced: nothing that follows is read."""

    @property
    def finished(self) -> bool:
        """Whether nothing of the answer itself is missing."""

    @property
    def text(self) -> str:
        """The text so far."""

    @property
    def request_id(self) -> str | None:
        """The id under which the gateway logged the call."""

    @property
    def reply(self) -> ResultOut:
        """The whole reply; NexhinaError before the end."""

    def feed(self, data: bytes) -> Iterator[PieceOut]:
        """The pieces that became complete with these bytes."""

    def end(self) -> Iterator[PieceOut]:
        """The pieces that the end of the connection sets free; after them there is a `reply`."""

    def broken(self, what: str) -> StreamBroken:
        """The error for a stream that cannot go on, with what came."""

    def settle(self) -> None:
        """No more of it is read: let the budgets know what it cost, as far as that is known."""

    def again(self, error: NexhinaError) -> Flow[Any] | None:
        """How to get the rest after an error: a flow that gives the next open answer; None if this
        was the end of it.
        """


@dataclass(frozen=True, slots=True)
class OpenStream(Generic[Piece, Result]):
    """A stream that has begun: its state, and the open HTTP answer that the shell reads."""

    state: State[Piece, Result]
    source: Any


class EventState(ABC, Generic[Piece, Result]):
    """A stream of events (contract 4). A server that answers with plain JSON instead is understood
    as well. The gateway tells the price in a comment just before the end (see `cost`).
    """

    hint = ASK_AGAIN

    def __init__(self, target: Target, response: Response) -> None:
        self.done = False
        self._target = target
        self._reply: Result | None = None
        self._has_pieces = False
        self._begin(response)

    def _begin(self, response: Response) -> None:
        self._response = response
        self._decoder = Decoder()
        self._is_refused = False  # by an error that the server told when nothing had come yet
        self._billed = response.headers.get(QUOTA_HEADER)
        is_plain = "json" in response.headers.get("content-type", "")
        self._plain: list[bytes] | None = [] if is_plain else None

    @property
    def request_id(self) -> str | None:
        """The id under which the gateway logged the call."""
        return self._response.request_id

    @property
    def text(self) -> str:
        """The text so far; most streams are not made of text."""
        return ""

    @property
    def finished(self) -> bool:
        """Whether nothing of the answer itself is missing."""
        return self.done

    @property
    def reply(self) -> Result:
        """The whole reply; only a stream that has ended has one."""
        if self._reply is None:
            so_far = "; .text is what came so far" if self.text else ""
            raise NexhinaError(
                "the stream has not come to its end",
                hint=f"iterate over all of it, or call read(){so_far}",
            )
        return self._reply

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The pieces that became complete with these bytes.

        Raises the typed APIError that the server sent in the stream, and StreamBroken for what is
        no stream.
        """
        if self._plain is not None:
            self._plain.append(data)
        elif not self.done:
            yield from self._take(self._decoder.feed(data))

    def end(self) -> Iterator[Piece]:
        """The pieces that the end of the connection sets free; after them there is a `reply`.

        Raises StreamBroken if the end of the answer had not come.
        """
        if self._plain is not None:
            yield from self._end_plain(b"".join(self._plain))
            return
        if not self.done:
            yield from self._take(self._decoder.finish())
        if not self.finished:
            raise self.broken("the stream ended before its end was announced")
        self._reply = self._whole()

    def broken(self, what: str) -> StreamBroken:
        """The error for a stream that cannot go on, with what came."""
        return StreamBroken(what, partial=self.text, hint=self.hint)

    def settle(self) -> None:
        """No more of it is read: let the budgets know what it cost, as far as that is known."""
        hold, reply = self._response.hold, self._reply
        if hold is None:
            return
        if self._is_refused and self._billed is None:
            hold.release()
        else:
            hold.settle(self._billed, None if reply is None else reply.usage)

    def again(self, error: NexhinaError) -> Flow[Any] | None:
        """There is no going on, unless a kind of stream knows how."""
        return None

    def _end_plain(self, body: bytes) -> Iterator[Piece]:
        answer = _parsed(body)
        if not isinstance(answer, dict):
            raise not_an_answer(self._target, self._response, "is neither a stream nor JSON")
        self._raise_error(answer)
        yield from self._read_plain(answer)

    def _take(self, items: Sequence[Event | Comment]) -> Iterator[Piece]:
        for item in items:
            if isinstance(item, Comment):
                name, _, value = item.text.partition(" ")
                self._billed = value.strip() if name == QUOTA_COMMENT else self._billed
            elif item.done:
                self.done = True
                return
            elif item.data.strip():
                yield from self._read_event(item)

    def _read_event(self, event: Event) -> Iterator[Piece]:
        chunk = _parsed(event.data)
        if not isinstance(chunk, dict):
            # The half line that a cut connection leaves behind says nothing; a whole one that is no
            # JSON is no stream.
            if event.cut:
                return
            raise self.broken("the stream holds something that is no event of this kind")
        self._raise_error(chunk)
        for piece in self._read(chunk):
            self._has_pieces = True
            yield piece

    def _raise_error(self, chunk: Mapping[str, Any]) -> None:
        if chunk.get("error"):
            body = orjson.dumps(chunk)
            error = read_error(self._target, Response(200, self._response.headers, body))
            raise self._refused(error, chunk)

    def _refused(self, error: NexhinaError, told: Mapping[str, Any]) -> NexhinaError:
        """An error that the server told; without a piece or a usage there is nothing to pay."""
        self._is_refused = not (self._has_pieces or told.get("usage"))
        return error

    @abstractmethod
    def _read(self, chunk: dict[str, Any]) -> Iterator[Piece]:
        """The pieces of one event."""

    @abstractmethod
    def _read_plain(self, answer: dict[str, Any]) -> Iterator[Piece]:
        """The pieces of an answer that came whole; it is the reply."""

    @abstractmethod
    def _whole(self) -> Result:
        """The reply that the events make up."""


def _parsed(data: str | bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
