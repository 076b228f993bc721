"""Anthropic's Messages (contract 2.10): requests, replies, errors, the list of models.

Coding tools send more fields and blocks than are named here: those are kept and passed on.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from nexhina_nb.wire.base import IsList, JSONObject, Reply, Request, Several, Text, lacking
from nexhina_nb.wire.chat import AnswerLength, Fraction
from nexhina_nb.wire.messages_blocks import BLOCKS_WANTED, Block, TextBlock


class MessageTurn(Request):
    """One turn; results of tools are turns of the user."""

    role: Literal["user", "assistant", "system"]
    content: Annotated[Text | Annotated[Several[Block], IsList], BLOCKS_WANTED]


class MessagesTool(Request):
    """A tool on offer. Types other than "custom" are known to Anthropic by name, without schema."""

    type: str | None = None
    name: str | None = Field(default=None, min_length=1, max_length=128)
    description: str | None = None
    input_schema: JSONObject | None = None
    strict: bool | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.type in (None, "custom"):
            for field in ("name", "input_schema"):
                if getattr(self, field) is None:
                    raise lacking(field, "unless type names a tool of Anthropic's")
        return self


class MessagesToolChoice(Request):
    """Whether tools are called; ``name`` goes with the type "tool"."""

    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None

    @model_validator(mode="after")
    def _names_a_tool(self) -> Self:
        if self.type == "tool" and self.name is None:
            raise lacking("name", "when type is 'tool'")
        return self


class Thinking(Request):
    """Whether to think first, and for how many tokens at most."""

    type: Literal["enabled", "disabled", "adaptive"]
    budget_tokens: Annotated[int, Field(ge=1)] | None = None


class MessagesFormat(Request):
    """The form that an answer must follow; ``schema`` goes with the type "json_schema"."""

    type: str
    schema_: JSONObject | None = Field(default=None, alias="schema")

    @model_validator(mode="after")
    def _brings_its_schema(self) -> Self:
        if self.type == "json_schema" and self.schema_ is None:
            raise lacking("schema", "when type is 'json_schema'")
        return self


class OutputConfig(Request):
    """How hard to try, and in which form to answer."""

    effort: str | None = None
    format: MessagesFormat | None = None


class TokenCountRequest(Request):
    """POST /v1/messages/count_tokens: what would be sent."""

    model: str = Field(min_length=1)
    messages: Several[MessageTurn] = Field(min_length=1)
    system: Annotated[Text | Annotated[Several[TextBlock], IsList], BLOCKS_WANTED] | None = None
    tools: Several[MessagesTool] | None = None
    tool_choice: MessagesToolChoice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: MessagesFormat | None = None


class MessagesRequest(TokenCountRequest):
    """POST /v1/messages."""

    max_tokens: AnswerLength
    stream: bool | None = None
    stop_sequences: list[str] | None = None
    temperature: Fraction | None = None
    top_p: Fraction | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    metadata: JSONObject | None = None
    service_tier: str | None = None


class MessagesUsage(Reply):
    """Tokens of one call; ``input_tokens`` leaves out what a cache was read or written for."""

    input_tokens: int
    output_tokens: int
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None


class MessagesReply(Reply):
    """A whole answer."""

    id: str
    type: Literal["message"] = "message"
    role: Literal["assistant"] = "assistant"
    model: str
    content: list[JSONObject]
    stop_reason: str | None
    stop_sequence: str | None = None
    usage: MessagesUsage


class TokenCount(Reply):
    """How many tokens a call would send."""

    input_tokens: int


class MessagesErrorDetail(Reply):
    """What went wrong."""

    type: str
    message: str


class MessagesError(Reply):
    """The body of an error status in Anthropic's form."""

    type: Literal["error"] = "error"
    error: MessagesErrorDetail
    request_id: str | None = None


class MessagesModel(Reply):
    """One model, in Anthropic's form."""

    id: str
    type: Literal["model"] = "model"
    display_name: str
    created_at: str
    lifecycle: Literal["active"] = "active"
    max_input_tokens: int | None = None
    max_tokens: int | None = None


class MessagesModelList(Reply):
    """The models, in Anthropic's form; ``first_id`` and ``last_id`` are null if there is none."""

    data: list[MessagesModel]
    has_more: bool
    first_id: str | None
    last_id: str | None
