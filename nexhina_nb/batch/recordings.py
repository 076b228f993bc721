"""A column of paths as what is to be heard: each different recording once, known by its content, so
that a file may be moved or stand there twice.
"""

from __future__ import annotations

import functools
import hashlib
import mimetypes
import os
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy as np

from nexhina_nb.batch.inputs import Inputs
from nexhina_nb.batch.progress import Progress, Report
from nexhina_nb.batch.verdicts import Changed, in_words
from nexhina_nb.client.images import media_type
from nexhina_nb.client.texts import is_missing
from nexhina_nb.client.uploads import Upload, named
from nexhina_nb.engines import sound
from nexhina_nb.errors import BadInput, NexhinaError
from nexhina_nb.errors.kinds import kind_of

MISSING, EMPTY = "missing: there is no path", "empty: the path is empty"
_NOTHING = {MISSING, EMPTY}
_WHAT = "name a recording: wav, mp3, m4a, ogg, flac, webm"
_HEAD = 512  # bytes that tell what a file is
_PIECE = 1 << 18  # bytes that are read at once
_UNNAMED = named(b"")  # what bytes are called that no format of sound begins with

State = tuple[int, int]
Advice = Callable[[str, Path], str]  # a name, and a folder → what to do


@dataclass(frozen=True, slots=True)
class Recording:
    """A file, the digest of its bytes, and its size and time when that was made."""

    path: Path
    digest: bytes
    state: State

    @property
    def seconds(self) -> float | None:
        """How long it is; None where that cannot be told here."""
        return seconds_of(self.path)

    @contextmanager
    def opened(self) -> Iterator[Upload]:
        """It as a part of a form, read while that is sent. Raises Changed."""
        with self._open() as file:
            # A name that is no text could not be sent.
            name = self.path.name.encode(errors="replace").decode()
            yield Upload("file", name, file)

    def _open(self) -> IO[bytes]:
        try:
            file = self.path.open("rb")
        except OSError as error:
            raise Changed(f"{self.path} cannot be read any more: {error.strerror}") from None
        if _state(os.fstat(file.fileno())) != self.state:
            file.close()
            raise Changed(f"{self.path} has changed since the batch began")
        return file


@dataclass(frozen=True, slots=True)
class Recordings(Inputs):
    """Rows → recordings. ``texts`` are their paths as they stand in the column, the first one of
    each; ``sizes`` are the bytes of the files.
    """

    files: list[Recording] = field(default_factory=list)


def read(values: Iterable[Any], what: str, report: Report = lambda progress: None) -> Recordings:
    """Find the recordings of a column, and read each file once; ``report`` hears of it with every
    piece. Raises BadInput if it holds something, but no path at all.
    """
    rows = list(values)
    bad = {row: why for row, value in enumerate(rows) if (why := _problem(value))}
    others = {type(rows[row]).__name__ for row, why in bad.items() if why not in _NOTHING}
    if others and len(bad) == len(rows):
        raise BadInput(
            f"{what} holds no paths but {' and '.join(sorted(others))}",
            hint="name a column of paths",
        )
    found = Recordings(np.full(len(rows), -1, np.int64), bad=bad)
    places: dict[bytes, int] = {}
    row, began = 0, time.monotonic()

    def tell() -> None:
        report(Progress(len(rows), row, seconds=time.monotonic() - began))

    take = functools.cache(lambda path: _take(path, found, places, tell))
    for row, value in enumerate(rows):
        place = bad.get(row) or take(str(value))
        if isinstance(place, str):
            bad[row] = place
        else:
            found.place[row] = place
    row = len(rows)
    tell()
    return found


def _problem(value: Any) -> str:
    if is_missing(value):
        return MISSING
    if not isinstance(value, (str, Path)):
        return f"not_a_path: {kind_of(value)} stands where a path should"
    return "" if str(value) else EMPTY


def _take(
    path: str, found: Recordings, places: dict[bytes, int], tell: Callable[[], None]
) -> int | str:
    """The place of a recording among those that were found, or what is wrong with its path."""
    try:
        recording = _recording(path, tell)
    except BadInput as error:
        return in_words(error)
    if recording.digest not in places:
        places[recording.digest] = len(found.files)
        found.files.append(recording)
        found.texts.append(path)
        found.sizes.append(recording.state[0])
    return places[recording.digest]


def _recording(path: str, tell: Callable[[], None]) -> Recording:
    place = checked(path).absolute()  # the working directory may change
    try:
        with place.open("rb") as file:
            state = _state(os.fstat(file.fileno()))
            return Recording(place, _digest(file, tell), state)
    except OSError as error:
        raise _unreadable(path, error) from None


def _digest(file: IO[bytes], tell: Callable[[], None]) -> bytes:
    found, piece = hashlib.sha256(), memoryview(bytearray(_PIECE))
    while size := file.readinto(piece):  # type: ignore[attr-defined]
        found.update(piece[:size])
        tell()
    return found.digest()


def _state(status: os.stat_result) -> State:
    return status.st_size, status.st_mtime_ns


def checked(path: str | Path, advice: Advice | None = None) -> Path:
    """The path of a recording. Raises BadInput for what is not there or is plainly no sound;
    ``advice`` says which files there are instead.
    """
    if str(path).startswith(("http://", "https://")):
        raise BadInput("a link is no recording", hint="download it, and name the file")
    try:
        place = Path(path).expanduser()
        mode = place.stat().st_mode
        if stat.S_ISDIR(mode):
            near = f"; {advice('', place)}" if advice else ""
            raise BadInput(f"{path} is a folder", hint=f"name a file in it{near}")
        if not stat.S_ISREG(mode):  # reading a pipe or a device may have no end
            raise BadInput(f"{path} is no ordinary file", hint=_WHAT)
        with place.open("rb") as file:
            head = file.read(_HEAD)
    except (FileNotFoundError, NotADirectoryError):
        near = advice(place.name, place.parent) if advice else "check the path"
        raise BadInput(f"there is no file {path}", hint=near) from None
    except (OSError, ValueError, RuntimeError) as error:
        raise _unreadable(path, error) from None
    _check_content(str(path), head)
    return place


def _unreadable(path: str | Path, error: Exception) -> BadInput:
    why = getattr(error, "strerror", None) or str(error)
    return BadInput(f"{path} cannot be read: {why}", hint="check the path and its rights")


def seconds_of(path: Path) -> float | None:
    """How long a recording is; None where that cannot be told here."""
    try:
        return sound.duration(path)
    except (NexhinaError, OSError):
        return None


def _check_content(path: str, head: bytes) -> None:
    if not head:
        raise BadInput(f"{path} is empty", hint=_WHAT)
    kind = mimetypes.guess_type(path)[0] or ""
    if named(head) != _UNNAMED or (kind.startswith(("audio/", "video/")) and not _is_text(head)):
        return
    if kind or _is_text(head) or media_type(head):
        what = media_type(head) or ("text" if _is_text(head) else kind)
        raise BadInput(f"{path} is no sound but {what}", hint=_WHAT)


def _is_text(head: bytes) -> bool:
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        text = head[: error.start].decode() if error.start > len(head) - 4 else "\0"
    return all(mark.isprintable() or mark in "\r\n\t\f" for mark in text)
