"""Files on their way to the gateway: what callers have (paths, bytes, open files, sounds) as parts
of a multipart form, read from disk while it is sent.
"""

from __future__ import annotations

import io
import json
import mimetypes
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import IO, Any

from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of

WHAT_SOUNDS = "pass a path, bytes, an open binary file, a SpeechReply or an IPython Audio"
# What a recording begins with → the suffix by which servers tell its format.
_SIGNATURES = (
    (0, b"RIFF", "wav"), (0, b"fLaC", "flac"), (0, b"OggS", "ogg"), (0, b"ID3", "mp3"),
    (0, b"\xff\xfb", "mp3"), (0, b"\xff\xf3", "mp3"), (0, b"\xff\xf2", "mp3"),
    (4, b"ftyp", "m4a"), (0, b"\x1a\x45\xdf\xa3", "webm"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Upload:
    """One file of a form: under which field it goes, what it is called, and where it is read."""

    part: str
    filename: str
    content: bytes | IO[bytes] = field(repr=False)

    @property
    def rewindable(self) -> bool:
        """Whether it can be read again from its start."""
        return isinstance(self.content, bytes) or _can_seek(self.content)


@dataclass(frozen=True, slots=True)
class FormData:
    """A multipart form: texts, and files that are read while they are sent."""

    fields: Mapping[str, Any]
    files: Sequence[Upload]

    @property
    def rewindable(self) -> bool:
        """Whether all of it can be sent again."""
        return all(upload.rewindable for upload in self.files)

    @property
    def data(self) -> dict[str, str | list[str]]:
        """The fields as texts, as forms have them; those that are None are left out."""
        return {name: _as_text(value) for name, value in self.fields.items() if value is not None}

    @property
    def parts(self) -> list[tuple[str, tuple[str, bytes | IO[bytes], str]]]:
        """The files as the HTTP library takes them."""
        return [
            (file.part, (file.filename, file.content, _media_type(file.filename)))
            for file in self.files
        ]


@contextmanager
def opened(sound: Any) -> Iterator[Upload]:
    """A recording as an upload, closed afterwards if it was opened here.

    Raises BadInput for what is not there, is a folder, is empty, or is no recording.
    """
    if isinstance(sound, (str, Path)):
        with _open(sound) as file:
            yield Upload("file", PurePath(sound).name, file)
    elif callable(getattr(sound, "read", None)):
        yield _of_file(sound)
    else:
        yield _of_bytes(sound)


def _open(path: str | Path) -> IO[bytes]:
    if isinstance(path, str) and path.startswith(("http://", "https://")):
        raise BadInput("a link is no recording", hint="download it, and pass the file")
    place = Path(path).expanduser()
    try:
        if place.stat().st_size == 0:
            raise BadInput(f"the recording {path} is empty", hint=WHAT_SOUNDS)
        return place.open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise BadInput(f"the recording {path} cannot be read: {reason}", hint=WHAT_SOUNDS) from None


def _of_file(file: Any) -> Upload:
    name = getattr(file, "name", None)
    if isinstance(file, io.TextIOBase):
        raise BadInput("the file is open as text", hint='open it with mode "rb"')
    if getattr(file, "closed", False):
        raise BadInput("the file is closed", hint="open it, or pass its path")
    head = b""
    if _can_seek(file):
        file.seek(0)
        head = file.read(12)
        if not head:
            raise BadInput("the file is empty", hint=WHAT_SOUNDS)
        file.seek(0)
    return Upload("file", PurePath(name).name if isinstance(name, str) else named(head), file)


def _of_bytes(sound: Any) -> Upload:
    if callable(getattr(sound, "playable", None)):  # a SpeechReply
        return Upload("file", f"speech.{sound.playable()[1]}", sound.playable()[0])
    data = sound if isinstance(sound, (bytes, bytearray, memoryview)) else _data_of(sound)
    if not data:
        raise BadInput("the recording is empty", hint=WHAT_SOUNDS)
    content = bytes(data)
    return Upload("file", named(content), content)


def _data_of(sound: Any) -> bytes:
    data = getattr(sound, "data", None)  # IPython.display.Audio
    if isinstance(data, bytes):
        return data
    raise BadInput(f"{kind_of(sound)} is no recording", hint=WHAT_SOUNDS)


def named(data: bytes) -> str:
    """A file name whose suffix says what the bytes are, as far as they tell."""
    for start, signature, suffix in _SIGNATURES:
        if data[start : start + len(signature)] == signature:
            return f"audio.{suffix}"
    return "audio"


def _can_seek(file: Any) -> bool:
    seekable = getattr(file, "seekable", None)
    return bool(callable(seekable) and seekable())


def _as_text(value: Any) -> str | list[str]:
    if isinstance(value, (list, tuple)):
        return [str(item) for item in value]
    if isinstance(value, Mapping):
        return json.dumps(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _media_type(filename: str) -> str:
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"
