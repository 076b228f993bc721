"""The blocks that Anthropic's messages are made of (contract 2.10)."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from nexhina_nb.wire.base import IsList, JSONObject, Request, Several, Text, lacking, one_of

BLOCKS_WANTED = one_of("a string or an array of blocks")


class BlockSource(Request):
    """Where a picture or a document is: in base64, behind a URL, or in plain text."""

    type: str
    media_type: str | None = None
    data: str | None = Field(default=None, repr=False)
    url: str | None = None

    @model_validator(mode="after")
    def _says_where(self) -> Self:
        if self.type in ("base64", "text") and self.data is None:
            raise lacking("data", f"when type is '{self.type}'")
        if self.type == "base64" and self.media_type is None:
            raise lacking("media_type", "when type is 'base64'")
        if self.type == "url" and self.url is None:
            raise lacking("url", "when type is 'url'")
        return self


class TextBlock(Request):
    """Text."""

    type: Literal["text"] = "text"
    text: str


class ImageBlock(Request):
    """A picture."""

    type: Literal["image"] = "image"
    source: BlockSource


class ToolUseBlock(Request):
    """A tool call of the assistant."""

    type: Literal["tool_use"] = "tool_use"
    id: str = Field(min_length=1)
    name: str = Field(min_length=1, max_length=200)
    input: JSONObject


class ThinkingBlock(Request):
    """What the assistant thought before it answered."""

    type: Literal["thinking"] = "thinking"
    thinking: str
    signature: str | None = None


class OtherBlock(Request):
    """A block that is not named here: kept as it is."""

    type: str


def _branch_of(value: object) -> str:
    name = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"~{name}" if isinstance(name, str) and name in _BLOCKS else "~other"


_BLOCKS = frozenset({"text", "image", "document", "tool_use", "tool_result", "thinking"})


def _branch_of_source(value: object) -> str:
    branch = _branch_of(value)
    return branch if branch in ("~text", "~image") else "~other"


SourceBlock = Annotated[
    Annotated[TextBlock, Tag("~text")]
    | Annotated[ImageBlock, Tag("~image")]
    | Annotated[OtherBlock, Tag("~other")],
    Discriminator(_branch_of_source),
]


class DocumentSource(BlockSource):
    """Where a document is; ``content`` goes with the type "content"."""

    content: Annotated[Text | Annotated[Several[SourceBlock], IsList], BLOCKS_WANTED] | None = None


class DocumentBlock(Request):
    """A document: a PDF, or plain text."""

    type: Literal["document"] = "document"
    source: DocumentSource
    title: str | None = None
    context: str | None = None


def _branch_of_result(value: object) -> str:
    branch = _branch_of(value)
    return branch if branch in ("~text", "~image", "~document") else "~other"


ResultBlock = Annotated[
    Annotated[TextBlock, Tag("~text")]
    | Annotated[ImageBlock, Tag("~image")]
    | Annotated[DocumentBlock, Tag("~document")]
    | Annotated[OtherBlock, Tag("~other")],
    Discriminator(_branch_of_result),
]


class ToolResultBlock(Request):
    """What a tool gave back to the call ``tool_use_id``."""

    type: Literal["tool_result"] = "tool_result"
    tool_use_id: str = Field(min_length=1)
    content: Annotated[Text | Annotated[Several[ResultBlock], IsList], BLOCKS_WANTED] | None = None
    is_error: bool | None = None


Block = Annotated[
    Annotated[TextBlock, Tag("~text")]
    | Annotated[ImageBlock, Tag("~image")]
    | Annotated[DocumentBlock, Tag("~document")]
    | Annotated[ToolUseBlock, Tag("~tool_use")]
    | Annotated[ToolResultBlock, Tag("~tool_result")]
    | Annotated[ThinkingBlock, Tag("~thinking")]
    | Annotated[OtherBlock, Tag("~other")],
    Discriminator(_branch_of),
]
