"""What passes through a stream: frames go on as they came, and the facts for the bill are read off.

Pure: bytes in, frames out. A frame is changed only where the contract says so: the model's name is
the one that was asked for, usage that the caller did not ask for is taken out, and the end marker
is held back until the caller of this class has settled the bill. What a server sends is never
trusted to have the right shape: a piece that cannot be read passes as it is and counts for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

from nexhina_nb.wire.extensions import QUOTA_COMMENT
from nexhina_nb.wire.sse import DONE, FrameSplitter, encode


class StreamTap:
    """Reads one chat stream on its way through."""

    def __init__(self, model: str, *, wants_usage: bool) -> None:
        self.usage: dict[str, Any] | None = None
        self.done = False
        self.failed = False
        self._model = model
        self._wants_usage = wants_usage
        self._frames = FrameSplitter()
        self._head: dict[str, Any] = {}
        self._text: list[str] = []
        self._seen: set[int] = set()
        self._finished: set[int] = set()

    @property
    def complete(self) -> bool:
        """Whether every choice that began has ended, or the end was announced."""
        return self.done or bool(self._seen and self._seen == self._finished)

    def feed(self, chunk: bytes) -> list[bytes]:
        """The frames to send on now; the end marker is not among them, and nothing after it."""
        passed = (self._pass(frame) for frame in self._frames.feed(chunk))
        return [frame for frame in passed if frame is not None]

    def finish(self) -> list[bytes]:
        """What the upstream's last bytes hold, if it left out the blank line at their end."""
        rest = self._frames.rest()
        return self.feed(rest + b"\n\n") if rest.strip() else []

    def text(self) -> str:
        """All text that came so far, tool arguments and reasoning included, for a local count."""
        return "".join(self._text)

    def usage_frame(self, usage: dict[str, Any]) -> bytes:
        """The chunk that tells a caller the usage, for an upstream that did not."""
        return encode(orjson.dumps(self._head | {"choices": [], "usage": usage}))

    def _pass(self, frame: bytes) -> bytes | None:
        data = _data(frame)
        if self.done or (data is None and _is_quota_comment(frame)):
            return None
        if data is not None and data.strip() == b"[DONE]":
            self.done = True
            return None
        payload = _object(data)
        if payload is None:
            return frame
        self.failed = self.failed or bool(payload.get("error"))
        self._read(payload)
        return self._changed(frame, payload)

    def _read(self, payload: dict[str, Any]) -> None:
        for choice in _objects(payload.get("choices")):
            index = choice.get("index")
            place = index if isinstance(index, int) else 0
            self._seen.add(place)
            if choice.get("finish_reason"):
                self._finished.add(place)
            self._text += _pieces(choice.get("delta"))
        usage = payload.get("usage")
        if isinstance(usage, dict) and (usage.get("total_tokens") or self.usage is None):
            self.usage = usage
        if not self._head:
            known = {name: payload.get(name) for name in ("id", "object", "created")}
            self._head = known | {"model": self._model}

    def _changed(self, frame: bytes, payload: dict[str, Any]) -> bytes | None:
        name = payload.get("model")
        is_renamed = isinstance(name, str) and bool(name) and name != self._model
        if is_renamed:
            payload["model"] = self._model
        is_stripped = "usage" in payload and not self._wants_usage
        if is_stripped and payload.pop("usage") and not payload.get("choices"):
            return None
        return _with_data(frame, payload) if is_renamed or is_stripped else frame


def renamed(payload: dict[str, Any], content: bytes, asked: str) -> bytes:
    """A plain reply under the model's name that was asked for; untouched if that is its name."""
    name = payload.get("model")
    if not isinstance(name, str) or name == asked:
        return content
    return orjson.dumps(payload | {"model": asked})


def as_stream(payload: dict[str, Any]) -> bytes:
    """A whole answer as the stream that was asked for, from an upstream that cannot stream."""
    head = {name: payload.get(name) for name in ("id", "created", "model")}
    head["object"] = "chat.completion.chunk"
    frames = []
    for choice in _objects(payload.get("choices")):
        message = choice.get("message")
        delta = dict(message) if isinstance(message, dict) else {}
        calls = list(_objects(delta.get("tool_calls")))
        if calls:
            delta["tool_calls"] = [{"index": place} | call for place, call in enumerate(calls)]
        index = {"index": choice.get("index", 0)}
        reason = choice.get("finish_reason") or "stop"
        ends: list[dict[str, Any]] = [
            {"delta": delta, "finish_reason": None},
            {"delta": {}, "finish_reason": reason},
        ]
        frames += [encode(orjson.dumps(head | {"choices": [index | end]})) for end in ends]
    if isinstance(payload.get("usage"), dict):
        frames.append(encode(orjson.dumps(head | {"choices": [], "usage": payload["usage"]})))
    return b"".join(frames) + DONE


def _data(frame: bytes) -> bytes | None:
    """The data of a frame; None if it has none (a comment, an event's name alone)."""
    lines = [_value(line) for line in frame.splitlines() if line.startswith(b"data:")]
    return b"\n".join(lines) if lines else None


def _value(line: bytes) -> bytes:
    return line[5:].removeprefix(b" ")


def _with_data(frame: bytes, payload: dict[str, Any]) -> bytes:
    others = [line for line in frame.splitlines() if line and not line.startswith(b"data:")]
    return b"\n".join([*others, b"data: " + orjson.dumps(payload)]) + b"\n\n"


def _is_quota_comment(frame: bytes) -> bool:
    # Only this gateway says what it billed; an upstream that is one of its kind has its own books.
    return any(
        line.startswith(b":") and line[1:].strip().startswith(QUOTA_COMMENT.encode())
        for line in frame.splitlines()
    )


def _object(data: bytes | None) -> dict[str, Any] | None:
    try:
        value = None if data is None else orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _objects(value: object) -> Iterator[dict[str, Any]]:
    return (item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict))


def _pieces(delta: object) -> Iterator[str]:
    if not isinstance(delta, dict):
        return
    found = [delta.get("content"), delta.get("reasoning_content"), delta.get("refusal")]
    for call in _objects(delta.get("tool_calls")):
        function = call.get("function")
        if isinstance(function, dict):
            found += [function.get("name"), function.get("arguments")]
    yield from (piece for piece in found if isinstance(piece, str))
