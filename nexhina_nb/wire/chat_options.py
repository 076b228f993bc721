"""The objects inside a chat request that say how the answer is to be given (contract 1.10)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nexhina_nb.wire.base import IsObject, JSONObject, Request, Text, lacking, one_of
from nexhina_nb.wire.messages import Content


class StreamOptions(Request):
    """What a stream carries besides the text."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class JSONSchemaFormat(Request):
    """The schema that an answer must follow."""

    name: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    description: str | None = None
    schema_: JSONObject | None = Field(default=None, alias="schema")
    strict: bool | None = None


class ResponseFormat(Request):
    """Free text, any JSON object, or JSON that follows a schema."""

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JSONSchemaFormat | None = None

    @model_validator(mode="after")
    def _brings_its_schema(self) -> Self:
        if self.type == "json_schema" and self.json_schema is None:
            raise lacking("json_schema", "when type is 'json_schema'")
        return self


class AudioOptions(Request):
    """How an answer is spoken."""

    voice: Annotated[Text | Annotated[JSONObject, IsObject], one_of("a voice's name or object")]
    format: Literal["wav", "aac", "mp3", "flac", "opus", "pcm16"]


class Prediction(Request):
    """Text that most of the answer will repeat."""

    type: Literal["content"]
    content: Content


class WebSearchOptions(Request):
    """How much of the web to look at."""

    search_context_size: Literal["low", "medium", "high"] | None = None
    user_location: JSONObject | None = None
