"""A chat stream that joins itself after a break: it asks again, and goes on where it broke off.

Models that answer the same to the same question are asked the question again, and the beginning of
the answer is passed over. Others get what came as the beginning of the assistant's turn; one that
begins anew all the same is found out by what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from nexhina_nb.client.chat_stream import ChatState
from nexhina_nb.client.cost import Cost, cost_of, known
from nexhina_nb.client.exchange import Flow
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.client.seams import Seam, ask_again, is_break
from nexhina_nb.client.streams import ASK_AGAIN
from nexhina_nb.errors import BadRequest, NexhinaError, StreamBroken, Unprocessable
from nexhina_nb.retry import Policy
from nexhina_nb.wire import ChatCompletionResponse, Usage


@dataclass(frozen=True, slots=True)
class Asking:
    """How to ask once more. ``ask`` sends the request, with a text as the beginning of the answer
    or as it was; ``repeats``: the model is known to answer the same again.
    """

    ask: Callable[[str], Flow[tuple[ChatState, Any]]]
    policy: Policy
    repeats: bool = False


class JoinedChat:
    """The state of a chat stream that may be asked for several times (see `streams.State`)."""

    def __init__(self, first: ChatState, asking: Asking, tries: int = 0) -> None:
        self._current, self._asking = first, asking
        self._tries = self._resumed = tries
        self._repeats = asking.repeats
        self._said: list[str] = []
        self._seam = Seam("", may_go_on=True)
        self._broken: list[ChatCompletionResponse] = []
        self._reply: ChatReply | None = None

    @property
    def done(self) -> bool:
        """Whether the end was announced."""
        return self._current.done

    @property
    def finished(self) -> bool:
        """Whether nothing of the answer itself is missing."""
        return self._current.finished

    @property
    def text(self) -> str:
        """The joined text so far."""
        return "".join(self._said)

    @property
    def request_id(self) -> str | None:
        """The id of the latest call."""
        return self._current.request_id

    @property
    def reply(self) -> ChatReply:
        """The whole reply; only a stream that has ended has one."""
        return self._current.reply if self._reply is None else self._reply

    def feed(self, data: bytes) -> Iterator[str]:
        """The new pieces of text in these bytes."""
        yield from self._fit(self._current.feed(data))

    def end(self) -> Iterator[str]:
        """The pieces that the end of the connection sets free; after them there is a `reply`."""
        yield from self._fit(self._current.end())
        yield from self._new(self._seam.end())
        self._reply = self._joined(self._current.reply)

    def broken(self, what: str) -> StreamBroken:
        """The error for a stream that cannot go on, with all that came."""
        error = self._current.broken(what)
        error.partial, error.hint = self.text, ASK_AGAIN
        return error

    def settle(self) -> None:
        """No more of it is read: let the budgets know what the latest call cost."""
        self._current.settle()

    def again(self, error: NexhinaError) -> Flow[Any] | None:
        """A flow that asks for the rest; None if nothing can be done or a tool was being called."""
        left = self._asking.policy.max_retries - self._tries
        if left <= 0 or self.finished or not is_break(error) or self._calls():
            return None
        return self._ask_again(error)

    def _calls(self) -> bool:
        choices = self._current.so_far.choices
        return any(c.message.tool_calls or c.message.function_call for c in choices)

    def _ask_again(self, error: NexhinaError) -> Flow[Any]:
        self._current.settle()
        self._broken.append(self._current.so_far)
        ask, policy = partial(self._ask, self.text), self._asking.policy
        (self._current, source), self._tries = yield from ask_again(ask, policy, self._tries, error)
        self._seam = Seam(self.text, may_go_on=not self._repeats)
        self._resumed += 1
        return source

    def _ask(self, said: str) -> Flow[tuple[ChatState, Any]]:
        if said and not self._repeats:
            try:
                return (yield from self._asking.ask(said))
            except (BadRequest, Unprocessable):
                self._repeats = True  # it takes no beginning of an answer
        return (yield from self._asking.ask(""))

    def _fit(self, pieces: Iterator[str]) -> Iterator[str]:
        try:
            for piece in pieces:
                yield from self._new(self._seam.take(piece))
        except StreamBroken as error:
            raise self.broken(error.message) from None

    def _new(self, text: str | None) -> Iterator[str]:
        if text is None:
            self._tries = (
                self._asking.policy.max_retries
            )  # it will not be the same next time either
            raise self.broken("the stream broke, and asked again the model answers something else")
        if text:
            self._said.append(text)
            yield text

    def _joined(self, last: ChatReply) -> ChatReply:
        if not self._resumed:
            return last
        raw = last.raw.dump()
        raw["choices"][0]["message"]["content"] = self.text
        usages = [*(answer.usage for answer in self._broken), last.usage]
        if counted := [usage for usage in usages if isinstance(usage, Usage)]:
            raw["usage"] = _added(counted)
        costs = [_list_price(answer) for answer in self._broken]
        return replace(
            last,
            raw=ChatCompletionResponse.read(raw),
            cost=known([*costs, last.cost]),
            resumed=self._resumed,
        )


def _list_price(answer: ChatCompletionResponse) -> Cost:
    return cost_of(None, answer.model, answer.usage)


def _added(usages: list[Usage]) -> dict[str, Any]:
    if len(usages) == 1:
        return usages[0].dump()
    names = ("prompt_tokens", "completion_tokens", "total_tokens")
    return {name: sum(getattr(usage, name) or 0 for usage in usages) for name in names}
