"""Chat completions: request, reply and the chunks of a stream (contract 1.10 and 1.12 to 1.14)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from nexhina_nb.wire.base import (
    IsList,
    IsObject,
    IsText,
    JSONObject,
    Reply,
    Request,
    Several,
    Text,
    lacking,
    one_of,
    unfit,
)
from nexhina_nb.wire.chat_options import (
    AudioOptions,
    Prediction,
    ResponseFormat,
    StreamOptions,
    WebSearchOptions,
)
from nexhina_nb.wire.messages import AssistantMessage, ChatMessage
from nexhina_nb.wire.tools import FunctionDefinition, NamedFunction, ToolChoice, ToolDefinition
from nexhina_nb.wire.usage import Usage

LARGEST_ANSWER = 1_073_741_823  # New API refuses more tokens than that (contract 1.16)

AnswerLength = Annotated[int, Field(ge=0, le=LARGEST_ANSWER)]
Temperature = Annotated[float, Field(ge=0, le=2)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Penalty = Annotated[float, Field(ge=-2, le=2)]
ServiceTier = Literal["auto", "default", "flex", "scale", "priority", "fast"]
Stop = Annotated[
    Text | Annotated[list[str], Field(max_length=4), IsList],
    one_of("a string or an array of strings"),
]
AnyToolChoice = Annotated[
    Annotated[Literal["none", "auto", "required"], IsText] | Annotated[ToolChoice, IsObject],
    one_of("'none', 'auto', 'required' or an object that names a tool"),
]
Metadata = Annotated[JSONObject, Field(max_length=16)]


class ChatCompletionRequest(Request):
    """POST /v1/chat/completions. Fields that are not here are kept and passed on."""

    model: str = Field(min_length=1)
    messages: Several[ChatMessage]
    temperature: Temperature | None = None
    top_p: Fraction | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: Stop | None = None
    max_tokens: AnswerLength | None = None
    max_completion_tokens: AnswerLength | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None
    user: str | None = None
    tools: Several[ToolDefinition] | None = Field(default=None, max_length=128)
    tool_choice: AnyToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    seed: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None = None
    reasoning_effort: str | None = None
    modalities: list[Literal["text", "audio"]] | None = None
    audio: AudioOptions | None = None
    logprobs: bool | None = None
    top_logprobs: Annotated[int, Field(ge=0, le=20)] | None = None
    verbosity: Literal["low", "medium", "high"] | None = None
    prediction: Prediction | None = None
    web_search_options: WebSearchOptions | None = None
    metadata: Metadata | None = None
    store: bool | None = None
    service_tier: ServiceTier | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None
    prompt_cache_retention: str | None = None
    functions: list[FunctionDefinition] | None = Field(default=None, max_length=128)
    function_call: (
        Annotated[
            Text | Annotated[NamedFunction, IsObject], one_of("a string or an object with 'name'")
        ]
        | None
    ) = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        extra = self.model_extra or {}
        if not self.messages and not (extra.get("prefix") or extra.get("suffix")):
            raise unfit("messages", "have at least one message")
        if self.stream_options is not None and not self.stream:
            raise unfit("stream_options", "go with stream: true")
        if self.top_logprobs is not None and not self.logprobs:
            raise unfit("top_logprobs", "go with logprobs: true")
        if "audio" in (self.modalities or ()) and self.audio is None:
            raise lacking("audio", "when modalities has 'audio'")
        return self

    @property
    def stops(self) -> list[str]:
        """The stop strings, in whichever form they came."""
        return [self.stop] if isinstance(self.stop, str) else self.stop or []

    @property
    def wants_usage(self) -> bool:
        """Whether a stream must end with a usage chunk."""
        return bool(self.stream_options and self.stream_options.include_usage)


# The seed names both; they are one form (contract 1.1).
ChatRequest = ChatCompletionRequest


class TopLogprob(Reply):
    """A token that could have come instead."""

    token: str
    logprob: float
    bytes: list[int] | None = None


class TokenLogprob(TopLogprob):
    """A token and how probable it was (natural logarithm)."""

    top_logprobs: list[TopLogprob] = []


class ChoiceLogprobs(Reply):
    """Tokens of the text and of a refusal."""

    content: list[TokenLogprob] | None = None
    refusal: list[TokenLogprob] | None = None


class ChatCompletionChoice(Reply):
    """One of ``n`` answers."""

    index: int
    message: AssistantMessage
    finish_reason: str | None
    logprobs: ChoiceLogprobs | None = None


class ChatCompletionResponse(Reply):
    """A whole answer. Some servers leave out the ``usage`` that the contract wants."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: list[ChatCompletionChoice]
    usage: Usage | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None


class FunctionDelta(Reply):
    """A piece of a function call."""

    name: str | None = None
    arguments: str | None = None


class ToolCallDelta(Reply):
    """A piece of the tool call at ``index``; the first one brings ``id``, ``type`` and the name."""

    index: int
    id: str | None = None
    type: str | None = None
    function: FunctionDelta | None = None


class ChunkDelta(Reply):
    """What a chunk adds to a message."""

    role: str | None = None
    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[ToolCallDelta] | None = None
    audio: dict[str, Any] | None = None


class ChunkChoice(Reply):
    """What a chunk adds to the choice at ``index``."""

    index: int
    delta: ChunkDelta
    finish_reason: str | None = None
    logprobs: ChoiceLogprobs | None = None


class ChatCompletionChunk(Reply):
    """One `data:` line of a stream; ``choices`` is empty only in the usage chunk."""

    id: str
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"
    created: int
    model: str
    choices: list[ChunkChoice]
    usage: Usage | None = None
    system_fingerprint: str | None = None
    service_tier: str | None = None
