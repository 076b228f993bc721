"""Files → sound. The format is found in the bytes; names and content types are not believed.

An upload is not trusted: FFmpeg may only read the containers listed here, and no addresses.
Playlists, which would make it open other files, are not among them.
"""

from __future__ import annotations

import wave
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nexhina_nb.engines.sound.local_extra import load_av
from nexhina_nb.engines.sound.resampling import resample
from nexhina_nb.engines.sound.samples import Sound, from_bytes, joined
from nexhina_nb.errors import BadRequest

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer
    from av.packet import Packet

HEARD_RATE = 16_000  # what speech recognisers listen to
_RATES = range(4_000, 384_001)  # beyond these a header is broken, or a trap for memory
_BLOCK = 16_384  # frames of a WAV file that are read at once
_CONTAINERS = (
    "aac,ac3,aiff,amr,asf,avi,flac,flv,matroska,mov,mp3,mp4,m4a,mpeg,mpegts,ogg,w64,wav,webm"
)


def read(path: Path, rate: int = HEARD_RATE, most_seconds: float | None = None) -> Iterator[Sound]:
    """The sound of a file, piece by piece, as one channel of ``rate`` samples a second.

    Of a video the first sound track is read. Raises BadRequest where nothing can be heard, and as
    soon as more than ``most_seconds`` came; NotOffered where the format needs PyAV and it is
    missing.
    """
    seconds = 0.0
    for piece in _pieces(path, rate):
        seconds += piece.seconds
        if most_seconds is not None and seconds > most_seconds:
            raise _refused(f"the sound is longer than {most_seconds:g} seconds", "split the file")
        yield piece
    if not seconds:
        raise _refused("the file holds no sound")


def decode(path: Path, most_seconds: float | None = None, rate: int = HEARD_RATE) -> Sound:
    """The whole sound of a file, as `read` gives it: two bytes a sample in memory."""
    return joined(read(path, rate, most_seconds), rate)


def duration(path: Path) -> float:
    """Seconds of sound in a file, counted in its packets, which are not decoded: a header may lie.

    Raises as `read` does.
    """
    if plain := _plain_wav(path):
        with plain:
            counted = sum(len(block) for block in _blocks(plain)) / (2 * plain.getnchannels())
            seconds = counted / _checked(plain.getframerate())
    else:
        with _opened(path) as container:
            seconds = _counted(container.demux(container.streams.audio[0]))
    if not seconds:
        raise _refused("the file holds no sound")
    return seconds


def _pieces(path: Path, rate: int) -> Iterator[Sound]:
    if plain := _plain_wav(path):
        with plain:
            channels, source = plain.getnchannels(), _checked(plain.getframerate())
            blocks = (from_bytes(block, source, channels) for block in _blocks(plain))
            yield from resample(blocks, rate)
    else:
        with _opened(path) as container:
            yield from _converted(_frames(container), rate)


def _plain_wav(path: Path) -> wave.Wave_read | None:
    """A WAV file of 16-bit samples, which needs no library; None for everything else."""
    try:
        opened = wave.open(str(path), "rb")  # noqa: SIM115 - the caller closes it
    except (wave.Error, EOFError, RuntimeError):  # the last for chunks longer than the file
        return None
    if opened.getsampwidth() == 2 and opened.getnchannels():
        return opened
    opened.close()
    return None


def _blocks(opened: wave.Wave_read) -> Iterator[bytes]:
    # Never all at once: the header of a stream promises four gigabytes.
    while block := opened.readframes(_BLOCK):
        yield block


@contextmanager
def _opened(path: Path) -> Iterator[InputContainer]:
    av = load_av("files other than 16-bit WAV are read")
    options = {"format_whitelist": _CONTAINERS, "protocol_whitelist": "file"}
    try:
        # Titles of songs are in any encoding; nobody reads them here.
        file = f"file:{path.absolute()}"
        with av.open(file, options=options, metadata_errors="replace") as container:
            if not container.streams.audio:
                raise _refused("the file has no sound track")
            yield container
    except av.error.FFmpegError as error:
        raise _refused("the file cannot be read as sound") from error


def _frames(container: InputContainer) -> Iterator[AudioFrame]:
    av = load_av()
    for packet in container.demux(container.streams.audio[0]):
        try:
            frames: list[Any] = packet.decode()
        except av.error.InvalidDataError:
            continue  # a damaged packet costs its own milliseconds, as in any player
        yield from frames


def _converted(frames: Iterable[AudioFrame], rate: int) -> Iterator[Sound]:
    av = load_av()
    # A broadcast or a joined file may change its form half-way; a resampler knows one form.
    for (_, _, source), group in groupby(frames, _form):
        _checked(source)
        resampler = av.AudioResampler("s16", "mono", rate)
        for frame in chain(group, (None,)):
            for piece in resampler.resample(frame):
                yield Sound(piece.to_ndarray()[0], rate)


def _form(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate


def _counted(packets: Iterable[Packet[Any]]) -> float:
    return sum(float((p.duration or 0) * p.time_base) for p in packets if p.time_base)


def _checked(rate: int) -> int:
    if rate not in _RATES:
        raise _refused(f"{rate} samples a second are none of a recording")
    return rate


def _refused(what: str, hint: str = "send a recording, for example MP3, WAV or M4A") -> BadRequest:
    return BadRequest(what, code="invalid_value", param="file", hint=hint)
