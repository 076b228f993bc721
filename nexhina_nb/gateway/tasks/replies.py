"""An order as a caller sees it: the superset of contract 1.35, and New API's own form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nexhina_nb.gateway.kinds.video import seconds_of, size_of
from nexhina_nb.store.tasks import COMPLETED, FAILED, IN_PROGRESS, QUEUED, Task

_NEW_API = {QUEUED: "QUEUED", IN_PROGRESS: "IN_PROGRESS", COMPLETED: "SUCCESS", FAILED: "FAILURE"}
# What of an order is repeated in its reply, where it was said.
_TOLD = ("width", "height", "fps", "seed")


def video(task: Task, origin: str, keep_seconds: float) -> dict[str, Any]:
    """A `VideoGenerationResponse`; ``origin`` is the address of this gateway."""
    reply: dict[str, Any] = {
        "id": task.id,
        "task_id": task.id,
        "object": "video",
        "model": task.model,
        "status": task.status,
        "progress": task.progress,
        "prompt": str(task.request.get("prompt") or ""),
        "created_at": task.created_at,
        "created": task.created_at,
        "seconds": f"{seconds_of(task.request):g}",
        "error": dict(task.error) or None,
    }
    if size := size_of(task.request):
        reply["size"] = size
    if task.remix_of:
        reply["remixed_from_video_id"] = task.remix_of
    if isinstance(task.request.get("metadata"), Mapping):
        reply["metadata"] = task.request["metadata"]
    if task.finished_at:
        reply["completed_at"] = task.finished_at
        reply["expires_at"] = int(task.finished_at + keep_seconds)
    if task.status == COMPLETED:
        url = f"{origin}/v1/videos/{task.id}/content"
        told = {name: task.request[name] for name in _TOLD if task.request.get(name) is not None}
        data = {"url": url, "format": "mp4", "duration": seconds_of(task.request), **told}
        reply |= {"data": [data], "url": url, "format": "mp4"}
    return reply


def generation(task: Task, origin: str, keep_seconds: float) -> dict[str, Any]:
    """The reply to GET /v1/video/generations/{id}: an envelope with New API's form, and around it
    the fields that the public specification has there.
    """
    reply = video(task, origin, keep_seconds)
    outer = {name: reply[name] for name in ("task_id", "status", "error")}
    outer |= {name: reply[name] for name in ("url", "format", "metadata") if name in reply}
    return {"code": "success", "message": "", "data": _task_dto(task, reply), **outer}


def _task_dto(task: Task, reply: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "task_id": task.id,
        "platform": "video",
        "action": "remix" if task.remix_of else "generate",
        "status": _NEW_API[task.status],
        "fail_reason": str(task.error.get("message", "")),
        "result_url": reply.get("url", ""),
        "submit_time": task.created_at,
        "start_time": task.started_at,
        "finish_time": task.finished_at,
        "created_at": task.created_at,
        "updated_at": task.finished_at or task.started_at or task.created_at,
        "progress": f"{task.progress}%",
        "properties": {
            "input": str(task.request.get("prompt") or ""),
            "origin_model_name": task.model,
        },
        "data": dict(reply),
    }
