"""Anthropic's Messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from nexhina_nb.errors import APIError
from nexhina_nb.gateway.kinds import Body, Kind, asks_stream
from nexhina_nb.gateway.taps.base import Payload, Tap, objects
from nexhina_nb.gateway.taps.events import EventTap, Grammar
from nexhina_nb.wire.error_forms import body_in


def _prompt(body: Body) -> Iterable[str]:
    yield from _texts(body.get("system"))
    for message in body["messages"]:
        yield from _texts(message["content"])


def _texts(content: Any) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    for block in objects(content):
        yield str(block.get("text") or "")
        yield from _texts(block.get("content"))


def _length(body: Body) -> int:
    return int(body["max_tokens"])


class _Usage:
    """Counts come in two events. Until the last one has come, what a broken stream brought is
    counted here.
    """

    def __init__(self) -> None:
        self._first: Payload = {}

    def __call__(self, event: Payload) -> Payload | None:
        if event.get("type") == "message_start":
            self._first = _told(event.get("message"))
        if event.get("type") != "message_delta":
            return None
        return self._first | _told(event)


def _told(holder: object) -> Payload:
    usage = holder.get("usage") if isinstance(holder, dict) else None
    rows = usage.items() if isinstance(usage, dict) else ()
    return {name: value for name, value in rows if value is not None}


def _text(event: Payload) -> str:
    delta = event.get("delta")
    if event.get("type") != "content_block_delta" or not isinstance(delta, dict):
        return ""
    found = (delta.get(name) for name in ("text", "partial_json", "thinking"))
    return "".join(piece for piece in found if isinstance(piece, str))


def _holder(event: Payload) -> Payload | None:
    message = event.get("message")
    return message if isinstance(message, dict) else None


def _fault(error: APIError) -> Payload:
    return body_in("anthropic", error)


def _tap(model: str, _: Body) -> Tap:
    grammar = Grammar(
        ends=frozenset({"message_stop"}), usage=_Usage(), text=_text, holder=_holder, fault=_fault
    )
    return EventTap(model, grammar)


MESSAGES = Kind(
    "messages",
    "answer a conversation in Anthropic's form, whole or as a stream",
    "/messages",
    "MessagesRequest",
    "MessagesReply",
    prompt=_prompt,
    longest_answer=_length,
    streams=asks_stream,
    tap=_tap,
    dialect="anthropic",
)
# Not for the pipeline: tokens are counted here, and nothing is billed.
COUNT_TOKENS = Kind(
    "count_tokens",
    "count the tokens of a conversation in Anthropic's form",
    "/messages/count_tokens",
    "TokenCountRequest",
    "TokenCount",
    dialect="anthropic",
)
