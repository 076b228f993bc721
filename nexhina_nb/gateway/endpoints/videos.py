"""Videos, in both styles of contract 2.9: order, remix, look, delete."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from nexhina_nb.errors import BadRequest, NotFound, Upstream
from nexhina_nb.gateway.auth import Caller, address_of
from nexhina_nb.gateway.endpoints.calls import Endpoint, Prepare, origin_of, route
from nexhina_nb.gateway.endpoints.video_content import content
from nexhina_nb.gateway.kinds import Body, Kind
from nexhina_nb.gateway.kinds.video import VIDEO, VIDEO_GENERATION
from nexhina_nb.gateway.pipeline import Exchange
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.tasks import Tasks
from nexhina_nb.gateway.tasks.replies import generation, video
from nexhina_nb.store.tasks import Task, new_id

MOST_ROWS = 100
_DAY = 86_400


def routes(gateway: Gateway, tasks: Tasks) -> list[BaseRoute]:
    """Every route of both styles; an id of the one is an id of the other."""
    videos = Videos(gateway, tasks)
    return [
        route(gateway, VIDEO, videos.order()),
        route(gateway, VIDEO_GENERATION, videos.order()),
        Route("/v1/videos", videos.list, methods=["GET"]),
        Route("/v1/videos/{id}", videos.show, methods=["GET"]),
        Route("/v1/videos/{id}", videos.delete, methods=["DELETE"]),
        Route("/v1/videos/{id}/content", videos.download, methods=["GET"]),
        Route("/v1/videos/{id}/remix", Remix(videos), methods=["POST"]),
        Route("/v1/video/generations/{id}", videos.show_generation, methods=["GET"]),
    ]


class Videos:
    """The answers of these routes."""

    def __init__(self, gateway: Gateway, tasks: Tasks) -> None:
        self.gateway = gateway
        self._tasks = tasks

    def order(self, original: Task | None = None) -> Prepare:
        """What makes a task of an upstream's reply to an order; ``original`` is what it changes."""

        async def prepare(
            request: Request, caller: Caller, body: dict[str, Any]
        ) -> Mapping[str, Any]:
            task_id = new_id()
            placed: list[Task] = []

            async def keep(exchange: Exchange, payload: dict[str, Any]) -> dict[str, Any]:
                task = _task(task_id, exchange, payload, original)
                placed.append(await self._tasks.add(task, exchange.body, exchange.form))
                return self._reply(request, task)

            def settled(is_paid: bool) -> None:
                for task in placed:
                    self._tasks.settled(task, is_paid)

            pinned = None if original is None else original.channel
            notes = {"is_task": True, "task_id": task_id}
            return {"keep": keep, "settled": settled, "pinned": pinned, "notes": notes}

        return prepare

    async def list(self, request: Request) -> JSONResponse:
        """the caller's videos, newest first; `limit`, `after`, `order`"""
        caller = await self.caller(request)
        limit, newest_first = _limit(request), _order(request) == "desc"
        after = request.query_params.get("after")
        found = await self._tasks.list(
            caller.account.user_id,
            after=None if after is None else await self.find(caller, after),
            limit=limit + 1,
            newest_first=newest_first,
        )
        data = [self._reply(request, task) for task in found[:limit]]
        page = {"object": "list", "data": data, "has_more": len(found) > limit}
        ends = {"first_id": data[0]["id"], "last_id": data[-1]["id"]} if data else {}
        return JSONResponse(page | {"first_id": None, "last_id": None} | ends)

    async def show(self, request: Request) -> JSONResponse:
        """how far a video is"""
        return JSONResponse(self._reply(request, await self._asked(request)))

    async def show_generation(self, request: Request) -> JSONResponse:
        """how far a video is, in New API's style"""
        request.state.dialect = VIDEO_GENERATION.dialect
        task = await self._asked(request)
        return JSONResponse(generation(task, origin_of(request), self._keep_seconds))

    async def delete(self, request: Request) -> JSONResponse:
        """forget a video; one in the making is stopped"""
        task = await self._asked(request)
        await self._tasks.delete(task)
        return JSONResponse({"id": task.id, "object": "video.deleted", "deleted": True})

    async def download(self, request: Request) -> Any:
        """the MP4, whole or a range of it; `variant`: video, thumbnail, spritesheet"""
        return await content(self.gateway, self._tasks, await self._asked(request), request)

    async def caller(self, request: Request) -> Caller:
        """Who asks; also a key without money may look at what it has paid for."""
        key = request.headers.get("authorization")
        address = address_of(request.scope)
        return await self.gateway.accounts.authenticate(key, address, to_look=True)

    async def find(self, caller: Caller, task_id: str) -> Task:
        """A video of the caller; else NotFound."""
        task = await self._tasks.find(caller.account.user_id, task_id)
        if task is None:
            raise NotFound("there is no such video of this user, or no more")
        return task

    async def _asked(self, request: Request) -> Task:
        return await self.find(await self.caller(request), request.path_params["id"])

    @property
    def _keep_seconds(self) -> float:
        return self.gateway.settings.keep_days * _DAY

    def _reply(self, request: Request, task: Task) -> dict[str, Any]:
        return video(task, origin_of(request), self._keep_seconds)


class Remix:
    """POST /v1/videos/{id}/remix: a new order, which goes where the original was made."""

    summary = "order a video like an earlier one, changed as the prompt says"

    def __init__(self, videos: Videos) -> None:
        self._videos = videos

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        original = await self._videos.find(
            await self._videos.caller(request), request.path_params["id"]
        )
        if not original.is_finished:
            raise BadRequest("the video is not finished: wait for it, then change it", param="id")
        endpoint = Endpoint(self._videos.gateway, _remix_of(original), self._videos.order(original))
        await endpoint(scope, receive, send)


def _remix_of(original: Task) -> Kind:
    """The kind of a call that changes this video; the built-in engine films it anew."""

    def ratios(model: str, body: Body) -> Any:
        return VIDEO.ratios(model, {**original.request, **body})

    kind = replace(
        VIDEO,
        verb="video_remix",
        request="VideoRemixRequest",
        takes=("json",),
        default_model=original.model,
        fallback=original.model,
        ratios=ratios,
    )
    if not original.upstream_id:
        return kind
    path = f"{VIDEO.path}/{quote(original.upstream_id, safe='')}/remix"
    return replace(kind, path=path, names_model=False)


def _task(
    task_id: str, exchange: Exchange, payload: Mapping[str, Any], original: Task | None
) -> Task:
    assert exchange.channel is not None
    account = exchange.caller.account
    upstream_id = str(payload.get("id") or payload.get("task_id") or "")
    if not upstream_id and exchange.channel.type != "local":
        raise Upstream("the upstream gave the video no id", code="bad_response_body")
    request = dict(exchange.body)
    if original is not None:
        request = {**original.request, **request}
        if not upstream_id:
            # The engine films anew: the change comes first, since the first word counts most.
            request["prompt"] = f"{exchange.body['prompt']}. {original.request.get('prompt', '')}"
    return Task(
        id=task_id,
        user_id=account.user_id,
        token_id=account.token_id,
        request_id=exchange.request_id,
        model=exchange.model,
        request=request,
        channel=exchange.channel.id,
        upstream_id=upstream_id,
        remix_of="" if original is None else original.id,
    )


def _limit(request: Request) -> int:
    text = request.query_params.get("limit", "20")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= MOST_ROWS):
        raise BadRequest(f"'limit' must be a whole number from 1 to {MOST_ROWS}", param="limit")
    return int(text)


def _order(request: Request) -> str:
    order = request.query_params.get("order", "desc")
    if order not in ("asc", "desc"):
        raise BadRequest("'order' must be asc or desc", param="order")
    return order
