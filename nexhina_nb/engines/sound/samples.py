"""What a sound is here: 16-bit samples of one channel, and how many of them make a second."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # listing the engines must not load NumPy
    import numpy as np
    import numpy.typing as npt

    Samples = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True, eq=False)
class Sound:
    """``samples`` (n,) int16 of one channel, ``rate`` of them a second."""

    samples: Samples
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate


def from_bytes(data: bytes | bytearray, rate: int, channels: int = 1) -> Sound:
    """Little-endian 16-bit samples, channels interleaved and averaged; an odd rest is left out."""
    import numpy as np  # noqa: PLC0415 - kept unloaded until the first sound

    whole = len(data) - len(data) % (2 * channels)
    samples = np.frombuffer(bytes(data[:whole]), "<i2")
    if channels > 1:
        samples = samples.reshape(-1, channels).mean(axis=1)
    return Sound(samples.astype(np.int16, copy=False), rate)


def to_bytes(sound: Sound) -> bytes:
    """The samples as little-endian 16-bit integers."""
    return sound.samples.astype("<i2", copy=False).tobytes()


def joined(pieces: Iterable[Sound], rate: int) -> Sound:
    """The pieces, all of the one ``rate``, one after the other."""
    import numpy as np  # noqa: PLC0415 - kept unloaded until the first sound

    held = bytearray()  # not a list of arrays: an hour has a hundred thousand small pieces
    for piece in pieces:
        held += piece.samples.tobytes()
    return Sound(np.frombuffer(held, np.int16), rate)


def silence(seconds: float, rate: int) -> Sound:
    """Nothing to hear, for so many seconds."""
    import numpy as np  # noqa: PLC0415 - kept unloaded until the first sound

    return Sound(np.zeros(round(seconds * rate), np.int16), rate)
