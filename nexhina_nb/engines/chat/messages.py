"""One message as plain values: its text, what its pictures show, what its sounds say."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexhina_nb.engines.chat import senses
from nexhina_nb.wire import AudioPart, ChatMessage, ImagePart

if TYPE_CHECKING:
    from nexhina_nb.engines.vision import Look

MOST_READ = 150_000  # characters of one message; a full context is shorter in every common script
_LONG_BLANK = re.compile(r"\s{41,}")  # nobody reads them, and patterns are slow over them
_KINDS = {"image_url": "image", "video_url": "video", "file": "file"}


@dataclass(frozen=True, slots=True)
class Message:
    """``written`` and ``heard`` are its texts and the words of its sounds; ``calls`` are the tools
    that it called, as id and name. ``unread`` are the kinds of its parts that nobody can read,
    ``is_unheard`` tells that a sound held no word that was understood.
    """

    role: str
    written: str
    name: str = ""
    answers: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    pictures: tuple[Look, ...] = ()
    heard: str = ""
    unread: tuple[str, ...] = ()
    is_unheard: bool = False

    @property
    def text(self) -> str:
        """What is written and what is said."""
        return joined(self.written, self.heard)


def joined(written: str, heard: str) -> str:
    """One text; beside a written one the spoken one is its material."""
    return f"{written}\nText: {heard}" if written.strip() and heard else written or heard


def read_all(messages: Sequence[ChatMessage]) -> list[Message]:
    """Every message, looked at and listened to. Raises BadRequest for broken parts."""
    return [_read(message, f"messages.{place}") for place, message in enumerate(messages)]


def _read(message: ChatMessage, param: str) -> Message:
    pictures: list[Look] = []
    heard: list[str] = []
    unread: list[str] = []
    for place, part in enumerate(message.content if isinstance(message.content, list) else ()):
        where = f"{param}.content.{place}.{part.type}"
        kind = _KINDS.get(part.type, "")
        if isinstance(part, AudioPart):
            heard.append(senses.hear(part.input_audio.data, where))
        elif isinstance(part, ImagePart) and (seen := senses.see(part.url, where)):
            pictures.append(seen)
        elif kind and kind not in unread:
            unread.append(kind)
    said = "\n".join(filter(None, heard))
    calls = ((call.id, call.function.name) for call in message.tool_calls or () if call.function)
    return Message(
        role="tool" if message.role == "function" else message.role,
        written=_written(message),
        name=message.name or "",
        answers=message.tool_call_id or "",
        calls=tuple(calls),
        pictures=tuple(pictures),
        heard=said,
        unread=tuple(unread),
        is_unheard="" in heard,
    )


def _written(message: ChatMessage) -> str:
    text = message.text or (message.audio and message.audio.transcript) or ""
    # half a surrogate pair cannot be written as UTF-8, and NUL has no place in a text
    text = text[:MOST_READ].replace("\r\n", "\n").replace("\0", "")
    return _LONG_BLANK.sub(lambda run: run[0][:40], text.encode("utf-8", "replace").decode("utf-8"))
