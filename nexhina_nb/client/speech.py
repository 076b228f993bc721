"""What speak gives back: a sound, which plays in a notebook."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nexhina_nb.client import players
from nexhina_nb.client.cost import Cost, cost_of
from nexhina_nb.client.exchange import Response, not_an_answer
from nexhina_nb.client.replies import Bundle, facts
from nexhina_nb.client.saving import check_suffix, write
from nexhina_nb.client.target import Target
from nexhina_nb.wire import Usage
from nexhina_nb.wire.extensions import QUOTA_HEADER

PCM_RATE = 24_000  # samples of 16 bits a second, one channel (contract 2.8)
_TYPES = {
    "mp3": "audio/mpeg", "opus": "audio/ogg", "aac": "audio/aac", "flac": "audio/flac",
    "wav": "audio/wav", "pcm": "audio/pcm",
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class SpeechReply:
    """A spoken text: ``audio`` holds the bytes of the sound, ``raw`` the headers of the answer."""

    audio: bytes
    format: str
    model: str
    text: str = ""
    cost: Cost = field(default_factory=Cost)
    usage: Usage | None = None
    request_id: str | None = None
    raw: Any = None

    @property
    def seconds(self) -> float | None:
        """How long it is, as far as the bytes tell by themselves (wav and pcm)."""
        if self.format == "pcm":
            return len(self.audio) / (2 * PCM_RATE)
        return _seconds_of_wav(self.audio) if self.format == "wav" else None

    def playable(self) -> tuple[bytes, str]:
        """The sound as players and recognisers take it, and its format: pcm gets the head of a
        wav.
        """
        if self.format != "pcm":
            return self.audio, self.format
        return _wav_head(len(self.audio)) + self.audio, "wav"

    def save(self, path: str | Path) -> Path:
        """Write the sound to a file; its path. Raises BadInput if the suffix is that of another
        format.
        """
        return write(check_suffix(path, f".{self.format}"), self.audio)

    def __repr__(self) -> str:
        length = "" if self.seconds is None else f"{self.seconds:.1f} s, "
        size = players.size_of(len(self.audio))
        return f"<SpeechReply {length}{self.format}, {size}, {self.model}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        sound, kind = self.playable()
        html = players.player("audio", sound, _TYPES.get(kind, "audio/mpeg"), repr(self))
        known = facts(self.model, self.request_id, self.cost, self.usage)
        return {"text/html": html, "text/plain": repr(self)}, known


def read_speech(
    target: Target,
    response: Response,
    audio: bytes,
    *,
    format: str,
    model: str,
    text: str,
    usage: Usage | None = None,
    billed: str | None = None,
) -> SpeechReply:
    """The reply for the bytes that came; Upstream if none did, or if they are no sound."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    if not audio or kind in ("application/json", "text/html", "text/plain"):
        raise not_an_answer(target, response, "is no sound")
    cost = cost_of(billed or response.headers.get(QUOTA_HEADER), model, usage)
    headers = dict(response.headers)
    return SpeechReply(audio, format, model, text, cost, usage, response.request_id, headers)


def _seconds_of_wav(audio: bytes) -> float | None:
    head = audio.find(b"fmt ", 12, 4096)
    data = audio.find(b"data", 12, 4096)
    if audio[:4] != b"RIFF" or head < 0 or data < 0 or len(audio) < head + 20:
        return None
    (rate,) = struct.unpack_from("<I", audio, head + 16)
    # The length that the head gives is unknown to one who writes while he speaks.
    return (len(audio) - data - 8) / rate if rate else None


def _wav_head(size: int) -> bytes:
    form = struct.pack("<HHIIHH", 1, 1, PCM_RATE, 2 * PCM_RATE, 2, 16)
    chunks = b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", size)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks) + size) + b"WAVE" + chunks
