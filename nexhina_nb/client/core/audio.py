"""The verbs of sound: speak, transcribe, translate."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexhina_nb.client import bodies
from nexhina_nb.client.exchange import Flow, Request, Response
from nexhina_nb.client.explain import Asked, ask
from nexhina_nb.client.session import Session
from nexhina_nb.client.sound_stream import SpeechState, TranscriptState
from nexhina_nb.client.speech import SpeechReply, read_speech
from nexhina_nb.client.streams import OpenStream
from nexhina_nb.client.texts import checked
from nexhina_nb.client.transcripts import TranscriptReply, read_transcript
from nexhina_nb.client.uploads import FormData, opened
from nexhina_nb.wire import SpeechRequest, TranscriptionRequest, TranslationRequest

# The two models that stand for their maker's first ones speak, but tell no events about it.
_ONLY_SOUND = ("tts-1",)


def speak(
    session: Session,
    /,
    text: str,
    *,
    model: str | None = None,
    voice: str = "alloy",
    format: str = "mp3",
    speed: float | None = None,
    instructions: str | None = None,
    stream: bool = False,
    **extra: Any,
) -> Flow[SpeechReply | OpenStream[bytes, SpeechReply]]:
    """A text (at most 4,096 characters) → SpeechReply: ``voice`` says it, at ``speed`` 0.25 to 4.

    ``format`` is mp3, opus, aac, flac, wav or pcm (24 kHz, 16 bits, one channel); ``instructions``
    say how to speak, to models that listen to them. ``stream=True`` gives a SpeechStream of bytes.
    Other arguments go to the gateway as they are.

    Raises BadInput before anything is sent; APIError, ConnectionFailed or StreamBroken after.
    """
    name = model or session.settings.speak_model
    fields: dict[str, Any] = {
        "model": name,
        "input": checked(text, "the text"),
        "voice": voice,
        "response_format": format,
        "speed": speed,
        "instructions": instructions,
        # Events tell at their end what the speech cost.
        "stream_format": _events(name, extra) if stream else None,
    }
    body = bodies.encode(SpeechRequest, fields, extra)
    request = Request("POST", "/audio/speech", body, stream=stream, accept="audio/*")
    known: Any = {"format": format, "model": name, "text": text}

    def read(session: Session, response: Response) -> SpeechReply | OpenStream[bytes, SpeechReply]:
        if stream:
            return OpenStream(SpeechState(session.target, response, **known), response.source)
        return read_speech(session.target, response, response.body, **known)

    _, spoken = yield from ask(session, request, Asked(name, texts=[text]), read)
    return spoken


def _events(model: str, extra: Mapping[str, Any]) -> str | None:
    return None if "stream_format" in extra or model.startswith(_ONLY_SOUND) else "sse"


def transcribe(
    session: Session,
    /,
    file: Any,
    *,
    model: str | None = None,
    language: str | None = None,
    prompt: str | None = None,
    format: str | None = None,
    words: bool = False,
    temperature: float | None = None,
    stream: bool = False,
    **extra: Any,
) -> Flow[TranscriptReply | OpenStream[str, TranscriptReply]]:
    """A recording → TranscriptReply: what was said, in the language it was said in.

    ``file`` is a path, bytes, an open binary file, a SpeechReply or an IPython Audio; it is read
    while it is sent. ``language`` (ISO 639-1, "de") and ``prompt`` (names, a style) help the model.
    ``words=True`` tells the time of every word. ``format`` is the form in which the gateway
    answers, else the one that tells the most. ``stream=True`` gives a TranscriptStream of text.
    Other arguments go to the gateway as they are.

    Raises BadInput before anything is sent; APIError, ConnectionFailed or StreamBroken after.
    """
    name = model or session.settings.transcribe_model
    fields: dict[str, Any] = {
        "model": name,
        "language": language,
        "prompt": prompt,
        "response_format": format or _most_telling(name, stream and not words),
        "timestamp_granularities[]": ["word", "segment"] if words else None,
        "temperature": temperature,
        "stream": stream or None,
    }
    bodies.check(TranscriptionRequest, fields, extra, {"file": {"filename": "", "content": b""}})
    with opened(file) as upload:
        form = FormData({**fields, **extra}, [upload])
        return (yield from _send(session, "/audio/transcriptions", form, stream))


def _send(
    session: Session, path: str, form: FormData, stream: bool
) -> Flow[TranscriptReply | OpenStream[str, TranscriptReply]]:
    name = form.fields["model"]

    def read(
        session: Session, response: Response
    ) -> TranscriptReply | OpenStream[str, TranscriptReply]:
        if not stream:
            return read_transcript(session.target, response, model=name)
        return OpenStream(TranscriptState(session.target, response, model=name), response.source)

    request = Request("POST", path, form=form, stream=stream, repeatable=True, accept="*/*")
    _, heard = yield from ask(session, request, Asked(name), read)
    return heard


def _most_telling(model: str, plain: bool) -> str:
    # The newer models of OpenAI tell no times, and refuse to be asked for them.
    return "json" if plain or model.startswith("gpt-") else "verbose_json"


def translate(
    session: Session,
    /,
    file: Any,
    *,
    model: str | None = None,
    prompt: str | None = None,
    format: str | None = None,
    temperature: float | None = None,
    **extra: Any,
) -> Flow[TranscriptReply]:
    """A recording in any language → TranscriptReply: what was said, in English.

    ``file``, ``prompt`` (in English) and ``format`` are those of transcribe.

    Raises BadInput before anything is sent; APIError or ConnectionFailed after.
    """
    name = model or session.settings.transcribe_model
    fields: dict[str, Any] = {
        "model": name,
        "prompt": prompt,
        "response_format": format or _most_telling(name, False),
        "temperature": temperature,
    }
    bodies.check(TranslationRequest, fields, extra, {"file": {"filename": "", "content": b""}})
    with opened(file) as upload:
        form = FormData({**fields, **extra}, [upload])
        heard = yield from _send(session, "/audio/translations", form, stream=False)
    assert isinstance(heard, TranscriptReply)
    return heard
