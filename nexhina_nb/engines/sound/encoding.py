"""Sound → the six formats of the speech endpoint, as bytes that leave while it is still spoken.

Everything is written as one channel of 24 kHz. A stream cannot go back to its header: MP3 goes
without the table of a variable bit rate, FLAC does not promise a length, and WAV promises the
greatest one, as FFmpeg writes it into a pipe; players read to the end.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import ModuleType

from nexhina_nb.engines.sound.local_extra import load_av
from nexhina_nb.engines.sound.resampling import resample
from nexhina_nb.engines.sound.samples import Sound, to_bytes
from nexhina_nb.errors import BadRequest

WRITTEN_RATE = 24_000
_UNKNOWN_LENGTH = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class _Form:
    """A container of FFmpeg, the codec inside, and what makes them fit for a stream."""

    container: str
    codec: str
    bit_rate: int | None = None
    options: dict[str, str] = field(default_factory=dict)


_COMPRESSED = {
    "mp3": _Form("mp3", "libmp3lame", 64_000, {"write_xing": "0", "id3v2_version": "0"}),
    "opus": _Form("ogg", "libopus", 32_000, {"page_duration": "200000"}),  # µs; 1 s is too late
    "aac": _Form("adts", "aac", 64_000),
    "flac": _Form("flac", "flac"),
}
CONTENT_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/opus",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
FORMATS = tuple(CONTENT_TYPES)


def encode(pieces: Iterable[Sound], format: str) -> Iterator[bytes]:
    """The bytes of a file, in blocks that come as the pieces come.

    Raises, before the first block, BadRequest for an unknown format and NotOffered where the
    format needs PyAV and it is missing.
    """
    if format not in CONTENT_TYPES:
        raise BadRequest(
            f"no sound is written as {format!r}",
            code="invalid_value",
            param="response_format",
            hint=f"one of {', '.join(FORMATS)}",
        )
    pieces = resample(pieces, WRITTEN_RATE)
    if format in _COMPRESSED:
        return _compressed(pieces, _COMPRESSED[format], load_av(f"{format} is written"))
    return _plain(pieces, _wav_header() if format == "wav" else b"")


def _plain(pieces: Iterable[Sound], header: bytes) -> Iterator[bytes]:
    if header:
        yield header
    yield from filter(None, map(to_bytes, pieces))


def _wav_header() -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, WRITTEN_RATE, 2 * WRITTEN_RATE, 2, 16)
    riff = struct.pack("<4sI4s", b"RIFF", _UNKNOWN_LENGTH, b"WAVE")
    return riff + form + struct.pack("<4sI", b"data", _UNKNOWN_LENGTH)


class _Sink:
    """What FFmpeg writes to, emptied after each packet. Having no seek, it is taken for a pipe."""

    def __init__(self) -> None:
        self._blocks: list[bytes] = []

    def write(self, block: bytes) -> int:
        self._blocks.append(bytes(block))
        return len(block)

    def take(self) -> Iterator[bytes]:
        block = b"".join(self._blocks)
        self._blocks.clear()
        if block:
            yield block


def _compressed(pieces: Iterable[Sound], form: _Form, av: ModuleType) -> Iterator[bytes]:
    sink = _Sink()
    options = {"flush_packets": "1", **form.options}
    with av.open(sink, "w", format=form.container, container_options=options) as container:
        stream = container.add_stream(form.codec, rate=WRITTEN_RATE, layout="mono")
        if form.bit_rate:
            stream.bit_rate = form.bit_rate
        written = 0
        for piece in pieces:
            frame = av.AudioFrame.from_ndarray(piece.samples[None, :], "s16", "mono")
            frame.sample_rate, frame.pts = WRITTEN_RATE, written
            written += len(piece.samples)
            container.mux(stream.encode(frame))
            yield from sink.take()
        container.mux(stream.encode(None))
    yield from sink.take()
