"""A chat stream: its chunks become pieces of text, and together one reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nexhina_nb.client.exchange import Response
from nexhina_nb.client.replies import ChatReply, Form, read_chat
from nexhina_nb.client.streams import BY_ITSELF, EventState
from nexhina_nb.client.target import Target
from nexhina_nb.wire import ChatCompletionResponse
from nexhina_nb.wire.accumulate import ChatAccumulator


class ChatState(EventState[str, ChatReply]):
    """What is known of one chat stream; its pieces are the text of the first choice."""

    hint = BY_ITSELF

    def __init__(self, target: Target, response: Response, form: Form) -> None:
        super().__init__(target, response)
        self._form = form
        self._chat = ChatAccumulator()

    @property
    def text(self) -> str:
        """The text so far (of the first choice)."""
        return self._chat.text if self._reply is None else self._reply.text

    @property
    def finished(self) -> bool:
        """Whether every choice has said why it ended, or the end was announced."""
        return self.done or self._chat.finished

    @property
    def so_far(self) -> ChatCompletionResponse:
        """The answer as far as it came."""
        return self._chat.response()

    def _read(self, chunk: dict[str, Any]) -> Iterator[str]:
        self._chat.add(chunk)
        yield from _pieces(chunk)

    def _whole(self) -> ChatReply:
        return read_chat(self._target, self._response, self.so_far, self._form, self._billed)

    def _read_plain(self, answer: dict[str, Any]) -> Iterator[str]:
        whole = ChatCompletionResponse.read(answer)
        self._reply = read_chat(self._target, self._response, whole, self._form)
        if self._reply.text:
            yield self._reply.text


def _pieces(chunk: Mapping[str, Any]) -> Iterator[str]:
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        delta = choice.get("delta") if isinstance(choice, dict) else None
        content = delta.get("content") if isinstance(delta, dict) else None
        if isinstance(content, str) and content and choice.get("index") in (0, None):
            yield content
