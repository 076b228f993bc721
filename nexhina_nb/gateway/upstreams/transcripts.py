"""What was heard, in the forms of contract 1.31: JSON short and verbose, text, subtitles."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from nexhina_nb.engines.transcription import Segment

Payload = dict[str, Any]
_SEEKS_A_SECOND = 100  # Whisper counts positions in its frames


@dataclass(frozen=True, slots=True)
class Transcript:
    """A whole recording: its segments and its length in seconds. ``task`` is transcribe or
    translate, ``parts`` what verbose JSON shows: "segment", "word".
    """

    segments: tuple[Segment, ...]
    seconds: float
    task: str = "transcribe"
    parts: frozenset[str] = frozenset({"segment"})

    @property
    def text(self) -> str:
        return " ".join(segment.text for segment in self.segments)

    @property
    def usage(self) -> Payload:
        return {"type": "duration", "seconds": math.ceil(self.seconds)}


def _json(transcript: Transcript) -> bytes:
    return orjson.dumps({"text": transcript.text, "usage": transcript.usage})


def _verbose(transcript: Transcript) -> bytes:
    payload: Payload = {
        "task": transcript.task,
        "language": "english",
        "duration": round(transcript.seconds, 2),
        "text": transcript.text,
    }
    if "word" in transcript.parts:
        words = (word for segment in transcript.segments for word in segment.words)
        payload["words"] = [{"word": w.word, "start": w.start, "end": w.end} for w in words]
    if "segment" in transcript.parts:
        payload["segments"] = [_segment(*row) for row in enumerate(transcript.segments)]
    return orjson.dumps(payload | {"usage": transcript.usage})


def _segment(number: int, segment: Segment) -> Payload:
    text = segment.text.encode()
    return {
        "id": number,
        "seek": int(segment.start * _SEEKS_A_SECOND),
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "tokens": [],  # the recogniser has words, not tokens
        "temperature": 0.0,
        "avg_logprob": segment.avg_logprob,
        "compression_ratio": round(len(text) / len(zlib.compress(text)), 4),
        "no_speech_prob": segment.no_speech_prob,
    }


def _text(transcript: Transcript) -> bytes:
    return f"{transcript.text}\n".encode()


def _srt(transcript: Transcript) -> bytes:
    cues = (
        f"{number}\n{_clock(row.start, ',')} --> {_clock(row.end, ',')}\n{row.text}\n\n"
        for number, row in enumerate(transcript.segments, 1)
    )
    return "".join(cues).encode()


def _vtt(transcript: Transcript) -> bytes:
    cues = (
        f"{_clock(row.start, '.')} --> {_clock(row.end, '.')}\n{row.text}\n\n"
        for row in transcript.segments
    )
    return "".join(("WEBVTT\n\n", *cues)).encode()


def _clock(seconds: float, point: str) -> str:
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{thousandths:03}"


# Format → its content type, and what writes it.
WRITTEN: Mapping[str, tuple[str, Callable[[Transcript], bytes]]] = {
    "json": ("application/json", _json),
    "verbose_json": ("application/json", _verbose),
    "text": ("text/plain; charset=utf-8", _text),
    "srt": ("text/plain; charset=utf-8", _srt),
    "vtt": ("text/vtt; charset=utf-8", _vtt),
}
