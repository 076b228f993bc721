"""A response as events (contract 2.5): text comes in pieces, the last event carries the whole.

One that the gateway keeps can be gone on with after a break; of another the same question is asked
again, and what repeats is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import quote

from nexhina_nb.client.exchange import Flow, Response
from nexhina_nb.client.replies import Form
from nexhina_nb.client.responding import RespondReply, read_response
from nexhina_nb.client.seams import Seam, ask_again, is_break
from nexhina_nb.client.streams import EventState
from nexhina_nb.client.target import Target
from nexhina_nb.errors import APIError, NexhinaError, StreamBroken
from nexhina_nb.retry import Policy
from nexhina_nb.wire.errors import from_body

_LAST = frozenset({"response.completed", "response.incomplete", "response.cancelled"})
_TEXT = frozenset({"response.output_text.delta", "response.refusal.delta"})


@dataclass(frozen=True, slots=True)
class Resuming:
    """How to get the rest: ``follow`` asks for the events of a kept response from a path,
    ``repeat`` asks everything again.
    """

    follow: Callable[[str], Flow[Response]]
    repeat: Callable[[], Flow[Response]] | None
    policy: Policy


class RespondState(EventState[str, RespondReply]):
    """What is known of one response; its pieces are text."""

    def __init__(
        self,
        target: Target,
        response: Response,
        *,
        form: Form,
        sent: Sequence[dict[str, Any]],
        resuming: Resuming,
        tries: int = 0,
    ) -> None:
        super().__init__(target, response)
        self._form, self._sent, self._resuming = form, sent, resuming
        self._said: list[str] = []
        self._seam = Seam("", may_go_on=True)
        self._last: dict[str, Any] | None = None
        self._id, self._number, self._kept = "", -1, True
        self._calls = False
        self._tries = self._resumed = tries

    @property
    def text(self) -> str:
        """The text so far."""
        return "".join(self._said) if self._reply is None else self._reply.text

    @property
    def finished(self) -> bool:
        """Whether the event that carries the whole response has come."""
        return self._last is not None

    def again(self, error: NexhinaError) -> Flow[Any] | None:
        """A flow that asks for the rest; None if nothing can be done."""
        if self.finished or not is_break(error):
            return None
        can_follow = bool(self._id and self._kept)
        if not can_follow and (self._resuming.repeat is None or self._calls):
            return None
        left = self._resuming.policy.max_retries - self._tries
        return self._ask_again(error) if left > 0 else None

    def _ask_again(self, error: NexhinaError) -> Flow[Any]:
        ask, policy = partial(self._rest, self._resuming), self._resuming.policy
        response, self._tries = yield from ask_again(ask, policy, self._tries, error)
        self._resumed += 1
        if response.hold is None:  # the rest of the same call
            response = replace(response, hold=self._response.hold)
        else:
            self.settle()
        self._begin(response)
        return response.source

    def _rest(self, resuming: Resuming) -> Flow[Response]:
        if self._id and self._kept:
            after = f"&starting_after={self._number}" if self._number >= 0 else ""
            try:
                path = f"/responses/{quote(self._id, safe='')}?stream=true{after}"
                return (yield from resuming.follow(path))
            except APIError as error:
                if is_break(error) or resuming.repeat is None or self._calls:
                    raise
                self._kept = False
        assert resuming.repeat is not None
        response = yield from resuming.repeat()
        self._seam, self._id, self._number = Seam(self.text, may_go_on=False), "", -1
        return response

    def _read(self, event: dict[str, Any]) -> Iterator[str]:
        kind, number = event.get("type"), event.get("sequence_number")
        if isinstance(number, int):
            self._number = number
        self._notice(event)
        if kind in ("error", "response.failed"):
            # One that failed will not come to another end: it may only be made anew.
            self._kept = self._kept and kind == "error"
            raise self._failure(event)
        if kind in _LAST and isinstance(event.get("response"), dict):
            self._last, self.done = event["response"], True
        elif kind in _TEXT and isinstance(event.get("delta"), str):
            yield from self._new(self._seam.take(event["delta"]))

    def _notice(self, event: dict[str, Any]) -> None:
        response, item = event.get("response"), event.get("item")
        if isinstance(response, dict):
            self._id = str(response.get("id") or self._id)
            self._kept = self._kept and response.get("store") is not False
        if isinstance(item, dict) and item.get("type") == "function_call":
            self._calls = True

    def _failure(self, event: dict[str, Any]) -> NexhinaError:
        response = event.get("response")
        failed = response if isinstance(response, dict) else {}
        told = {"error": failed.get("error") or event}
        return self._refused(from_body(200, told, self._response.headers), failed)

    def _new(self, text: str | None) -> Iterator[str]:
        if text is None:
            self._tries = self._resuming.policy.max_retries  # nor will it be the same next time
            raise self.broken("the stream broke, and asked again the model answers something else")
        if text:
            self._said.append(text)
            yield text

    def _whole(self) -> RespondReply:
        assert self._last is not None
        return replace(self._made(self._last, self._billed), resumed=self._resumed)

    def _made(self, answer: dict[str, Any], billed: str | None) -> RespondReply:
        known = {"form": self._form, "sent": self._sent, "billed": billed}
        return read_response(self._target, self._response, answer, **known)  # type: ignore[arg-type]

    def _read_plain(self, answer: dict[str, Any]) -> Iterator[str]:
        whole = self._made(answer, None)
        yield from self._new(self._seam.take(whole.text))
        self._reply = replace(whole, resumed=self._resumed)

    def broken(self, what: str) -> StreamBroken:
        """The error for a stream that cannot go on, with what came."""
        error = super().broken(what)
        if self._id and self._kept:
            error.hint = (
                f"what came is in .partial; client.response({self._id!r}) may have the rest"
            )
        return error
