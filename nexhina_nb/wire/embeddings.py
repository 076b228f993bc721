"""Embeddings (contract 1.20 to 1.22 and 2.6)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag

from nexhina_nb.wire.base import IsList, Reply, Request, Several, Text, one_of
from nexhina_nb.wire.usage import Usage

MOST_ENTRIES = 2048

EntryText = Annotated[str, Field(min_length=1)]
TokenIds = Annotated[Several[Annotated[int, Field(ge=0)]], Field(min_length=1)]


def texts_or_tokens(value: object) -> str | None:
    """The branch of a field that takes texts or token ids, one or several."""
    if isinstance(value, str):
        return "~text"
    if not isinstance(value, list):
        return None
    first = value[0] if value else ""
    if isinstance(first, list):
        return "~token_rows"
    return "~texts" if isinstance(first, str) or not isinstance(first, int) else "~tokens"


EmbeddingInput = Annotated[
    Annotated[EntryText, Tag("~text")]
    | Annotated[Several[EntryText], Field(min_length=1, max_length=MOST_ENTRIES), Tag("~texts")]
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


class EmbeddingRequest(Request):
    """POST /v1/embeddings. One vector per string, or per array of token ids."""

    model: str = Field(min_length=1)
    input: EmbeddingInput
    encoding_format: Literal["float", "base64"] | None = None
    dimensions: Annotated[int, Field(ge=1)] | None = None
    user: str | None = None

    @property
    def entries(self) -> list[str] | list[list[int]]:
        """What gets a vector each, in whichever form it came."""
        if isinstance(self.input, str):
            return [self.input]
        if isinstance(self.input[0], int):
            return [self.input]
        return self.input


class EmbeddingData(Reply):
    """One vector: numbers, or base64 of little-endian float32."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: Annotated[
        Text | Annotated[list[float], IsList], one_of("an array of numbers or base64")
    ] = Field(repr=False)


class EmbeddingResponse(Reply):
    """All vectors, sorted by ``index``."""

    object: Literal["list"] = "list"
    data: list[EmbeddingData]
    model: str
    usage: Usage
