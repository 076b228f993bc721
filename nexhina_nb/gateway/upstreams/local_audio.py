"""Speech and transcriptions with the built-in engines, while the sound passes: neither what is
heard nor what is spoken is ever held whole.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nexhina_nb.engines import ENGINES, sound
from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.upstreams import served
from nexhina_nb.gateway.upstreams.base import Call, Upload
from nexhina_nb.gateway.upstreams.disk import on_disk
from nexhina_nb.gateway.upstreams.served import Served, begun
from nexhina_nb.gateway.upstreams.transcripts import WRITTEN, Transcript
from nexhina_nb.pricing.usage import seconds_to_tokens
from nexhina_nb.settings import Settings

if TYPE_CHECKING:
    from nexhina_nb.engines.sound import Sound
    from nexhina_nb.engines.transcription import Segment

Payload = dict[str, Any]

# The recogniser takes about a quarter of the time that a recording lasts.
MOST_SECONDS = 3600
_STREAMED = ("json", "text")


class _Meter:
    """Lets a sound pass, and knows how much of it did."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def passed(self, pieces: Iterable[Sound]) -> Iterator[Sound]:
        for piece in pieces:
            self.seconds += piece.seconds
            yield piece


def serve_speech(call: Call, _: Settings) -> Served:
    """The answer of a speech call: sound, or events that carry it."""
    body = call.body
    form = body.get("response_format") or "mp3"
    speak = ENGINES[body["model"]].load()
    meter = _Meter()
    spoken = begun(speak(body["input"], _voice(body["voice"]), body.get("speed") or 1.0))
    blocks = sound.encode(meter.passed(spoken), form)
    if call.stream:
        return served.event_stream(_speech_events(blocks, len(body["input"]), meter))
    return served.sound(blocks, sound.CONTENT_TYPES[form])


def serve_transcription(call: Call, _: Settings) -> Served:
    """The answer of a transcription call."""
    return _transcribed(call, "transcribe")


def serve_translation(call: Call, _: Settings) -> Served:
    """The answer of a translation call. The engine knows English alone and cannot tell that a
    recording is in another language: what it hears is written down as English.
    """
    return _transcribed(call, "translate")


def _voice(voice: str | Mapping[str, Any]) -> str:
    return voice if isinstance(voice, str) else str(voice.get("id", ""))


def _speech_events(blocks: Iterator[bytes], letters: int, meter: _Meter) -> Iterator[Payload]:
    for block in blocks:
        yield {"type": "speech.audio.delta", "audio": base64.b64encode(block).decode()}
    made = seconds_to_tokens(meter.seconds)
    usage = {"input_tokens": letters, "output_tokens": made, "total_tokens": letters + made}
    yield {"type": "speech.audio.done", "usage": usage}


def _transcribed(call: Call, task: str) -> Served:
    form = _format(call)
    hearing = _Hearing(call, task)
    if call.stream:
        return served.event_stream(hearing.events())
    content_type, write = WRITTEN[form]

    def pieces() -> Iterator[bytes]:
        for _ in hearing.segments():
            yield b""  # a place to stop at for a caller who leaves
        yield write(hearing.transcript())

    return Served(content_type, pieces(), is_ready=False)


def _format(call: Call) -> str:
    form: str = call.body.get("response_format") or "json"
    offered = _STREAMED if call.stream else tuple(WRITTEN)
    if form not in offered:
        way = "streams" if call.stream else "writes"
        raise BadRequest(
            f"{call.body['model']} {way} {', '.join(offered)}, not {form}", param="response_format"
        )
    return form


class _Hearing:
    """One recording on its way through the recogniser.

    Made where it is not too late to refuse it; raises BadRequest for what is no sound, is too long
    or in a language that the engine does not know.
    """

    def __init__(self, call: Call, task: str) -> None:
        body = call.body
        if (body["file"].get("seconds") or 0) > MOST_SECONDS:
            raise BadRequest(
                f"{body['model']} takes {MOST_SECONDS // 60} minutes of sound: split the recording",
                param="file",
            )
        self._task = task
        self._parts = frozenset(body.get("timestamp_granularities") or ("segment",))
        self._meter = _Meter()
        self._heard: list[Segment] = []
        recognise = ENGINES[body["model"]].load()
        pieces = self._meter.passed(begun(_pieces(_recording(call))))
        self._found: Iterator[Segment] = recognise(pieces, body.get("language"))

    def segments(self) -> Iterator[Segment]:
        """Each as it is understood."""
        for segment in self._found:
            self._heard.append(segment)
            yield segment

    def transcript(self) -> Transcript:
        """All of them, at the end."""
        return Transcript(tuple(self._heard), self._meter.seconds, self._task, self._parts)

    def events(self) -> Iterator[Payload]:
        """The stream: a delta a segment, and the whole text."""
        blank = ""
        for segment in self.segments():
            yield {"type": "transcript.text.delta", "delta": blank + segment.text}
            blank = " "
        whole = self.transcript()
        yield {"type": "transcript.text.done", "text": whole.text, "usage": whole.usage}


def _recording(call: Call) -> Upload:
    assert call.form is not None, "a recording comes in a form"
    return next(upload for upload in call.form.files if upload.name == "file")


def _pieces(upload: Upload) -> Iterator[Sound]:
    with on_disk(upload.file) as path:
        yield from sound.read(path, most_seconds=MOST_SECONDS)
