"""What streams and the other routes of the Responses API take and answer (contract 2.5)."""

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
from nexhina_nb.wire.response_items import ResponseInputItem
from nexhina_nb.wire.responses import (
    ReasoningOptions,
    ResponseObject,
    ResponseTool,
    ResponseToolChoice,
    TextOptions,
)
from nexhina_nb.wire.usage import ResponseUsage

# The events that end a stream; there is no [DONE] here.
LAST_EVENTS = frozenset({"response.completed", "response.failed", "response.incomplete", "error"})


class ResponseEvent(Reply):
    """One event; ``sequence_number`` counts from 0, ``type`` says which other fields there are."""

    type: str
    sequence_number: int
    response: ResponseObject | None = None
    item: JSONObject | None = None
    part: JSONObject | None = None
    item_id: str | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    delta: str | None = None
    text: str | None = None
    arguments: str | None = None
    refusal: str | None = None
    code: str | None = None
    message: str | None = None
    param: str | None = None

    @property
    def is_last(self) -> bool:
        """Whether the stream ends here."""
        return self.type in LAST_EVENTS


class ResponseDeleted(Reply):
    """DELETE /v1/responses/{id}."""

    id: str
    object: Literal["response"] = "response"
    deleted: bool


class ResponseInputItems(Reply):
    """GET /v1/responses/{id}/input_items."""

    object: Literal["list"] = "list"
    data: list[JSONObject]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool = False


class _Conversation(Request):
    """A conversation: what goes in, what it goes on from, or both."""

    model: str = Field(min_length=1)
    input: (
        Annotated[
            Text | Annotated[Several[ResponseInputItem], IsList],
            one_of("a string or an array of items"),
        ]
        | None
    ) = None
    instructions: str | None = None
    previous_response_id: str | None = None

    @model_validator(mode="after")
    def _has_items(self) -> Self:
        if self.input is None and not self.previous_response_id:
            raise lacking("input", "unless there is a previous_response_id")
        return self


class ResponseCompactRequest(_Conversation):
    """POST /v1/responses/compact."""


class ResponseCompaction(Reply):
    """A conversation in fewer tokens: ``output`` is the input of what comes next."""

    id: str
    object: Literal["response.compaction"] = "response.compaction"
    created_at: float
    output: list[JSONObject]
    usage: ResponseUsage | None = None


class ResponseInputTokensRequest(_Conversation):
    """POST /v1/responses/input_tokens: how long a request would be."""

    tools: list[ResponseTool] | None = Field(default=None, max_length=128)
    tool_choice: ResponseToolChoice | None = None
    parallel_tool_calls: bool | None = None
    reasoning: ReasoningOptions | None = None
    text: TextOptions | None = None
    truncation: Literal["auto", "disabled"] | None = None
    conversation: (
        Annotated[Text | Annotated[JSONObject, IsObject], one_of("an id or an object with 'id'")]
        | None
    ) = None

    @model_validator(mode="after")
    def _goes_on_from_one(self) -> Self:
        if self.previous_response_id and self.conversation:
            raise unfit("previous_response_id", "not go with conversation")
        return self


class ResponseInputTokens(Reply):
    """POST /v1/responses/input_tokens."""

    object: Literal["response.input_tokens"] = "response.input_tokens"
    input_tokens: int
