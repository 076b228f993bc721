"""Sound as plain values: read from any file people have, resampled, written as a stream.

PyAV, of the extra `local`, reads and writes the compressed formats. 16-bit WAV and raw PCM need
only NumPy, so that speech can be made and understood without it. `read` and `encode` work piece
by piece: neither holds a whole recording.
"""

from __future__ import annotations

from nexhina_nb.engines.sound.decoding import HEARD_RATE, decode, duration, read
from nexhina_nb.engines.sound.encoding import CONTENT_TYPES, FORMATS, WRITTEN_RATE, encode
from nexhina_nb.engines.sound.resampling import resample, resampled
from nexhina_nb.engines.sound.samples import Sound, joined, silence

__all__ = [
    "CONTENT_TYPES",
    "FORMATS",
    "HEARD_RATE",
    "WRITTEN_RATE",
    "Sound",
    "decode",
    "duration",
    "encode",
    "joined",
    "read",
    "resample",
    "resampled",
    "silence",
]
