"""What transcribe and translate give back: a text, and when which part of it was said."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nexhina_nb.client.cost import Cost, cost_of
from nexhina_nb.client.exchange import Response, not_an_answer, read_json
from nexhina_nb.client.replies import Bundle, facts, printable
from nexhina_nb.client.saving import check_suffix, write
from nexhina_nb.client.target import Target
from nexhina_nb.errors import NexhinaError
from nexhina_nb.wire import Segment, TranscriptionResponse, TranscriptionUsage, Word
from nexhina_nb.wire.base import Reply
from nexhina_nb.wire.extensions import QUOTA_HEADER

_CUE = re.compile(r"(?:(\d+):)?(\d+):(\d+)[.,](\d+)\s*-->\s*(?:(\d+):)?(\d+):(\d+)[.,](\d+)")
_MARKUP = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|$~])")


@dataclass(frozen=True, eq=False, repr=False)
class TranscriptReply:
    """What was said. ``raw`` is the response as it came; one in text, srt or vtt is read into the
    same form.
    """

    raw: TranscriptionResponse
    model: str
    cost: Cost = field(default_factory=Cost)
    request_id: str | None = None

    @property
    def text(self) -> str:
        """All of it."""
        return str(self.raw.text)

    @property
    def segments(self) -> list[Segment]:
        """The stretches of speech with their times (seconds); empty if the model told none."""
        return _of(Segment, self.raw.segments)

    @property
    def words(self) -> list[Word]:
        """The words with their times (seconds), if they were asked for (``words=True``)."""
        return _of(Word, self.raw.words)

    @property
    def language(self) -> str | None:
        """The language that was heard."""
        return self.raw.language if isinstance(self.raw.language, str) else None

    @property
    def duration(self) -> float | None:
        """How long the recording is, in seconds."""
        told: Any = self.raw.duration
        if isinstance(told, (int, float)):
            return float(told)
        usage = self.usage
        return usage.seconds if isinstance(usage, TranscriptionUsage) else None

    @property
    def usage(self) -> Reply | None:
        """Tokens or seconds as the gateway counted them; None if it did not say."""
        usage: Any = self.raw.usage
        return usage if isinstance(usage, Reply) else None

    @property
    def srt(self) -> str:
        """As subtitles (SubRip). Raises NexhinaError if the model told no times."""
        rows = enumerate(self._timed(), 1)
        return "\n".join(
            f"{number}\n{_time(row.start, ',')} --> {_time(row.end, ',')}\n{_line(row)}\n"
            for number, row in rows
        )

    @property
    def vtt(self) -> str:
        """As subtitles (WebVTT). Raises NexhinaError if the model told no times."""
        cues = (
            f"{_time(row.start, '.')} --> {_time(row.end, '.')}\n{_line(row)}\n"
            for row in self._timed()
        )
        return "\n".join(["WEBVTT\n", *cues])

    def save(self, path: str | Path) -> Path:
        """Write it to a file, in the form that its suffix names (txt, srt, vtt, json); its path."""
        place = check_suffix(path, ".txt", ".srt", ".vtt", ".json", ".md")
        match place.suffix.lower():
            case ".srt":
                text = self.srt
            case ".vtt":
                text = self.vtt
            case ".json":
                text = json.dumps(self.raw.dump(), ensure_ascii=False, indent=2)
            case _:
                text = self.text + "\n"
        return write(place, text.encode())

    def _timed(self) -> Sequence[Segment]:
        if not self.segments:
            raise NexhinaError(
                "the transcript tells no times", hint='ask for them with format="verbose_json"'
            )
        return self.segments

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        text = self.text if len(self.text) <= 60 else self.text[:59] + "…"
        length = "" if self.duration is None else f", {self.duration:.1f} s"
        return f"<TranscriptReply {text!r}{length}, {self.model}>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> Bundle:
        lines = [(_clock(row.start), _line(row)) for row in self.segments]
        if len(lines) > 1:
            markdown = "  \n".join(f"`{at}` {_as_markdown(said)}" for at, said in lines)
            plain = "\n".join(f"{at}  {said}" for at, said in lines)
        else:
            markdown, plain = _as_markdown(self.text), self.text
        more = {"language": self.language, "duration": self.duration}
        known = facts(self.model, self.request_id, self.cost, self.usage, **more)
        return {"text/markdown": markdown, "text/plain": printable(plain)}, known


def read_transcript(
    target: Target,
    response: Response,
    *,
    model: str,
    answer: Mapping[str, Any] | None = None,
    billed: str | None = None,
) -> TranscriptReply:
    """The reply that an answer holds, in whichever form it came; Upstream if there is no text."""
    read = _body(target, response) if answer is None else answer
    if not isinstance(read.get("text"), str):
        raise not_an_answer(target, response, "is no transcript")
    raw = TranscriptionResponse.read(read)
    cost = cost_of(billed or response.headers.get(QUOTA_HEADER), model, raw.usage)
    return TranscriptReply(raw, model, cost, response.request_id)


def _body(target: Target, response: Response) -> Mapping[str, Any]:
    kind = response.headers.get("content-type", "")
    if "json" in kind:
        return read_json(target, response)
    text = response.body.decode("utf-8", "replace").strip()
    if "html" in kind:
        raise not_an_answer(target, response, "is no transcript")
    return as_json(text)


def as_json(text: str) -> dict[str, Any]:
    """A transcript in text, srt or vtt, in the form of the JSON one."""
    places = list(_CUE.finditer(text))
    if not places:
        return {"text": text}
    starts = [*(place.start() for place in places[1:]), len(text)]
    segments = [
        {
            "id": number,
            "start": _seconds(place.groups()[:4]),
            "end": _seconds(place.groups()[4:]),
            "text": _cue_text(text[place.end() : start], is_last=start == len(text)),
        }
        for number, (place, start) in enumerate(zip(places, starts, strict=True))
    ]
    said = " ".join(str(row["text"]) for row in segments)
    return {"text": said, "segments": segments}


def _cue_text(block: str, is_last: bool) -> str:
    lines = [line.strip() for line in block.partition("\n")[2].splitlines()]
    while lines and not lines[-1]:
        lines.pop()
    # What follows a blank line is the number or name of the next cue.
    if not is_last and len(lines) > 1 and not lines[-2]:
        lines = lines[:-2]
    return " ".join(line for line in lines if line)


def _seconds(parts: Iterable[str | None]) -> float:
    hours, minutes, seconds, fraction = parts
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return whole + float(f"0.{fraction}")


def _of(kind: type[Any], rows: Any) -> list[Any]:
    if not isinstance(rows, list):
        return []  # read leniently, so it may be anything
    return [
        row
        for row in rows
        if isinstance(row, kind) and _is_number(row.start) and _is_number(row.end)
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float))


def _line(row: Segment) -> str:
    said = " ".join(str(row.text).split())
    return f"{row.speaker}: {said}" if row.speaker else said


def _time(seconds: float, mark: str) -> str:
    whole = max(0, round(seconds * 1000))
    minutes, rest = divmod(whole, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest // 1000:02}{mark}{rest % 1000:03}"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, int(seconds)), 60)
    return f"{minutes}:{rest:02}"


def _as_markdown(text: str) -> str:
    # Speech is no Markdown: a dollar sign in it is money, and a dash is no list.
    return _MARKUP.sub(r"\\\1", text)
