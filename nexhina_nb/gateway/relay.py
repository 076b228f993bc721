"""What passes through a stream: frames go on as they came, and the facts for the bill are read off.

Pure: bytes in, frames out. Only three things are ever changed in a stream that is passed on: the
model's name goes back to the one that was asked for, a usage chunk that the caller did not ask for
is taken out, and the end marker is held back until the caller of this class has settled the bill.
"""

from __future__ import annotations

from typing import Any

import orjson

from nexhina_nb.wire.sse import FrameSplitter

_DONE = b"data: [DONE]"


class StreamTap:
    """Reads one chat stream on its way through."""

    def __init__(self, model: str, *, wants_usage: bool) -> None:
        self.usage: dict[str, Any] | None = None
        self.done = False
        self.finished = False
        self.failed = False
        self._model = model
        self._wants_usage = wants_usage
        self._frames = FrameSplitter()
        self._rename: tuple[bytes, bytes] | None = None
        self._seen_first = False
        self._text: list[str] = []
        self._raw: list[bytes] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The frames to send on now. Nothing comes after the end marker, which is not among
        them.
        """
        out: list[bytes] = []
        for frame in self._frames.feed(chunk):
            if self.done:
                break
            if frame.startswith(_DONE):
                self.done = True
            elif (passed := self._pass(frame)) is not None:
                out.append(passed)
        return out

    def text(self) -> str:
        """All text that came so far, tool arguments and reasoning included, for a local count."""
        for frame in self._raw:
            payload = _payload(frame)
            for choice in (payload or {}).get("choices") or ():
                self._text += _pieces(choice.get("delta") or {})
        self._raw.clear()
        return "".join(self._text)

    def _pass(self, frame: bytes) -> bytes | None:
        if not self._seen_first and frame.startswith(b"data:"):
            self._seen_first = True
            self._learn_name(frame)
        self._raw.append(frame)
        if b'"finish_reason"' in frame and b'"finish_reason":null' not in frame:
            self.finished = True
        if b'"error"' in frame and (_payload(frame) or {}).get("error"):
            self.failed = True
        if b'"usage"' in frame and b'"usage":null' not in frame and self._is_only_usage(frame):
            return None
        return frame.replace(*self._rename, 1) if self._rename else frame

    def _is_only_usage(self, frame: bytes) -> bool:
        """Keep what the frame says of usage; True if it is a usage chunk nobody asked for."""
        payload = _payload(frame) or {}
        usage = payload.get("usage")
        if isinstance(usage, dict) and (usage.get("total_tokens") or self.usage is None):
            self.usage = usage
        return not payload.get("choices") and not self._wants_usage and bool(usage)

    def _learn_name(self, frame: bytes) -> None:
        name = (_payload(frame) or {}).get("model")
        if isinstance(name, str) and name != self._model:
            self._rename = (orjson.dumps(name), orjson.dumps(self._model))


def rename_model(body: bytes, found: object, asked: str) -> bytes:
    """A plain reply with the model's name as it was asked for."""
    if not isinstance(found, str) or found == asked:
        return body
    return body.replace(orjson.dumps(found), orjson.dumps(asked), 1)


def _payload(frame: bytes) -> dict[str, Any] | None:
    for line in frame.splitlines():
        if line.startswith(b"data:"):
            try:
                value = orjson.loads(line[5:])
            except orjson.JSONDecodeError:
                return None
            return value if isinstance(value, dict) else None
    return None


def _pieces(delta: dict[str, Any]) -> list[str]:
    found = [delta.get("content"), delta.get("reasoning_content"), delta.get("refusal")]
    for call in delta.get("tool_calls") or ():
        function = call.get("function") or {}
        found += [function.get("name"), function.get("arguments")]
    return [piece for piece in found if isinstance(piece, str)]
