"""Recordings as they are named in a line: files and variables, checked before anything is sent."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from nexhina_nb.batch import recordings
from nexhina_nb.client import SpeechReply
from nexhina_nb.magics.commands.inputs import given
from nexhina_nb.magics.names import Names
from nexhina_nb.magics.nearest import nearest


def find(names: Names, word: str) -> Any:
    """The recording that a word of the line means: the value of a variable, or a path. Raises
    BadInput for a path where no sound is.
    """
    value = given(names, word)
    return recordings.checked(value, _near) if isinstance(value, (str, Path)) else value


def seconds_of(recording: Any) -> float | None:
    """How long a recording is; None where that cannot be told here."""
    if isinstance(recording, Path):
        return recordings.seconds_of(recording)
    data = recording.playable()[0] if isinstance(recording, SpeechReply) else recording
    if not isinstance(data, (bytes, bytearray)):
        return None
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "recording")
        place.write_bytes(data)
        return recordings.seconds_of(place)


def _near(name: str, folder: Path) -> str:
    try:
        found = sorted(entry.name for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError:
        return f"there is no folder {folder}"
    if folder == Path():
        return nearest(name, found, "files here")
    return nearest(name, found, f"files in {folder}")
