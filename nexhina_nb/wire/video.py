"""Video, which is made in the background (contract 1.33 to 1.35 and 2.9)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from nexhina_nb.wire.base import IsObject, JSONObject, Reply, Request, Text, lacking, one_of
from nexhina_nb.wire.images import Size


def _up_to_an_hour(seconds: str) -> str:
    if not (seconds.isascii() and seconds.isdecimal() and 1 <= int(seconds[:9]) <= 3600):
        raise PydanticCustomError("unfit", "must be a whole number from 1 to 3600")
    return seconds


# In a form it is a file, of which its name and size are known here.
Picture = Annotated[
    Text | Annotated[JSONObject, IsObject], one_of("a picture's address, its bytes, or a file")
]
Seconds = Annotated[str, AfterValidator(_up_to_an_hour)]
VideoStatus = Literal["queued", "in_progress", "completed", "failed"]


class VideoGenerationRequest(Request):
    """POST /v1/video/generations or /v1/videos. ``duration`` and ``seconds`` mean the same."""

    model: str = Field(min_length=1)
    prompt: str | None = Field(default=None, min_length=1, max_length=32_000)
    image: str | None = None
    images: list[str] | None = None
    input_reference: Picture | None = None
    duration: Annotated[float, Field(gt=0, le=3600)] | None = None
    seconds: Seconds | None = None
    size: Size | None = None
    width: Annotated[int, Field(ge=1)] | None = None
    height: Annotated[int, Field(ge=1)] | None = None
    fps: Annotated[int, Field(ge=1)] | None = None
    seed: int | None = None
    n: Annotated[int, Field(ge=1)] | None = None
    response_format: str | None = None
    user: str | None = None
    mode: str | None = None
    metadata: JSONObject | None = None

    @model_validator(mode="after")
    def _has_something_to_show(self) -> Self:
        if not (self.prompt or self.image or self.images or self.input_reference):
            raise lacking("prompt", "unless there is an image")
        return self


class VideoRemixRequest(Request):
    """POST /v1/videos/{id}/remix: the same video, changed as the prompt says."""

    prompt: str = Field(min_length=1, max_length=32_000)


class VideoData(Reply):
    """One video: a link, or base64 bytes."""

    url: str | None = None
    b64_json: str | None = Field(default=None, repr=False)
    format: str | None = None
    duration: float | None = None
    width: int | None = None
    height: int | None = None
    fps: int | None = None
    seed: int | None = None
    revised_prompt: str | None = None


class VideoError(Reply):
    """Why a video failed; the code is a word in the one style and a number in the other."""

    code: Any = None
    message: str | None = None


class VideoGenerationResponse(Reply):
    """A video job in both styles at once: ``task_id`` = ``id``, ``progress`` from 0 to 100."""

    id: str
    task_id: str
    object: Literal["video"] = "video"
    model: str
    status: VideoStatus
    progress: int
    prompt: str | None = None
    created_at: int
    created: int | None = None
    completed_at: int | None = None
    expires_at: int | None = None
    seconds: str | None = None
    size: str | None = None
    remixed_from_video_id: str | None = None
    data: list[VideoData] | None = None
    url: str | None = None
    format: str | None = None
    metadata: JSONObject | None = None
    error: VideoError | None = None


class VideoList(Reply):
    """GET /v1/videos: a page of the caller's videos."""

    object: Literal["list"] = "list"
    data: list[VideoGenerationResponse]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool


class VideoDeleted(Reply):
    """DELETE /v1/videos/{id}."""

    id: str
    object: Literal["video.deleted"] = "video.deleted"
    deleted: bool


class VideoTask(Reply):
    """GET /v1/video/generations/{id}: New API's envelope, and around it the specification's
    form.
    """

    code: str
    message: str
    data: JSONObject
    task_id: str
    status: VideoStatus
    url: str | None = None
    format: str | None = None
    metadata: JSONObject | None = None
    error: VideoError | None = None
