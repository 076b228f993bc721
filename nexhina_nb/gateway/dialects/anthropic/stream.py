"""The chunks of a chat as the events of a message.

Blocks follow one another. Calls whose pieces interleave keep their blocks open until the end: their
events carry the block's index, and programs put them together by that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from nexhina_nb.gateway.dialects.anthropic.replies import opening, thought_of, words_of
from nexhina_nb.gateway.dialects.anthropic.requests import wants_thinking
from nexhina_nb.gateway.dialects.anthropic.usage import ending, usage_of
from nexhina_nb.gateway.dialects.base import Payload
from nexhina_nb.wire.error_forms import body_in
from nexhina_nb.wire.errors import from_body
from nexhina_nb.wire.sse import encode


@dataclass(slots=True)
class _Block:
    """A block that has begun: its index, its kind, what came of it."""

    index: int
    kind: str
    pieces: list[str] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether nothing can follow: the arguments of a call are JSON that has ended."""
        if self.kind != "tool_use":
            return True
        try:
            orjson.loads("".join(self.pieces))
        except orjson.JSONDecodeError:
            return False
        return True


class MessageStream:
    """Turns the chunks of one chat into events."""

    def __init__(self, body: Mapping[str, Any], request_id: str) -> None:
        self._body = body
        self._request_id = request_id
        self._shows_thoughts = wants_thinking(body)
        self._began = 0
        self._is_begun = False
        self._open: list[_Block] = []
        self._calls: dict[int, _Block] = {}
        self._text: list[str] = []
        self._end: dict[str, Any] = {}
        self._usage: object = None

    def feed(self, chunk: Payload) -> Iterator[bytes]:
        """The events that one chunk sets free."""
        if chunk.get("error"):
            # The status has been sent: what is left of the error is its type.
            yield _frame(body_in("anthropic", from_body(200, chunk, {})))
            return
        if not self._is_begun:
            self._is_begun = True
            yield self._message_start(chunk)
        self._usage = chunk.get("usage") or self._usage
        for choice in chunk.get("choices") or ():
            if not choice.get("index"):
                yield from self._choice(choice)

    def end(self) -> Iterator[bytes]:
        """The events that close the message."""
        if not self._is_begun:
            yield self._message_start({})
        yield from self._close(self._open)
        delta = ending(self._end, calls_tools=bool(self._calls))
        usage = usage_of(self._usage, self._body, "".join(self._text))
        yield _frame({"type": "message_delta", "delta": delta, "usage": usage})
        yield _frame({"type": "message_stop"})

    def _message_start(self, chunk: Payload) -> bytes:
        # A chat counts at its end, and the last counts are what programs keep.
        message = {
            **opening(chunk, self._body, self._request_id),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 0, "output_tokens": 0},
        }
        return _frame({"type": "message_start", "message": message})

    def _choice(self, choice: Payload) -> Iterator[bytes]:
        delta = choice.get("delta") or {}
        if self._shows_thoughts and (thought := thought_of(delta)):
            yield from self._piece("thinking", {"thinking": "", "signature": ""}, thought)
        if text := words_of(delta):
            yield from self._piece("text", {"text": ""}, text)
        for call in delta.get("tool_calls") or ():
            yield from self._call(call)
        told = ("finish_reason", "stop_reason", "matched_stop")
        self._end |= {name: choice[name] for name in told if choice.get(name) is not None}

    def _piece(self, kind: str, empty: Payload, piece: str) -> Iterator[bytes]:
        """A piece of text or thought, in a block of its own kind."""
        if not self._open or self._open[-1].kind != kind:
            yield from self._close([block for block in self._open if block.is_whole])
            yield self._start(kind, empty)
        yield self._delta(self._open[-1], piece)

    def _call(self, call: Payload) -> Iterator[bytes]:
        function = call.get("function") or {}
        place = self._place(call)
        if place not in self._calls:
            yield from self._close([block for block in self._open if block.is_whole])
            name = function.get("name") or ""
            call_id = call.get("id") or f"toolu_{self._request_id}_{place}"
            self._text.append(name)
            yield self._start("tool_use", {"id": call_id, "name": name, "input": {}})
            self._calls[place] = self._open[-1]
        block = self._calls[place]
        if (piece := function.get("arguments")) and block in self._open:
            yield self._delta(block, piece)

    def _place(self, call: Payload) -> int:
        """Which call a piece belongs to; servers that do not say send one after the other."""
        index = call.get("index")
        if isinstance(index, int):
            return index
        return len(self._calls) if call.get("id") else max(len(self._calls) - 1, 0)

    def _start(self, kind: str, empty: Payload) -> bytes:
        block = _Block(self._began, kind)
        self._began += 1
        self._open.append(block)
        content = {"type": kind, **empty}
        return _frame(
            {"type": "content_block_start", "index": block.index, "content_block": content}
        )

    def _delta(self, block: _Block, piece: str) -> bytes:
        self._text.append(piece)
        block.pieces.append(piece)
        name, key = _DELTAS[block.kind]
        delta = {"type": name, key: piece}
        return _frame({"type": "content_block_delta", "index": block.index, "delta": delta})

    def _close(self, blocks: list[_Block]) -> Iterator[bytes]:
        for block in list(blocks):
            self._open.remove(block)
            yield _frame({"type": "content_block_stop", "index": block.index})


_DELTAS = {
    "text": ("text_delta", "text"),
    "thinking": ("thinking_delta", "thinking"),
    "tool_use": ("input_json_delta", "partial_json"),
}


def _frame(event: Payload) -> bytes:
    return encode(orjson.dumps(event), event["type"])
