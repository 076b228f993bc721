"""Recordings as they are named in a line: files and variables, checked before anything is sent."""

from __future__ import annotations

import mimetypes
import tempfile
from pathlib import Path
from typing import Any

from nexhina_nb.client import SpeechReply
from nexhina_nb.client.images import media_type
from nexhina_nb.client.uploads import named
from nexhina_nb.engines import sound
from nexhina_nb.errors import BadInput, NexhinaError
from nexhina_nb.magics.commands.inputs import given
from nexhina_nb.magics.names import Names
from nexhina_nb.magics.nearest import nearest

_HEAD = 512  # bytes that tell what a file is
_UNNAMED = named(b"")  # what bytes are called that no format of sound begins with


def find(names: Names, word: str) -> Any:
    """The recording that a word of the line means: the value of a variable, or a path."""
    value = given(names, word)
    return checked(value) if isinstance(value, (str, Path)) else value


def checked(path: str | Path) -> Path:
    """The path of a recording. Raises BadInput for what is not there or is plainly no sound."""
    if str(path).startswith(("http://", "https://")):
        raise BadInput("a link is no recording", hint="download it, and name the file")
    place = Path(path).expanduser()
    if place.is_dir():
        raise BadInput(f"{path} is a folder", hint=f"name a file in it; {_near('', place)}")
    if not place.exists():
        raise BadInput(f"there is no file {path}", hint=_near(place.name, place.parent))
    try:
        with place.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}", hint="check its rights"
        ) from None
    _check_content(str(path), head)
    return place


def seconds_of(recording: Any) -> float | None:
    """How long a recording is; None where that cannot be told here."""
    if isinstance(recording, Path):
        return _duration(recording)
    data = recording.playable()[0] if isinstance(recording, SpeechReply) else recording
    if not isinstance(data, (bytes, bytearray)):
        return None
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "recording")
        place.write_bytes(data)
        return _duration(place)


def _duration(place: Path) -> float | None:
    try:
        return sound.duration(place)
    except (NexhinaError, OSError):
        return None


def _check_content(path: str, head: bytes) -> None:
    if not head:
        raise BadInput(f"{path} is empty", hint="name a recording: wav, mp3, m4a, ogg, flac, webm")
    kind = mimetypes.guess_type(path)[0] or ""
    if named(head) != _UNNAMED or (kind.startswith(("audio/", "video/")) and not _is_text(head)):
        return
    if kind or _is_text(head) or media_type(head):
        what = media_type(head) or ("text" if _is_text(head) else kind)
        raise BadInput(
            f"{path} is no sound but {what}",
            hint="name a recording: wav, mp3, m4a, ogg, flac, webm",
        )


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        text = head[: error.start].decode() if error.start > len(head) - 4 else "\0"
    return all(mark.isprintable() or mark in "\r\n\t\f" for mark in text)


def _near(name: str, folder: Path) -> str:
    try:
        found = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return f"there is no folder {folder}"
    if folder == Path():
        return nearest(name, found, "files here")
    return nearest(name, found, f"files in {folder}")
