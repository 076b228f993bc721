"""A chat stream without its socket: bytes go in, pieces of text come out, and at the end there is
the whole reply.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from nexhina_nb.client.exchange import Response, not_an_answer, read_error
from nexhina_nb.client.replies import ChatReply, Form, read_chat
from nexhina_nb.client.target import Target
from nexhina_nb.errors import NexhinaError, StreamBroken
from nexhina_nb.wire import ChatCompletionResponse
from nexhina_nb.wire.accumulate import ChatAccumulator
from nexhina_nb.wire.extensions import QUOTA_COMMENT
from nexhina_nb.wire.sse import Comment, Decoder, Event

# The gateway tells the price in a comment just before the end (see `cost`).
ASK_AGAIN = "what came is in .partial; a broken stream cannot be resumed, only asked again"


class StreamState:
    """What is known of one stream. A server that answers with plain JSON instead of a stream is
    understood as well.
    """

    def __init__(self, target: Target, response: Response, form: Form) -> None:
        self.done = False
        self._target, self._response, self._form = target, response, form
        self._decoder = Decoder()
        self._chat = ChatAccumulator()
        self._billed: str | None = None
        self._reply: ChatReply | None = None
        is_plain = "json" in response.headers.get("content-type", "")
        self._plain: list[bytes] | None = [] if is_plain else None

    @property
    def request_id(self) -> str | None:
        """The id under which the gateway logged the call."""
        return self._response.request_id

    @property
    def text(self) -> str:
        """The text so far (of the first choice)."""
        return self._chat.text if self._reply is None else self._reply.text

    @property
    def reply(self) -> ChatReply:
        """The whole reply; only a stream that has ended has one."""
        if self._reply is None:
            raise NexhinaError(
                "the stream has not come to its end",
                hint="iterate over all of it, or call read(); .text is what came so far",
            )
        return self._reply

    def feed(self, data: bytes) -> Iterator[str]:
        """The pieces of text (of the first choice) that became complete with these bytes.

        Raises the typed APIError that the server sent in the stream, and StreamBroken for what is
        no stream.
        """
        if self._plain is not None:
            self._plain.append(data)
        elif not self.done:
            yield from self._take(self._decoder.feed(data))

    def end(self) -> Iterator[str]:
        """The pieces that the end of the connection sets free; after them there is a `reply`.

        Raises StreamBroken if neither ``[DONE]`` nor the finish of every choice had come.
        """
        if self._plain is not None:
            yield from self._end_plain(b"".join(self._plain))
            return
        if not self.done:
            yield from self._take(self._decoder.finish())
        if not (self.done or self._chat.finished):
            raise self.broken("the stream ended before its end was announced")
        whole = self._chat.response()
        self._reply = read_chat(self._target, self._response, whole, self._form, self._billed)

    def broken(self, what: str) -> StreamBroken:
        """The error for a stream that cannot go on, with what came."""
        return StreamBroken(what, partial=self.text, hint=ASK_AGAIN)

    def _end_plain(self, body: bytes) -> Iterator[str]:
        answer = _parsed(body)
        if not isinstance(answer, dict):
            raise not_an_answer(self._target, self._response, "is neither a stream nor JSON")
        self._raise_error(answer)
        whole = ChatCompletionResponse.read(answer)
        self._reply = read_chat(self._target, self._response, whole, self._form)
        if self._reply.text:
            yield self._reply.text

    def _take(self, items: Sequence[Event | Comment]) -> Iterator[str]:
        for item in items:
            if isinstance(item, Comment):
                name, _, value = item.text.partition(" ")
                self._billed = value.strip() if name == QUOTA_COMMENT else self._billed
            elif item.done:
                self.done = True
                return
            elif item.data.strip():
                yield from self._read(item)

    def _read(self, event: Event) -> Iterator[str]:
        chunk = _parsed(event.data)
        if not isinstance(chunk, dict):
            # The half line that a cut connection leaves behind says nothing; a whole one that is no
            # JSON is no stream.
            if event.cut:
                return
            raise self.broken("the stream holds something that is no chat chunk")
        self._raise_error(chunk)
        self._chat.add(chunk)
        yield from _pieces(chunk)

    def _raise_error(self, chunk: Mapping[str, Any]) -> None:
        if chunk.get("error"):
            body = orjson.dumps(chunk)
            raise read_error(self._target, Response(200, self._response.headers, body))


def _pieces(chunk: Mapping[str, Any]) -> Iterator[str]:
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        delta = choice.get("delta") if isinstance(choice, dict) else None
        content = delta.get("content") if isinstance(delta, dict) else None
        if isinstance(content, str) and content and choice.get("index") in (0, None):
            yield content


def _parsed(data: str | bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


@dataclass(frozen=True, slots=True)
class OpenStream:
    """A stream that has begun: its state, and the open HTTP answer that the shell reads."""

    state: StreamState
    source: Any
