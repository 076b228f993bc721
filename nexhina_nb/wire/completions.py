"""Legacy completions: a prompt instead of a conversation (contract 2.4)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from nexhina_nb.wire.base import JSONObject, Reply, Request, Several, unfit
from nexhina_nb.wire.chat import AnswerLength, Fraction, Penalty, Stop, Temperature
from nexhina_nb.wire.chat_options import StreamOptions
from nexhina_nb.wire.embeddings import MOST_ENTRIES, TokenIds, texts_or_tokens
from nexhina_nb.wire.usage import Usage

Prompt = Annotated[
    Annotated[str, Tag("~text")]
    | Annotated[Several[str], Field(min_length=1, max_length=MOST_ENTRIES), Tag("~texts")]
    | Annotated[TokenIds, Tag("~tokens")]
    | Annotated[
        Several[TokenIds], Field(min_length=1, max_length=MOST_ENTRIES), Tag("~token_rows")
    ],
    Discriminator(
        texts_or_tokens,
        custom_error_type="wrong_kind",
        custom_error_message="must be a string, an array of strings or token ids",
    ),
]


class CompletionRequest(Request):
    """POST /v1/completions."""

    model: str = Field(min_length=1)
    prompt: Prompt
    suffix: str | None = None
    max_tokens: AnswerLength | None = None
    temperature: Temperature | None = None
    top_p: Fraction | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    best_of: Annotated[int, Field(ge=0, le=20)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    stop: Stop | None = None
    echo: bool | None = None
    logprobs: Annotated[int, Field(ge=0, le=5)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = None
    seed: int | None = None
    user: str | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.stream_options is not None and not self.stream:
            raise unfit("stream_options", "go with stream: true")
        if self.best_of is not None and self.best_of < (self.n or 1):
            raise unfit("best_of", "be at least n")
        return self


class CompletionChoice(Reply):
    """One continuation."""

    text: str
    index: int
    logprobs: JSONObject | None = None
    finish_reason: str | None


class CompletionResponse(Reply):
    """A whole answer, or a chunk of a stream: both have the same form here."""

    id: str
    object: Literal["text_completion"] = "text_completion"
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage | None = None
