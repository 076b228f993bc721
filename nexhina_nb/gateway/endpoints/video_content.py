"""The bytes of a video: a file of this machine, or passed on from the upstream that made it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from nexhina_nb.errors import BadRequest, NotFound, Upstream
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.tasks import Tasks
from nexhina_nb.gateway.upstreams.base import Answer, Call
from nexhina_nb.store.tasks import COMPLETED, Task

VARIANTS = ("video", "thumbnail", "spritesheet")
_CACHED = {"cache-control": "public, max-age=86400"}  # contract 2.9
_PASSED = (
    "content-type", "content-length", "content-range", "accept-ranges", "etag", "last-modified",
)  # fmt: skip


async def content(gateway: Gateway, tasks: Tasks, task: Task, request: Request) -> Response:
    """The answer to a download. Raises BadRequest before the video is finished, NotFound for one
    that is gone, Upstream when it cannot be had from where it was made.
    """
    variant = request.query_params.get("variant", "video")
    if variant not in VARIANTS:
        raise BadRequest(f"'variant' must be one of {', '.join(VARIANTS)}", param="variant")
    if task.status != COMPLETED:
        raise BadRequest(f"the video is not finished: it is {task.status}", param="id")
    if not task.upstream_id:
        return await _own(tasks, task, variant)
    return await _foreign(gateway, task, request)


async def _own(tasks: Tasks, task: Task, variant: str) -> Response:
    path = tasks.film(task)
    if not path.is_file():
        raise NotFound("the file of this video is gone")
    if variant == "video":
        return FileResponse(path, media_type="video/mp4", headers=_CACHED)
    # PyAV is loaded for those who ask for it
    from nexhina_nb.engines import video  # noqa: PLC0415

    is_one = variant == "thumbnail"
    picture, kind = (video.thumbnail, "webp") if is_one else (video.spritesheet, "jpeg")
    return Response(await run_in_threadpool(picture, path), 200, _CACHED, f"image/{kind}")


async def _foreign(gateway: Gateway, task: Task, request: Request) -> Response:
    found = [row for row in (await gateway.routes()).channels if row.id == task.channel]
    if not found:
        raise NotFound("the channel of this video has been removed")
    query = f"?{request.url.query}" if request.url.query else ""
    path = f"/videos/{quote(task.upstream_id, safe='')}/content{query}"
    asked = {
        name: request.headers[name] for name in ("range", "if-range") if name in request.headers
    }
    answer = await gateway.upstream(found[0]).send(Call(path, method="GET", headers=asked))
    if answer.status in (404, 405, 501) and task.url:
        await answer.aclose()
        return RedirectResponse(task.url, 307)
    if answer.status >= 400 and answer.status != 416:
        await answer.aclose()
        raise Upstream(f"the upstream answered the download with {answer.status}")
    headers = {name: answer.headers[name] for name in _PASSED if name in answer.headers}
    return _PassedOn(answer, _CACHED | headers)


class _PassedOn(StreamingResponse):
    """An upstream's answer, which is closed however this one ends."""

    def __init__(self, answer: Answer, headers: Mapping[str, str]) -> None:
        super().__init__(answer.chunks(), answer.status, headers)
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._answer.aclose()
