"""From the chunks of a chat to the events of a response, in the order of contract 2.5.

What was thought and what was said follow one another: where the one begins, the other ends. Calls
of tools may interleave, so they stay open until the chat ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial
from typing import Any, TypeVar

import orjson

from nexhina_nb.gateway.dialects.responses.calls import Calls
from nexhina_nb.gateway.dialects.responses.ids import output_id
from nexhina_nb.gateway.dialects.responses.objects import ended, new_response, usage_of
from nexhina_nb.gateway.dialects.responses.output import (
    COMPLETED,
    CUSTOM_CALL,
    FUNCTION_CALL,
    INCOMPLETE,
    Events,
    Item,
    Message,
    Payload,
    Reasoning,
    ToolCall,
)
from nexhina_nb.wire.faults import read_fault
from nexhina_nb.wire.sse import encode

Spoken = TypeVar("Spoken", Reasoning, Message)


class Translator:
    """One response in the making. Only the first choice of a chat is read: there are no others."""

    def __init__(self, body: Mapping[str, Any], request_id: str) -> None:
        self.response = new_response(body, request_id, int(time.time()))
        self._request_id = request_id
        self._number = 0
        self._items: list[Item] = []
        self._statuses: dict[str, str] = {}
        self._calls = Calls()
        self._current: Item | None = None
        self._finish: str | None = None
        self._is_broken = False

    def feed(self, chunk: Payload) -> Iterator[bytes]:
        """The frames that one chunk sets free."""
        return (_frame(event) for event in self.events(chunk))

    def end(self) -> Iterator[bytes]:
        """The frames that close the stream; none after an error."""
        return (_frame(event) for event in self.last_events())

    def events(self, chunk: Payload) -> Events:
        """The events that one chunk sets free."""
        if chunk.get("error"):
            yield self._fault(chunk)
            return
        if not self._number:
            yield from self._begin(chunk)
        self.response["usage"] = usage_of(chunk.get("usage")) or self.response["usage"]
        for choice in _objects(chunk.get("choices")):
            if not choice.get("index"):
                self._finish = _text(choice.get("finish_reason")) or self._finish
                yield from self._delta(choice)

    def last_events(self) -> Events:
        """The events that close the stream."""
        if self._is_broken:
            return
        if not self._number:
            yield from self._begin({})
        response = ended(self.response, self._finish, [], int(time.time()))
        left = [item for item in self._items if item.id not in self._statuses]
        for item in left:
            # What came last is what was cut off.
            status = response["status"] if item is self._items[-1] else COMPLETED
            yield from self._close(item, INCOMPLETE if status == INCOMPLETE else COMPLETED)
        response["output"] = [item.whole(self._statuses[item.id]) for item in self._items]
        self.response = response
        yield self._event({"type": f"response.{response['status']}", "response": response})

    def _begin(self, chunk: Payload) -> Events:
        if isinstance(chunk.get("created"), int):
            self.response["created_at"] = chunk["created"]
        if chunk.get("service_tier"):
            self.response["service_tier"] = chunk["service_tier"]
        for kind in ("created", "in_progress"):
            yield self._event({"type": f"response.{kind}", "response": dict(self.response)})

    def _delta(self, choice: Payload) -> Events:
        delta = choice.get("delta")
        if not isinstance(delta, dict):
            return
        if thought := _text(delta.get("reasoning_content")) or _text(delta.get("reasoning")):
            reasoning = yield from self._speak(Reasoning)
            yield from self._placed(reasoning, reasoning.add(thought))
        if said := list(_said(delta, choice.get("logprobs"))):
            message = yield from self._speak(Message)
            for add in said:
                yield from self._placed(message, add(message))
        for index, piece in self._calls.placed(_objects(delta.get("tool_calls"))):
            yield from self._call(index, piece)

    def _speak(self, kind: type[Spoken]) -> Generator[Payload, None, Spoken]:
        if isinstance(self._current, kind):
            return self._current
        yield from self._fall_silent()
        spoken = self._current = kind(output_id(kind.kind, self._request_id, len(self._items)))
        yield from self._open(spoken)
        return spoken

    def _fall_silent(self) -> Events:
        if self._current is not None:
            yield from self._close(self._current, COMPLETED)
            self._current = None

    def _call(self, index: int, piece: Payload) -> Events:
        is_custom = isinstance(piece.get("custom"), dict)
        told = piece.get("custom") if is_custom else piece.get("function")
        tool: Payload = told if isinstance(told, dict) else {}
        if (call := self._calls.get(index)) is None:
            yield from self._fall_silent()
            place = len(self._items)
            kind = CUSTOM_CALL if is_custom else FUNCTION_CALL
            call_id = piece.get("id") or f"call_{self._request_id}{place}"
            name = str(tool.get("name") or "")
            call = ToolCall(output_id(kind, self._request_id, place), str(call_id), kind, name)
            self._calls.add(index, call)
            yield from self._open(call)
        yield from self._placed(call, call.add(tool))

    def _open(self, item: Item) -> Events:
        self._items.append(item)
        yield from self._placed(item, item.opened())

    def _close(self, item: Item, status: str) -> Events:
        self._statuses[item.id] = status
        yield from self._placed(item, item.closed(status))

    def _placed(self, item: Item, events: Events) -> Events:
        where: Payload = {"output_index": self._items.index(item)}
        for event in events:
            of = {} if "item" in event else {"item_id": item.id}
            yield self._event(event | where | of)

    def _fault(self, chunk: Payload) -> Payload:
        self._is_broken = True
        fault = read_fault(chunk)
        told = {"code": fault.code or fault.type, "message": fault.message, "param": fault.param}
        return self._event({"type": "error", **told})

    def _event(self, event: Payload) -> Payload:
        self._number += 1
        return {"type": event["type"], "sequence_number": self._number - 1} | event


def whole_reply(chat: Payload, body: Mapping[str, Any], request_id: str) -> Payload:
    """The response that a whole chat reply amounts to: the end of the stream that it would be."""
    choices = [
        choice | {"delta": choice.get("message")} for choice in _objects(chat.get("choices"))
    ]
    translator = Translator(body, request_id)
    for _ in translator.events(chat | {"choices": choices}):
        pass
    for _ in translator.last_events():
        pass
    return translator.response


def _said(delta: Payload, logprobs: object) -> Iterator[Callable[[Message], Events]]:
    """What a delta adds to the message."""
    content = logprobs.get("content") if isinstance(logprobs, dict) else None
    known = list(_objects(content))
    if (text := _text(delta.get("content"))) or known:
        yield lambda message: message.say(text, known)
    for annotation in _objects(delta.get("annotations")):
        yield partial(Message.annotate, annotation=_flat(annotation))
    if refusal := _text(delta.get("refusal")):
        yield lambda message: message.refuse(refusal)


def _flat(annotation: Payload) -> Payload:
    """Chat keeps the fields of an annotation one level lower."""
    kind = annotation.get("type")
    inner = annotation.get(kind) if isinstance(kind, str) else None
    return {"type": kind, **inner} if isinstance(inner, dict) else annotation


def _frame(event: Payload) -> bytes:
    return encode(orjson.dumps(event), event["type"])


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _objects(value: object) -> list[Payload]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
