"""The protocol of a tap, and what every tap does with a frame."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol

import orjson

from nexhina_nb.errors import APIError
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.wire.extensions import QUOTA_COMMENT
from nexhina_nb.wire.masking import masked
from nexhina_nb.wire.sse import FrameSplitter

Payload = dict[str, Any]


class Tap(Protocol):
    """Reads one stream on its way through.

    ``done``: the end was announced. ``complete``: nothing is missing, announced or not.
    ``failed``: the upstream itself has told the caller of an error. ``usage`` and ``reply`` are
    what the stream has said of the whole: None until it did. ``mask`` is done to the text of frames
    in which the upstream tells of an error.
    """

    mask: Callable[[str], str]
    usage: Payload | None
    reply: Payload | None
    done: bool
    failed: bool

    @property
    def complete(self) -> bool: ...

    def feed(self, chunk: bytes) -> list[bytes]:
        """The frames to send on now; the end marker is not among them, and nothing after it."""
        ...

    def finish(self) -> list[bytes]:
        """What the upstream's last bytes hold, if it left out the blank line at their end."""
        ...

    def text(self) -> str:
        """All text that came so far, for a local count."""
        ...

    def closing(self, used: Tokens) -> tuple[bytes, bytes]:
        """What is told before the bill, and the end marker that follows it."""
        ...

    def fault(self, error: APIError) -> bytes:
        """A frame that tells the caller that the stream is broken."""
        ...


class FrameTap:
    """What taps have in common: bytes are cut into frames, and each passes through `_pass`."""

    def __init__(self) -> None:
        self.mask: Callable[[str], str] = masked
        self.usage: Payload | None = None
        self.reply: Payload | None = None
        self.done = self.failed = False
        self._frames = FrameSplitter()
        self._text: list[str] = []

    def feed(self, chunk: bytes) -> list[bytes]:
        """The frames to send on now; the end marker is not among them, and nothing after it."""
        passed = (self._pass(self._masked(frame)) for frame in self._frames.feed(chunk))
        return [frame for frame in passed if frame is not None]

    def finish(self) -> list[bytes]:
        """What the upstream's last bytes hold, if it left out the blank line at their end."""
        rest = self._frames.rest()
        return self.feed(rest + b"\n\n") if rest.strip() else []

    def text(self) -> str:
        """All text that came so far, tool arguments and reasoning included, for a local count."""
        return "".join(self._text)

    def _masked(self, frame: bytes) -> bytes:
        """The frame; without secrets if it tells of an error."""
        if b'"error"' not in frame or not _tells_of_error(payload_of(data_of(frame))):
            return frame
        text = frame.decode("utf-8", "surrogateescape")
        return self.mask(text).encode("utf-8", "surrogateescape")

    def _pass(self, frame: bytes) -> bytes | None:
        """The frame to send on for one that came, if any."""
        raise NotImplementedError


def data_of(frame: bytes) -> bytes | None:
    """The data of a frame; None if it has none (a comment, an event's name alone)."""
    lines = [line[5:].removeprefix(b" ") for line in frame.splitlines() if line[:5] == b"data:"]
    return b"\n".join(lines) if lines else None


def payload_of(data: bytes | None) -> Payload | None:
    """The JSON object that a frame carries, if it carries one."""
    try:
        value = None if data is None else orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _tells_of_error(payload: Payload | None) -> bool:
    if payload is None:
        return False
    inner = payload.get("response")  # a response that failed
    is_inner = isinstance(inner, dict) and bool(inner.get("error"))
    return is_inner or bool(payload.get("error")) or payload.get("type") == "error"


def with_payload(frame: bytes, payload: Payload) -> bytes:
    """The frame with other data; its event, id and comments stay."""
    others = [line for line in frame.splitlines() if line and not line.startswith(b"data:")]
    return b"\n".join([*others, b"data: " + orjson.dumps(payload)]) + b"\n\n"


def is_quota_comment(frame: bytes) -> bool:
    """Whether an upstream says what it billed: only this gateway may, to its own callers."""
    return any(
        line.startswith(b":") and line[1:].strip().startswith(QUOTA_COMMENT.encode())
        for line in frame.splitlines()
    )


def objects(value: object) -> Iterator[Payload]:
    """The objects in what should be a list of them."""
    return (item for item in (value if isinstance(value, list) else ()) if isinstance(item, dict))
