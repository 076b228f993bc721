"""Output items in the making: what each event of a stream says of them (contract 2.5).

An item gives events without what places them: the number, the index and the item's id are added by
whoever sends them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Protocol

Payload = dict[str, Any]
Events = Iterator[Payload]

IN_PROGRESS, COMPLETED, INCOMPLETE = "in_progress", "completed", "incomplete"
FUNCTION_CALL, CUSTOM_CALL = "function_call", "custom_tool_call"


class Item(Protocol):
    """One item of the output: opened once, added to, closed once."""

    id: str

    def opened(self) -> Events: ...

    def closed(self, status: str) -> Events: ...

    def whole(self, status: str) -> Payload: ...


class Reasoning:
    """What the model thought; chat tells it as one text."""

    kind = "reasoning"

    def __init__(self, id: str) -> None:
        self.id = id
        self._text: list[str] = []

    def opened(self) -> Events:
        yield {"type": "response.output_item.added", "item": self._item([])}
        yield self._event("part.added", part=_summary(""))

    def add(self, text: str) -> Events:
        self._text.append(text)
        yield self._event("text.delta", delta=text)

    def closed(self, status: str) -> Events:
        text = "".join(self._text)
        yield self._event("text.done", text=text)
        yield self._event("part.done", part=_summary(text))
        yield {"type": "response.output_item.done", "item": self.whole(status)}

    def whole(self, status: str) -> Payload:
        return self._item([_summary("".join(self._text))])

    def _item(self, summary: list[Payload]) -> Payload:
        return {"id": self.id, "type": "reasoning", "summary": summary}

    def _event(self, name: str, **fields: Any) -> Payload:
        return {"type": f"response.reasoning_summary_{name}", "summary_index": 0, **fields}


class Message:
    """What the model said: parts of text, and refusals."""

    kind = "message"

    def __init__(self, id: str) -> None:
        self.id = id
        self._parts: list[_Text | _Refusal] = []

    def opened(self) -> Events:
        item = self._item(IN_PROGRESS, [])
        yield {"type": "response.output_item.added", "item": item}

    def say(self, text: str, logprobs: Iterable[Payload] = ()) -> Events:
        """Add to the text."""
        yield from self._switch(_Text)
        last = self._parts[-1]
        assert isinstance(last, _Text)
        yield last.add(text, list(logprobs))

    def refuse(self, text: str) -> Events:
        """Add to a refusal."""
        yield from self._switch(_Refusal)
        last = self._parts[-1]
        assert isinstance(last, _Refusal)
        yield last.add(text)

    def annotate(self, annotation: Payload) -> Events:
        """Name a place that the text quotes."""
        yield from self._switch(_Text)
        last = self._parts[-1]
        assert isinstance(last, _Text)
        yield last.annotate(annotation)

    def closed(self, status: str) -> Events:
        yield from self._end_part()
        yield {"type": "response.output_item.done", "item": self.whole(status)}

    def whole(self, status: str) -> Payload:
        return self._item(status, [part.whole() for part in self._parts])

    def _switch(self, kind: type[_Text | _Refusal]) -> Events:
        if self._parts and isinstance(self._parts[-1], kind):
            return
        yield from self._end_part()
        self._parts.append(kind(len(self._parts)))
        yield self._parts[-1].event("response.content_part.added", part=self._parts[-1].whole())

    def _end_part(self) -> Events:
        if self._parts:
            part = self._parts[-1]
            yield part.done()
            yield part.event("response.content_part.done", part=part.whole())

    def _item(self, status: str, content: list[Payload]) -> Payload:
        return {
            "id": self.id, "type": "message", "role": "assistant", "status": status,
            "content": content,
        }  # fmt: skip


class _Part:
    """A part of a message; ``place`` is its content index."""

    def __init__(self, place: int) -> None:
        self._place = place
        self._pieces: list[str] = []

    def event(self, kind: str, **fields: Any) -> Payload:
        return {"type": kind, "content_index": self._place, **fields}

    def _so_far(self) -> str:
        return "".join(self._pieces)


class _Text(_Part):
    def __init__(self, place: int) -> None:
        super().__init__(place)
        self._logprobs: list[Payload] = []
        self._annotations: list[Payload] = []

    def add(self, text: str, logprobs: list[Payload]) -> Payload:
        self._pieces.append(text)
        self._logprobs += logprobs
        return self.event("response.output_text.delta", delta=text, logprobs=logprobs)

    def annotate(self, annotation: Payload) -> Payload:
        self._annotations.append(annotation)
        return self.event(
            "response.output_text.annotation.added",
            annotation=annotation,
            annotation_index=len(self._annotations) - 1,
        )

    def done(self) -> Payload:
        text, logprobs = self._so_far(), list(self._logprobs)
        return self.event("response.output_text.done", text=text, logprobs=logprobs)

    def whole(self) -> Payload:
        return {
            "type": "output_text", "text": self._so_far(), "annotations": list(self._annotations),
            "logprobs": list(self._logprobs),
        }  # fmt: skip


class _Refusal(_Part):
    def add(self, text: str) -> Payload:
        self._pieces.append(text)
        return self.event("response.refusal.delta", delta=text)

    def done(self) -> Payload:
        return self.event("response.refusal.done", refusal=self._so_far())

    def whole(self) -> Payload:
        return {"type": "refusal", "refusal": self._so_far()}


class ToolCall:
    """A function, or a custom tool, that the model wants called."""

    def __init__(self, id: str, call_id: str, kind: str, name: str) -> None:
        self.id = id
        self._call_id = call_id
        self._name = name
        self._kind = kind
        self._field = "arguments" if kind == FUNCTION_CALL else "input"
        self._events = f"{kind}_{self._field}"
        self._pieces: list[str] = []

    def opened(self) -> Events:
        yield {"type": "response.output_item.added", "item": self.whole(IN_PROGRESS)}

    def add(self, tool: Mapping[str, Any]) -> Events:
        """Add to what the tool is called with; servers repeat the name, or tell it late."""
        self._name = self._name or str(tool.get("name") or "")
        piece = tool.get(self._field)
        if isinstance(piece, str) and piece:
            self._pieces.append(piece)
            yield {"type": f"response.{self._events}.delta", "delta": piece}

    def closed(self, status: str) -> Events:
        said = {self._field: "".join(self._pieces)}
        yield {"type": f"response.{self._events}.done", **said}
        yield {"type": "response.output_item.done", "item": self.whole(status)}

    def whole(self, status: str) -> Payload:
        return {
            "id": self.id, "type": self._kind, "status": status, "call_id": self._call_id,
            "name": self._name, self._field: "".join(self._pieces),
        }  # fmt: skip


def _summary(text: str) -> Payload:
    return {"type": "summary_text", "text": text}
