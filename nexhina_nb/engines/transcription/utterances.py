"""A sound, cut at its pauses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from nexhina_nb.engines.sound import HEARD_RATE, Sound
from nexhina_nb.engines.sound.samples import to_bytes
from nexhina_nb.engines.transcription.recogniser import load_pocketsphinx

LONGEST = 15.0  # seconds; whoever speaks longer without a pause is cut, so that text comes early
_PAUSE = 0.2  # seconds; readers make little longer ones between two sentences
_MARGIN = 0.15  # seconds kept around speech, whose first consonants are too quiet to be noticed
_BYTES_A_SECOND = 2 * HEARD_RATE


@dataclass(frozen=True, slots=True)
class Utterance:
    """16-bit samples of 16 kHz, and the second of the sound at which they begin."""

    start: float
    samples: bytes


def utterances(pieces: Iterable[Sound]) -> Iterator[Utterance]:
    """The stretches with speech in them, and a little around; pieces have the rate `HEARD_RATE`."""
    library = load_pocketsphinx()
    endpointer = library.Endpointer(_PAUSE, vad_mode=library.Vad.MEDIUM_STRICT)
    held = _Held()
    start: float | None = None
    for frame in _frames(pieces, endpointer.frame_bytes):
        held.append(frame)
        if len(frame) == endpointer.frame_bytes:
            endpointer.process(frame)
        else:
            endpointer.end_stream(frame)
        if start is None and endpointer.in_speech:
            start = endpointer.speech_start - _MARGIN
        if start is None:
            held.forget(held.end - 1)
        elif not endpointer.in_speech:
            yield held.cut(start, endpointer.speech_end + _MARGIN)
            start = None
        elif held.end - start > LONGEST:
            yield held.cut(start, held.end)
            start = held.start


class _Held:
    """The last seconds of the sound, found by their time."""

    def __init__(self) -> None:
        self._samples = bytearray()
        self._first = 0  # byte of the whole sound

    @property
    def start(self) -> float:
        return self._first / _BYTES_A_SECOND

    @property
    def end(self) -> float:
        return (self._first + len(self._samples)) / _BYTES_A_SECOND

    def append(self, frame: bytes) -> None:
        self._samples += frame

    def forget(self, before: float) -> None:
        spent = self._index(before)
        del self._samples[:spent]
        self._first += spent

    def cut(self, start: float, end: float) -> Utterance:
        """The sound between two times; what lies before the second is forgotten."""
        self.forget(start)
        begins = self.start
        samples = bytes(self._samples[: self._index(end)])
        self.forget(end)
        return Utterance(begins, samples)

    def _index(self, second: float) -> int:
        index = 2 * round(second * HEARD_RATE) - self._first
        return min(max(index, 0), len(self._samples))


def _frames(pieces: Iterable[Sound], size: int) -> Iterator[bytes]:
    """Frames of ``size`` bytes, then a shorter one, which marks the end."""
    held = b""
    for piece in pieces:
        held += to_bytes(piece)
        whole = len(held) - len(held) % size
        for start in range(0, whole, size):
            yield held[start : start + size]
        held = held[whole:]
    yield held or b"\0\0"  # the endpointer takes no empty frame
