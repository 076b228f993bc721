"""The Responses API: request, answer and the events of a stream (contract 1.16, 1.19 and 2.5)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nexhina_nb.wire.base import (
    IsList,
    IsObject,
    JSONObject,
    Reply,
    Request,
    Several,
    Text,
    lacking,
    one_of,
    unfit,
)
from nexhina_nb.wire.chat import (
    LARGEST_ANSWER,
    Fraction,
    Metadata,
    ServiceTier,
    Temperature,
)
from nexhina_nb.wire.chat_options import StreamOptions
from nexhina_nb.wire.response_items import ResponseInputItem, ResponseOutputItem
from nexhina_nb.wire.usage import ResponseUsage


class ReasoningOptions(Request):
    """How hard to think, and how to tell of it."""

    effort: str | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None


class TextFormat(Request):
    """Free text, any JSON object, or JSON that follows a schema (flat, unlike in chat)."""

    type: Literal["text", "json_object", "json_schema"]
    name: Annotated[str, Field(max_length=64)] | None = None
    description: str | None = None
    schema_: JSONObject | None = Field(default=None, alias="schema")
    strict: bool | None = None

    @model_validator(mode="after")
    def _brings_its_schema(self) -> Self:
        for name, value in (("name", self.name), ("schema", self.schema_)):
            if self.type == "json_schema" and value is None:
                raise lacking(name, "when type is 'json_schema'")
        return self


class TextOptions(Request):
    """The form of the text."""

    format: TextFormat | None = None
    verbosity: Literal["low", "medium", "high"] | None = None


class ResponseTool(Request):
    """A tool on offer: a function (flat, unlike in chat), or one that the server has built in."""

    type: str
    name: str | None = None
    description: str | None = None
    parameters: JSONObject | None = None
    strict: bool | None = None

    @model_validator(mode="after")
    def _has_a_name(self) -> Self:
        if self.type == "function" and not self.name:
            raise lacking("name", "when type is 'function'")
        return self


ResponseToolChoice = Annotated[
    Text | Annotated[JSONObject, IsObject], one_of("a string or an object that names a tool")
]


class ResponseRequest(Request):
    """POST /v1/responses. Fields that are not here are kept and passed on."""

    model: str = Field(min_length=1)
    input: Annotated[
        Text | Annotated[Several[ResponseInputItem], IsList],
        one_of("a string or an array of items"),
    ]
    instructions: str | None = None
    max_output_tokens: Annotated[int, Field(ge=16, le=LARGEST_ANSWER)] | None = None
    temperature: Temperature | None = None
    top_p: Fraction | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    tools: list[ResponseTool] | None = Field(default=None, max_length=128)
    tool_choice: ResponseToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_tool_calls: Annotated[int, Field(ge=1)] | None = None
    reasoning: ReasoningOptions | None = None
    text: TextOptions | None = None
    previous_response_id: str | None = None
    conversation: (
        Annotated[Text | Annotated[JSONObject, IsObject], one_of("an id or an object with 'id'")]
        | None
    ) = None
    truncation: Literal["auto", "disabled"] | None = None
    store: bool | None = None
    background: bool | None = None
    include: list[str] | None = None
    metadata: Metadata | None = None
    user: str | None = None
    service_tier: ServiceTier | None = None
    safety_identifier: str | None = None
    prompt: JSONObject | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise unfit("stream_options", "go with stream: true")
        if self.previous_response_id and self.conversation:
            raise unfit("previous_response_id", "not go with conversation")
        if self.background and self.store is False:
            raise unfit("background", "go with store: true")
        return self


class ResponseError(Reply):
    """Why a response failed."""

    code: str | None = None
    message: str


class IncompleteDetails(Reply):
    """Why a response ends early: max_output_tokens or content_filter."""

    reason: str | None = None


class ResponseObject(Reply):
    """A response. ``output`` is in any order: its first item need not be the message."""

    id: str
    object: Literal["response"] = "response"
    created_at: float
    completed_at: float | None = None
    status: str | None = None
    error: ResponseError | None
    incomplete_details: IncompleteDetails | None
    instructions: (
        Annotated[
            Text | Annotated[list[ResponseInputItem], IsList],
            one_of("a string or an array of items"),
        ]
        | None
    )
    model: str
    output: list[ResponseOutputItem]
    parallel_tool_calls: bool
    previous_response_id: str | None = None
    reasoning: JSONObject | None = None
    temperature: float | None
    top_p: float | None
    text: JSONObject | None = None
    tool_choice: ResponseToolChoice
    tools: list[JSONObject]
    truncation: str | None = None
    max_output_tokens: int | None = None
    metadata: JSONObject | None
    store: bool | None = None
    background: bool | None = None
    user: str | None = None
    service_tier: str | None = None
    usage: ResponseUsage | None = None

    @property
    def output_text(self) -> str:
        """All text of all messages in ``output``, which is not on the wire itself."""
        parts = (part for item in self.output for part in getattr(item, "content", None) or ())
        return "".join(part.text for part in parts if getattr(part, "type", "") == "output_text")
