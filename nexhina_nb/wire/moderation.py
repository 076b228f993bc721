"""Moderation (contract 1.36 to 1.39)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from nexhina_nb.wire.base import Reply, Request, Several
from nexhina_nb.wire.messages import ContentPart

CATEGORIES = (
    "hate",
    "hate/threatening",
    "harassment",
    "harassment/threatening",
    "illicit",
    "illicit/violent",
    "self-harm",
    "self-harm/intent",
    "self-harm/instructions",
    "sexual",
    "sexual/minors",
    "violence",
    "violence/graphic",
)


def _input_branch(value: object) -> str | None:
    if isinstance(value, list):
        return "~texts" if not value or isinstance(value[0], str) else "~parts"
    return "~text" if isinstance(value, str) else None


ModerationInput = Annotated[
    Annotated[str, Tag("~text")]
    | Annotated[Several[str], Field(min_length=1), Tag("~texts")]
    | Annotated[Several[ContentPart], Tag("~parts")],
    Discriminator(
        _input_branch,
        custom_error_type="wrong_kind",
        custom_error_message="must be a string, an array of strings or an array of parts",
    ),
]


class ModerationRequest(Request):
    """POST /v1/moderations. Each string is judged alone, parts are judged together."""

    input: ModerationInput
    model: str | None = None


class ModerationCategory(Reply):
    """Whether each category applies. Two of them are null with models that do not know them."""

    hate: bool
    hate_threatening: bool = Field(alias="hate/threatening")
    harassment: bool
    harassment_threatening: bool = Field(alias="harassment/threatening")
    illicit: bool | None = None
    illicit_violent: bool | None = Field(default=None, alias="illicit/violent")
    self_harm: bool = Field(alias="self-harm")
    self_harm_intent: bool = Field(alias="self-harm/intent")
    self_harm_instructions: bool = Field(alias="self-harm/instructions")
    sexual: bool
    sexual_minors: bool = Field(alias="sexual/minors")
    violence: bool
    violence_graphic: bool = Field(alias="violence/graphic")


class ModerationScores(Reply):
    """How much each category applies, from 0 to 1."""

    hate: float
    hate_threatening: float = Field(alias="hate/threatening")
    harassment: float
    harassment_threatening: float = Field(alias="harassment/threatening")
    illicit: float | None = None
    illicit_violent: float | None = Field(default=None, alias="illicit/violent")
    self_harm: float = Field(alias="self-harm")
    self_harm_intent: float = Field(alias="self-harm/intent")
    self_harm_instructions: float = Field(alias="self-harm/instructions")
    sexual: float
    sexual_minors: float = Field(alias="sexual/minors")
    violence: float
    violence_graphic: float = Field(alias="violence/graphic")


class ModerationResult(Reply):
    """The judgement of one input; ``flagged`` if any category applies."""

    flagged: bool
    categories: ModerationCategory
    category_scores: ModerationScores
    category_applied_input_types: dict[str, list[Literal["text", "image"]]] | None = None


class ModerationResponse(Reply):
    """One result per string, or one for all parts."""

    id: str
    model: str
    results: list[ModerationResult]
