"""One turn of a conversation: roles and content parts (contract 1.3)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from nexhina_nb.wire.base import (
    IsList,
    IsObject,
    JSONObject,
    Request,
    Several,
    Text,
    lacking,
    one_of,
)
from nexhina_nb.wire.tools import FunctionCall, ToolCall

Role = Literal["system", "user", "assistant", "tool", "developer", "function"]


class ImageURL(Request):
    """Where an image is: http(s), or a data URI with base64."""

    url: str
    detail: Literal["low", "high", "auto"] | None = None


class InputAudio(Request):
    """Sound, base64."""

    data: str
    format: Literal["wav", "mp3"]


class FileSource(Request):
    """A file: base64 data URI, or the id of an uploaded one."""

    filename: str | None = None
    file_data: str | None = None
    file_id: str | None = None


class VideoURL(Request):
    """Where a video is."""

    url: str


class TextPart(Request):
    """A piece of text."""

    type: Literal["text"] = "text"
    text: str


class ImagePart(Request):
    """An image; some clients send the bare URL instead of an object."""

    type: Literal["image_url"] = "image_url"
    image_url: Annotated[
        Text | Annotated[ImageURL, IsObject], one_of("a URL or an object with 'url'")
    ]

    @property
    def url(self) -> str:
        """The URL, in whichever form it came."""
        return self.image_url if isinstance(self.image_url, str) else self.image_url.url


class AudioPart(Request):
    """Sound."""

    type: Literal["input_audio"] = "input_audio"
    input_audio: InputAudio


class FilePart(Request):
    """A file, a PDF for example."""

    type: Literal["file"] = "file"
    file: FileSource


class VideoPart(Request):
    """A video (an extension of New API)."""

    type: Literal["video_url"] = "video_url"
    video_url: Annotated[
        Text | Annotated[VideoURL, IsObject], one_of("a URL or an object with 'url'")
    ]

    @property
    def url(self) -> str:
        """The URL, in whichever form it came."""
        return self.video_url if isinstance(self.video_url, str) else self.video_url.url


class RefusalPart(Request):
    """Why the assistant would not answer."""

    type: Literal["refusal"] = "refusal"
    refusal: str


class OtherPart(Request):
    """A part that a vendor invented: passed on as it is."""

    type: str


_PARTS = frozenset({"text", "image_url", "input_audio", "file", "video_url", "refusal"})


def _part_branch(value: object) -> str:
    name = value.get("type") if isinstance(value, dict) else getattr(value, "type", None)
    return f"~{name}" if isinstance(name, str) and name in _PARTS else "~other"


ContentPart = Annotated[
    Annotated[TextPart, Tag("~text")]
    | Annotated[ImagePart, Tag("~image_url")]
    | Annotated[AudioPart, Tag("~input_audio")]
    | Annotated[FilePart, Tag("~file")]
    | Annotated[VideoPart, Tag("~video_url")]
    | Annotated[RefusalPart, Tag("~refusal")]
    | Annotated[OtherPart, Tag("~other")],
    Discriminator(_part_branch),
]
Content = Annotated[
    Text | Annotated[Several[ContentPart], IsList], one_of("a string or an array of parts")
]


class MessageAudio(Request):
    """A spoken turn: a request refers to it by ``id``, a reply brings it."""

    id: str
    data: str | None = Field(default=None, repr=False)
    expires_at: int | None = None
    transcript: str | None = None


class ChatMessage(Request):
    """One message. Content may be null only where something stands for it, such as tool calls."""

    role: Role
    content: Content | None = None
    name: str | None = None
    tool_calls: Several[ToolCall] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    annotations: list[JSONObject] | None = None
    audio: MessageAudio | None = None
    prefix: bool | None = None
    function_call: FunctionCall | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.role == "tool" and not self.tool_call_id:
            raise lacking("tool_call_id", "when role is 'tool'")
        if self.content is None and not (self.role == "assistant" and self._stands_in()):
            raise lacking("content", "unless the assistant calls tools")
        return self

    def _stands_in(self) -> Any:
        spoken = self.refusal or self.audio or self.reasoning_content
        return spoken or self.tool_calls or self.function_call

    @property
    def text(self) -> str:
        """The text of the message; several text parts are joined by line ends."""
        if isinstance(self.content, str):
            return self.content
        return "\n".join(part.text for part in self.content or () if isinstance(part, TextPart))


class AssistantMessage(ChatMessage):
    """What a model wrote; it may be empty, as when thinking used up all of `max_tokens`."""

    role: Role = "assistant"

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        return self
