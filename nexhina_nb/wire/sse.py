"""Server-sent events: writing frames, reading events, cutting a byte stream into frames (contract
4).

Everything here is pure and incremental: bytes go in as they come from a socket, in pieces of any
size, and the work is linear in their number also for one huge line that comes in tiny pieces.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from nexhina_nb.errors import BadInput, Upstream

MAX_SIZE = 128 << 20  # of one frame; contract 4, "line buffer"
DONE = b"data: [DONE]\n\n"

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``id`` is the stream's latest; ``cut`` says that the stream ended inside of it."""

    data: str
    event: str | None = None
    id: str | None = None
    retry: int | None = None
    cut: bool = False

    @property
    def done(self) -> bool:
        """Whether this is the end marker of a chat stream."""
        return self.data.strip() == "[DONE]"


@dataclass(frozen=True, slots=True)
class Comment:
    """A line that starts with ":"; a sign of life, or the price that the gateway billed."""

    text: str


def encode(data: bytes | str, event: str | None = None) -> bytes:
    """One frame, with a `data:` for every line. Raises BadInput if ``event`` has several lines."""
    raw = data.encode() if isinstance(data, str) else data
    head = b""
    if event is not None:
        head = b"event: " + event.encode() + b"\n"
        if _LINE_END.search(head[:-1]):
            raise BadInput("the name of an event must be on one line")
    return head + _prefixed(b"data: ", raw) + b"\n"


def comment(text: str) -> bytes:
    """A comment frame, which readers of events skip."""
    return _prefixed(b": ", text.encode()) + b"\n"


def _prefixed(prefix: bytes, raw: bytes) -> bytes:
    return b"".join(prefix + line + b"\n" for line in _LINE_END.split(raw))


class Decoder:
    """Reads events and comments from bytes, by the rules of the HTML standard.

    An event is given out as soon as its blank line is there. ``max_size`` bounds what one event may
    hold; more raises `Upstream` (code bad_response_body).
    """

    def __init__(self, max_size: int = MAX_SIZE) -> None:
        self._max_size = max_size
        self._line = bytearray()
        self._after_cr = False
        self._at_start = True
        self._data: list[str] = []
        self._size = 0
        self._name = ""
        self._id: str | None = None
        self._retry: int | None = None

    def feed(self, data: bytes) -> list[Event | Comment]:
        """What became complete with these bytes."""
        if not data:
            return []
        if self._after_cr and data[:1] == b"\n":
            data = data[1:]  # the second half of a CRLF that fell between two pieces
            self._after_cr = False
        if data:
            self._after_cr = data.endswith(b"\r")
        out: list[Event | Comment] = []
        for line in data.splitlines(keepends=True):
            self._line += line
            self._check_size(len(self._line))
            if line.endswith((b"\n", b"\r")):
                self._end_line(out)
        return out

    def finish(self) -> list[Event | Comment]:
        """What is left at the end; an event that lacks its blank line is marked ``cut``."""
        out: list[Event | Comment] = []
        if self._line:
            self._end_line(out)
        if self._data:
            out.append(self._event(cut=True))
        self._clear()
        return out

    def _end_line(self, out: list[Event | Comment]) -> None:
        raw = bytes(self._line).rstrip(b"\r\n")  # a line holds no other line ends than its own
        self._line.clear()
        if self._at_start:
            self._at_start = False
            raw = raw.removeprefix(_BOM)
        line = raw.decode("utf-8", "replace")
        if line.startswith(":"):
            out.append(Comment(line[1:].removeprefix(" ")))
        elif line:
            self._take_field(line)
        else:
            if self._data:
                out.append(self._event())
            self._clear()

    def _take_field(self, line: str) -> None:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "data":
                self._size += len(line)
                self._check_size(self._size)
                self._data.append(value)
            case "event":
                self._name = value
            case "id" if "\0" not in value:
                self._id = value
            case "retry" if value.isascii() and value.isdecimal():
                self._retry = int(value[:18])  # more digits are no time

    def _event(self, cut: bool = False) -> Event:
        return Event("\n".join(self._data), self._name or None, self._id, self._retry, cut)

    def _clear(self) -> None:
        self._data.clear()
        self._size = 0
        self._name = ""
        self._retry = None

    def _check_size(self, size: int) -> None:
        if size > self._max_size:
            raise _too_large(self._max_size)


class FrameSplitter:
    """Cuts a byte stream into frames, each with the blank line that ends it; not a byte is changed.

    The frames and `rest` put together are the input again, and where the frames are cut does not
    depend on how the bytes were split. A frame over ``max_size`` raises `Upstream` (code
    bad_response_body).
    """

    def __init__(self, max_size: int = MAX_SIZE) -> None:
        self._max_size = max_size
        self._frame = bytearray()
        self._in_line = False
        self._held = b""

    def feed(self, data: bytes) -> list[bytes]:
        """The frames that became complete with these bytes."""
        data = self._held + data
        # Whether a CR is a line end of its own or half of a CRLF shows only with the next byte.
        self._held = b"\r" if data.endswith(b"\r") else b""
        frames: list[bytes] = []
        for line in data.removesuffix(self._held).splitlines(keepends=True):
            self._frame += line
            if len(self._frame) > self._max_size:
                raise _too_large(self._max_size)
            ended = line.endswith((b"\n", b"\r"))
            if ended and not self._in_line and len(line.strip(b"\r\n")) == 0:
                frames.append(bytes(self._frame))
                self._frame.clear()
            self._in_line = not ended
        return frames

    def rest(self) -> bytes:
        """The bytes after the last whole frame; to be asked for once, at the end of the stream."""
        left = bytes(self._frame) + self._held
        self._frame.clear()
        self._held = b""
        return left


def _too_large(limit: int) -> Upstream:
    return Upstream(
        f"the server sent one event of more than {limit >> 20} MiB", code="bad_response_body"
    )
