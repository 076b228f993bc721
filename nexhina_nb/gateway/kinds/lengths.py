"""How long a recording is, for the bill of calls whose upstream does not say what it used."""

from __future__ import annotations

from typing import BinaryIO

from nexhina_nb.engines import sound
from nexhina_nb.errors import NexhinaError
from nexhina_nb.gateway.upstreams.disk import on_disk

_PCM_BYTES = 48_000  # a second of the speech endpoint's pcm: 24 kHz, 16 bits (contract 2.8)
_KB = 1024  # a token each where the length cannot be read, as in New API


def seconds_of(file: BinaryIO) -> float | None:
    """The length of a sound in seconds; None where it cannot be read. Takes a while: to be called
    beside the event loop.
    """
    try:
        with on_disk(file) as path:
            return sound.duration(path)
    except (NexhinaError, OSError):
        return None


def seconds_of_pcm(size: int) -> float:
    """The length of so many bytes of raw samples."""
    return size / _PCM_BYTES


def tokens_by_size(size: int) -> int:
    """The tokens of a sound whose length is unknown."""
    return -(-size // _KB)
