"""Pictures and sounds: images and their edits, speech, transcriptions, translations."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from nexhina_nb.gateway.kinds import Body, Kind, Reply, asks_stream, told_usage
from nexhina_nb.gateway.kinds.lengths import seconds_of, seconds_of_pcm, tokens_by_size
from nexhina_nb.gateway.taps.base import Payload, Tap
from nexhina_nb.gateway.taps.events import EventTap, Grammar
from nexhina_nb.gateway.upstreams.base import Upload
from nexhina_nb.pricing import tokens as counter
from nexhina_nb.pricing.cost import IMAGE_MAX_TOKENS, Ratio, quota
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.tasks import image_ratios, speaks_by_token
from nexhina_nb.pricing.usage import Tokens, seconds_to_tokens

Files = tuple[Upload, ...]

# For what is held, not for the bill: a token that `rough_tokens` counts back.
_A_TOKEN = "~~~~"
_LETTERS_A_SECOND = 10  # of slow speech
# It answers at once whatever is asked of it (contract 2.8).
_NO_STREAM = "whisper-1"


def _usage_of(event: Payload) -> Payload | None:
    usage = event.get("usage")
    return usage if isinstance(usage, dict) else None


# Images


def _image_prompt(body: Body) -> Iterable[str]:
    return (body["prompt"],)


def _image_length(_: Body) -> int:
    return IMAGE_MAX_TOKENS


def _image_ratios(model: str, body: Body) -> tuple[Ratio, ...]:
    size, quality = body.get("size") or "", body.get("quality") or ""
    return image_ratios(model, size=size, quality=quality, n=body.get("n") or 1)


def _image_usage(_body: Body, files: Files, reply: Reply) -> Tokens:
    """What the upstream told; else a token for each picture that came (contract 2.7)."""
    told = told_usage(_body, files, reply)
    if told is not None and told.total:
        return told
    pictures = reply.payload.get("data") if reply.payload else None
    return Tokens(prompt=len(pictures) if isinstance(pictures, list) else 0)


def _image_bill(
    price: Price, used: Tokens, ratios: tuple[Ratio, ...], group_ratio: Ratio = 1
) -> int:
    """Size, quality and number multiply a price per picture; the tokens of a call are those of all
    its pictures already.
    """
    counting = ratios if price.per_call is not None else ()
    return quota(price, used, group_ratio, other_ratios=counting)


def _image_event_usage(event: Payload) -> Payload | None:
    # A picture that came is paid for, also where the stream breaks before it says what it used.
    return _usage_of(event) or ({"total_tokens": 1} if event.get("b64_json") else None)


def _image_tap(family: str) -> Callable[[str, Body], Tap]:
    grammar = Grammar(ends=frozenset({f"{family}.completed"}), usage=_image_event_usage)
    return lambda model, body: EventTap(model, grammar, endings=body.get("n") or 1)


IMAGE = Kind(
    "image",
    "make pictures from a text",
    "/images/generations",
    "ImageGenerationRequest",
    "ImageGenerationResponse",
    prompt=_image_prompt,
    longest_answer=_image_length,
    streams=asks_stream,
    tap=_image_tap("image_generation"),
    default_model="dall-e",
    fallback="local/image",
    ratios=_image_ratios,
    measure=_image_usage,
    bill=_image_bill,
)
IMAGE_EDIT = replace(
    IMAGE,
    verb="image_edit",
    summary="change pictures as a text says, where a mask allows it",
    path="/images/edits",
    request="ImageEditRequest",
    takes=("form", "json"),
    tap=_image_tap("image_edit"),
)


# Speech


def _speech_prompt(body: Body) -> Iterable[str]:
    text = body["input"]
    return (text,) if speaks_by_token(body["model"]) else (_A_TOKEN * len(text),)


def _speech_length(body: Body) -> int:
    return seconds_to_tokens(len(body["input"]) / _LETTERS_A_SECOND / (body.get("speed") or 1))


def _speech_usage(body: Body, files: Files, reply: Reply) -> Tokens:
    """What the upstream told; else characters in and the length of the sound out (contract 2.8)."""
    told = told_usage(body, files, reply)
    if told is not None and told.total:
        return told
    if not reply.size:
        return Tokens()  # nothing came
    text: str = body["input"]
    model: str = body["model"]
    counted = speaks_by_token(model)
    prompt = counter.count(text, counter.encoding_for(model)) if counted else len(text)
    return Tokens(prompt=prompt, completion=_sound_tokens(body, reply))


def _sound_tokens(body: Body, reply: Reply) -> int:
    seconds = None
    if body.get("response_format") == "pcm":
        seconds = seconds_of_pcm(reply.size)
    elif reply.sound is not None:
        seconds = seconds_of(reply.sound)
    return tokens_by_size(reply.size) if seconds is None else seconds_to_tokens(seconds)


_SPOKEN = Grammar(ends=frozenset({"speech.audio.done"}), usage=_usage_of)

SPEAK = Kind(
    "speak",
    "read a text aloud",
    "/audio/speech",
    "SpeechRequest",
    "",  # sound
    prompt=_speech_prompt,
    longest_answer=_speech_length,
    streams=lambda body: body.get("stream_format") == "sse",
    tap=lambda model, _: EventTap(model, _SPOKEN),
    default_model="tts-1",
    fallback="local/speak",
    measure=_speech_usage,
    plain="sound",
)


# Transcriptions


def _with_seconds(body: dict[str, Any], files: Files) -> dict[str, Any]:
    """The body with the length of its recording, read while the upload is there."""
    (recording,) = (upload for upload in files if upload.name == "file")
    return body | {"file": {**body["file"], "seconds": seconds_of(recording.file)}}


def _heard_tokens(body: Body) -> int:
    recording = body["file"]
    seconds = recording.get("seconds")
    return tokens_by_size(recording["size"]) if seconds is None else seconds_to_tokens(seconds)


def _heard_prompt(body: Body) -> Iterable[str]:
    return (_A_TOKEN * _heard_tokens(body),)


def _heard_usage(body: Body, files: Files, reply: Reply) -> Tokens:
    """What the upstream told; else the length of the recording (contract 2.8)."""
    told = told_usage(body, files, reply)
    return told if told is not None and told.total else Tokens(prompt=_heard_tokens(body))


_WRITTEN = Grammar(ends=frozenset({"transcript.text.done"}), usage=_usage_of)

TRANSCRIBE = Kind(
    "transcribe",
    "write down what is said in a recording",
    "/audio/transcriptions",
    "TranscriptionRequest",
    "TranscriptionResponse",
    prompt=_heard_prompt,
    streams=lambda body: asks_stream(body) and body["model"] != _NO_STREAM,
    tap=lambda model, _: EventTap(model, _WRITTEN),
    takes=("form",),
    default_model="whisper-1",
    fallback="local/transcribe",
    inspect=_with_seconds,
    measure=_heard_usage,
    plain="text",
)
TRANSLATE = replace(
    TRANSCRIBE,
    verb="translate",
    summary="write down in English what is said in a recording",
    path="/audio/translations",
    request="TranslationRequest",
    reply="TranslationResponse",
    streams=None,
)
