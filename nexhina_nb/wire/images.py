"""Images from text, and from other images (contract 1.23 to 1.27, 2.7).

What a model can do is its own affair, but the two families whose sizes the contract lists are
checked here, as in New API; newer models take sizes, qualities and formats that it does not name.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from nexhina_nb.wire.base import (
    IsList,
    IsObject,
    Reply,
    Request,
    Several,
    Text,
    lacking,
    one_of,
    unfit,
)

_SQUARES = ("256x256", "512x512", "1024x1024")
_GPT_SIZES = ("auto", "1024x1024", "1536x1024", "1024x1536")
_SIZES = {
    "dall-e": _SQUARES,
    "dall-e-2": _SQUARES,
    "dall-e-3": ("1024x1024", "1024x1792", "1792x1024"),
    "gpt-image-1": _GPT_SIZES,
    "gpt-image-1-mini": _GPT_SIZES,
    "gpt-image-1.5": _GPT_SIZES,
}
MOST_PICTURES = 16


def _ascii_size(size: str) -> str:
    if "×" in size:
        raise PydanticCustomError("unfit", "must be written with the letter x, like 1024x1024")
    return size


Size = Annotated[str, Field(min_length=1), AfterValidator(_ascii_size)]


class ImageOptions(Request):
    """What the pictures of a call are to be like."""

    prompt: str = Field(min_length=1, max_length=32_000)
    model: str | None = None
    n: Annotated[int, Field(ge=1, le=10)] | None = None
    size: Size | None = None
    quality: Literal["standard", "hd", "low", "medium", "high", "xhigh", "max", "auto"] | None = (
        None
    )
    response_format: Literal["url", "b64_json"] | None = None
    user: str | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    output_format: Literal["png", "jpeg", "webp", "gif", "svg"] | None = None
    output_compression: Annotated[int, Field(ge=0, le=100)] | None = None
    partial_images: Annotated[int, Field(ge=0, le=3)] | None = None
    stream: bool | None = None

    @model_validator(mode="after")
    def _has_a_size_of_its_model(self) -> Self:
        sizes = _SIZES.get(self.model or "")
        if sizes and self.size is not None and self.size not in sizes:
            raise unfit("size", f"be one of {', '.join(sizes)} for {self.model}")
        return self


class ImageGenerationRequest(ImageOptions):
    """POST /v1/images/generations."""

    style: Literal["vivid", "natural"] | None = None
    moderation: Literal["low", "auto"] | None = None


class ImageSource(Request):
    """A picture to start from: a file of a form, here by its name and size, or a link in JSON."""

    filename: str | None = None
    size: int | None = None
    image_url: str | None = None
    file_id: str | None = None

    @model_validator(mode="after")
    def _holds_something(self) -> Self:
        if self.size == 0:
            raise PydanticCustomError("unfit", "must not be an empty file")
        return self


Picture = Annotated[
    Text | Annotated[ImageSource, IsObject], one_of("a file, or a link or data URI in JSON")
]
Pictures = Annotated[Several[Picture], Field(min_length=1, max_length=MOST_PICTURES)]


class ImageEditRequest(ImageOptions):
    """POST /v1/images/edits, as a form or as JSON: a form has its pictures in ``image``, OpenAI's
    JSON in ``images``. ``mask`` is transparent where the first picture is to change.
    """

    image: (
        Annotated[
            Text | Annotated[ImageSource, IsObject] | Annotated[Pictures, IsList],
            one_of("a file, or several"),
        ]
        | None
    ) = None
    images: Pictures | None = None
    mask: Picture | None = None
    input_fidelity: Literal["high", "low"] | None = None

    @model_validator(mode="after")
    def _has_a_picture(self) -> Self:
        if not self.image and not self.images:
            raise lacking("image", "to edit a picture")
        return self


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
