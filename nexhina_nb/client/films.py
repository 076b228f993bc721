"""What a gateway says about a video that it makes, and how that looks in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from nexhina_nb.client import players
from nexhina_nb.client.cost import Cost, cost_of
from nexhina_nb.client.exchange import Response, not_an_answer
from nexhina_nb.client.replies import Bundle, facts, shown
from nexhina_nb.client.target import Target
from nexhina_nb.errors import APIError
from nexhina_nb.pricing.markup import escaped
from nexhina_nb.wire import VideoGenerationResponse
from nexhina_nb.wire.errors import from_body
from nexhina_nb.wire.extensions import QUOTA_HEADER

# The words of the styles of contract 2.9 for the four states.
_STATES = {
    "not_start": "queued", "submitted": "queued", "queued": "queued", "unknown": "queued",
    "in_progress": "in_progress", "processing": "in_progress",
    "success": "completed", "succeeded": "completed", "completed": "completed",
    "failure": "failed", "failed": "failed", "cancelled": "failed",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VideoStatus:
    """A video job as the gateway last told of it: ``status`` is queued, in_progress, completed or
    failed, ``progress`` goes from 0 to 100. ``raw`` is what came.
    """

    id: str
    status: str
    progress: int
    model: str
    raw: VideoGenerationResponse = field(repr=False)
    cost: Cost = field(default_factory=Cost, repr=False)
    request_id: str | None = field(default=None, repr=False)

    @property
    def done(self) -> bool:
        """Whether it is no longer being made."""
        return self.status in ("completed", "failed")

    @property
    def error(self) -> APIError | None:
        """Why it failed, as the error that `wait` raises; None unless it did."""
        if self.status != "failed":
            return None
        told = self.raw.dump()
        words = told.get("error") or told.get("fail_reason") or "the video could not be made"
        detail = words if isinstance(words, dict) else {"message": str(words)}
        code = detail.get("code")
        detail = {**detail, "code": None if code is None else str(code)}
        error = from_body(200, {"error": detail}, {})
        error.message = f"video {self.id} failed: {error.message}"
        error.request_id = self.request_id
        return error

    def with_cost(self, cost: Cost) -> VideoStatus:
        """The same, with the cost that is known from before, unless this tells one."""
        return self if self.cost.quota is not None else replace(self, cost=cost)

    def __str__(self) -> str:
        at = f", {self.progress} %" if self.status == "in_progress" else ""
        return f"video {self.id}: {self.status.replace('_', ' ')}{at}"


def read_status(
    target: Target, response: Response, body: Mapping[str, Any], *, model: str = ""
) -> VideoStatus:
    """The status that an answer tells, in either style; Upstream if it is none."""
    told = dict(body)
    inner = told.get("data")
    if isinstance(inner, dict) and "status" not in told:  # the style of /video/generations
        told = inner
    told.setdefault("id", told.get("task_id"))
    if isinstance(told["id"], int):  # the row's number, while the task's name is elsewhere
        told["id"] = told.get("task_id")
    status = _STATES.get(str(told.get("status")).lower())
    if not isinstance(told["id"], str) or status is None:
        raise not_an_answer(target, response, "tells of no video")
    said = told.get("model")
    name = said if isinstance(said, str) and said else model
    raw = VideoGenerationResponse.read(told)
    cost = cost_of(response.headers.get(QUOTA_HEADER), name, None)
    progress = 100 if status == "completed" else _percent(told.get("progress"))
    return VideoStatus(told["id"], status, progress, name, raw, cost, response.request_id)


def _percent(value: Any) -> int:
    text = str(value if value is not None else 0).rstrip("% ")
    try:
        return min(100, max(0, int(float(text))))
    except (ValueError, OverflowError):
        return 0


def bundle(status: VideoStatus, film: bytes | None, note: str = "") -> Bundle:
    """The display of a job: the film if there is one, else where it is."""
    more = {"id": status.id, "status": status.status, "progress": status.progress}
    known = facts(status.model, status.request_id, status.cost, None, **more)
    text = str(status) if status.error is None else str(status.error)
    if note:
        text = f"{text} ({note})"
    if film is None:
        plain = shown(text)["text/plain"]
        if status.done:
            return {"text/plain": plain}, known
        bar = f'<progress max="100" value="{status.progress}"></progress>'
        return {"text/html": f"<div>{bar} {escaped(plain)}</div>", "text/plain": plain}, known
    html = players.player("video", film, "video/mp4", str(status))
    size = players.size_of(len(film))
    return {"text/html": html, "text/plain": f"<video of {size}, {status.model}>"}, known
