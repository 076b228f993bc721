"""Putting the chunks of a chat stream together again (contract 4).

Pieces are merged by the index of their choice, pieces of tool calls by the index of the call, for
they may interleave. The work is linear: texts are collected in lists and joined once, in
`ChatAccumulator.response`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexhina_nb.wire.chat import ChatCompletionChunk, ChatCompletionResponse

_MESSAGE_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")
_MESSAGE_OBJECTS = {"audio": ("data", "transcript"), "function_call": ("arguments",)}
_CALL_OBJECTS = {"function": ("arguments",), "custom": ("input",)}
_NOT_OF_THE_ANSWER = ("choices", "object", "usage", "obfuscation")
_NOT_OF_THE_CHOICE = ("index", "delta", "finish_reason")


class ChatAccumulator:
    """Takes chunks as they come; `response` is the answer that they make up so far."""

    def __init__(self) -> None:
        self._head = _Pieces()
        self._choices: dict[int, _Choice] = {}
        self._usage: dict[str, Any] | None = None

    def add(self, chunk: ChatCompletionChunk | Mapping[str, Any]) -> None:
        """Take one chunk; a dict may be as odd as servers send it."""
        data = chunk.dump() if isinstance(chunk, ChatCompletionChunk) else chunk
        self._head.add(_without(data, _NOT_OF_THE_ANSWER))
        for piece in _objects(data.get("choices")):
            index = piece.get("index")
            self._choices.setdefault(index if isinstance(index, int) else 0, _Choice()).add(piece)
        usage = data.get("usage")
        # Some servers send a usage with every chunk, and zeros in the last one.
        if isinstance(usage, Mapping) and (_total(usage) or self._usage is None):
            self._usage = dict(usage)

    @property
    def text(self) -> str:
        """The text of the first choice so far."""
        return self._choices[min(self._choices)].message.text("content") if self._choices else ""

    @property
    def finished(self) -> bool:
        """Whether every choice that was begun has said why it ended."""
        return bool(self._choices) and all(c.finish_reason for c in self._choices.values())

    def response(self) -> ChatCompletionResponse:
        """The answer so far; ``finish_reason`` is None where a choice has not ended."""
        choices = [
            {"index": index, **self._choices[index].whole()} for index in sorted(self._choices)
        ]
        usage = {} if self._usage is None else {"usage": self._usage}
        return ChatCompletionResponse.read({**self._head.whole(), "choices": choices, **usage})


class _Pieces:
    """An object that comes in pieces.

    The texts named in ``joined`` are put together, and so are lists; ``nested`` names objects
    within, with their own joined texts. Of everything else the first value that says something
    stays: servers repeat ids and names.
    """

    def __init__(
        self, joined: tuple[str, ...] = (), nested: Mapping[str, tuple[str, ...]] | None = None
    ) -> None:
        self._texts: dict[str, list[str]] = {}
        self._joined = joined
        self._inner: dict[str, _Pieces] = {}
        self._nested = nested or {}
        self._rest: dict[str, Any] = {}

    def add(self, piece: Mapping[str, Any]) -> None:
        for name, value in piece.items():
            if isinstance(value, str) and name in self._joined:
                self._texts.setdefault(name, []).append(value)
            elif isinstance(value, Mapping) and name in self._nested:
                self._inner.setdefault(name, _Pieces(self._nested[name])).add(value)
            elif isinstance(value, list) and isinstance(self._rest.get(name), list):
                self._rest[name].extend(value)
            elif self._rest.get(name) in (None, "", 0):
                self._rest[name] = list(value) if isinstance(value, list) else value

    def text(self, name: str) -> str:
        return "".join(self._texts.get(name, ()))

    def inner(self, name: str) -> dict[str, Any]:
        return self._inner[name].whole() if name in self._inner else {}

    def get(self, name: str) -> Any:
        return self._rest.get(name)

    def whole(self) -> dict[str, Any]:
        inner = {name: pieces.whole() for name, pieces in self._inner.items()}
        return {**self._rest, **inner, **{name: self.text(name) for name in self._texts}}


class _Choice:
    """One answer in the making."""

    def __init__(self) -> None:
        self.message = _Pieces(_MESSAGE_TEXTS, _MESSAGE_OBJECTS)
        self.finish_reason: str | None = None
        self._calls = _Calls()
        self._more = _Pieces(nested={"logprobs": ()})

    def add(self, piece: Mapping[str, Any]) -> None:
        delta = piece.get("delta")
        if isinstance(delta, Mapping):
            self._calls.add(_objects(delta.get("tool_calls")))
            self.message.add(_without(delta, ("tool_calls",)))
        self.finish_reason = piece.get("finish_reason") or self.finish_reason
        self._more.add(_without(piece, _NOT_OF_THE_CHOICE))

    def whole(self) -> dict[str, Any]:
        message = {"role": "assistant", "content": None, **self.message.whole()}
        message["role"] = message["role"] or "assistant"
        if calls := self._calls.whole():
            message["tool_calls"] = calls
        return {"message": message, "finish_reason": self.finish_reason, **self._more.whole()}


class _Calls:
    """The tool calls of one answer, by index."""

    def __init__(self) -> None:
        self._calls: dict[int, _Pieces] = {}
        self._latest = -1

    def add(self, pieces: list[Mapping[str, Any]]) -> None:
        """Take the pieces of one delta."""
        taken: set[int] = set()
        for piece in pieces:
            given = piece.get("index")
            index = given if isinstance(given, int) else self._place(piece, taken)
            self._calls.setdefault(index, _Pieces(nested=_CALL_OBJECTS)).add(
                _without(piece, ("index",))
            )
            self._latest = index
            taken.add(index)

    def _place(self, piece: Mapping[str, Any], taken: set[int]) -> int:
        """The index of a piece that came without one: its id tells, or it goes on with the last."""
        following = max(self._calls, default=-1) + 1
        if wanted := piece.get("id"):
            known = (index for index, call in self._calls.items() if call.get("id") == wanted)
            return next(known, following)
        function = piece.get("function")
        name = function.get("name") if isinstance(function, Mapping) else None
        # Two pieces of one delta are two calls, and so are two names.
        if self._latest < 0 or self._latest in taken:
            return following
        running = self._calls[self._latest].inner("function").get("name")
        return following if name and name != running else self._latest

    def whole(self) -> list[dict[str, Any]]:
        return [{"type": "function", **self._calls[index].whole()} for index in sorted(self._calls)]


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _without(data: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def _total(usage: Mapping[str, Any]) -> int:
    names = ("total_tokens", "prompt_tokens", "completion_tokens", "input_tokens", "output_tokens")
    return max((usage[name] for name in names if isinstance(usage.get(name), int)), default=0)
