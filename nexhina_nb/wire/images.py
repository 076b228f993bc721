"""Images from text (contract 1.23 to 1.27)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from nexhina_nb.wire.base import Reply, Request


def _ascii_size(size: str) -> str:
    if "×" in size:
        raise PydanticCustomError("unfit", "must be written with the letter x, like 1024x1024")
    return size


Size = Annotated[str, Field(min_length=1), AfterValidator(_ascii_size)]


class ImageGenerationRequest(Request):
    """POST /v1/images/generations. Which sizes and qualities there are depends on the model."""

    prompt: str = Field(min_length=1, max_length=32_000)
    model: str | None = None
    n: Annotated[int, Field(ge=1, le=10)] | None = None
    size: Size | None = None
    quality: Literal["standard", "hd", "low", "medium", "high", "auto"] | None = None
    style: Literal["vivid", "natural"] | None = None
    response_format: Literal["url", "b64_json"] | None = None
    user: str | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    moderation: Literal["low", "auto"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = None
    stream: bool | None = None


class ImageData(Reply):
    """One image: a link that soon expires, or base64 bytes."""

    url: str | None = None
    b64_json: str | None = Field(default=None, repr=False)
    revised_prompt: str | None = None


class ImageUsageInputTokensDetails(Reply):
    """What the input was made of."""

    text_tokens: int
    image_tokens: int


class ImageUsageOutputTokensDetails(Reply):
    """What the output was made of."""

    text_tokens: int | None = None
    image_tokens: int | None = None


class ImageUsage(Reply):
    """Tokens of one call; total = input + output."""

    input_tokens: int
    input_tokens_details: ImageUsageInputTokensDetails
    output_tokens: int
    output_tokens_details: ImageUsageOutputTokensDetails | None = None
    total_tokens: int


class ImageGenerationResponse(Reply):
    """The images; only models that count tokens have a ``usage``."""

    created: int
    data: list[ImageData]
    usage: ImageUsage | None = None
    background: str | None = None
    output_format: str | None = None
    quality: str | None = None
    size: str | None = None
