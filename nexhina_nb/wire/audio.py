"""Speech, transcription and translation (contract 1.28 to 1.32)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from nexhina_nb.wire.base import IsObject, JSONObject, Reply, Request, Text, Wire, one_of, unfit

# Contract 1.29, and the other formats that speech comes in: what was spoken can be heard again.
SOUND_FORMATS = frozenset(
    {"flac", "mp3", "mp4", "mpeg", "mpga", "m4a", "ogg", "wav", "webm", "aac", "oga", "opus"}
)


class SpeechRequest(Request):
    """POST /v1/audio/speech. The answer is sound, or events with ``stream_format`` "sse"."""

    model: str = Field(min_length=1)
    input: str = Field(min_length=1, max_length=4096)
    voice: Annotated[
        Text | Annotated[JSONObject, IsObject], one_of("a voice's name or an object with 'id'")
    ]
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] | None = None
    speed: Annotated[float, Field(ge=0.25, le=4)] | None = None
    instructions: Annotated[str, Field(max_length=4096)] | None = None
    stream_format: Literal["sse", "audio"] | None = None


class SoundFile(Wire):
    """An uploaded recording: its name and its bytes' number; the bytes travel beside the form."""

    filename: str
    size: int | None = None

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        suffix = PurePath(self.filename).suffix.lower().removeprefix(".")
        if suffix and suffix not in SOUND_FORMATS:
            names = ", ".join(sorted(SOUND_FORMATS))
            raise PydanticCustomError("unfit", f"must be a recording, its name ending in {names}")
        if self.size == 0:
            raise PydanticCustomError("unfit", "must not be an empty file")
        return self


def _file(value: object) -> object:
    if not isinstance(value, Mapping | SoundFile):
        raise PydanticCustomError("wrong_kind", "must be one file of the form")
    return value


class Form(Wire):
    """The fields of a multipart form: all of them come as text, so here "0.2" is a number."""

    file: Annotated[SoundFile, BeforeValidator(_file)]
    model: str = Field(min_length=1)
    prompt: str | None = None
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None


class TranscriptionRequest(Form):
    """POST /v1/audio/transcriptions: what was said, in the language it was said in (ISO 639-1)."""

    language: str | None = None
    response_format: (
        Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] | None
    ) = None
    timestamp_granularities: list[Literal["word", "segment"]] | None = Field(
        default=None,
        validation_alias=AliasChoices("timestamp_granularities[]", "timestamp_granularities"),
        serialization_alias="timestamp_granularities[]",
    )
    stream: bool | None = None

    @model_validator(mode="after")
    def _has_times(self) -> Self:
        if self.timestamp_granularities and self.response_format != "verbose_json":
            raise unfit("timestamp_granularities", "go with response_format: verbose_json")
        return self


class TranslationRequest(Form):
    """POST /v1/audio/translations: what was said, in English."""

    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] | None = None


class Word(Reply):
    """A word and when it was said (seconds)."""

    word: str
    start: float
    end: float


class Segment(Reply):
    """A stretch of speech and when it was said (seconds); a diarized one has text as ``id``."""

    id: Any = None
    start: float
    end: float
    text: str
    seek: int | None = None
    tokens: list[int] | None = None
    temperature: float | None = None
    avg_logprob: float | None = None
    compression_ratio: float | None = None
    no_speech_prob: float | None = None
    speaker: str | None = None


class TranscriptionUsage(Reply):
    """Either tokens or a duration in seconds, as ``type`` says."""

    type: str
    seconds: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    input_token_details: JSONObject | None = None


class TranscriptionResponse(Reply):
    """The JSON forms of an answer: plain, verbose and diarized."""

    text: str
    task: str | None = None
    language: str | None = None
    duration: float | None = None
    words: list[Word] | None = None
    segments: list[Segment] | None = None
    usage: TranscriptionUsage | None = None
    logprobs: list[JSONObject] | None = None


class TranslationResponse(Reply):
    """The JSON forms of an answer: plain and verbose."""

    text: str
    task: str | None = None
    language: str | None = None
    duration: float | None = None
    segments: list[Segment] | None = None
