"""GET /media/{name}: the files that replies link to."""

from __future__ import annotations

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse
from starlette.routing import BaseRoute, Route

from nexhina_nb.errors import NotFound
from nexhina_nb.gateway.services import Gateway


def routes(gateway: Gateway) -> list[BaseRoute]:
    """The one route; who knows the name of a file may have it."""

    async def media(request: Request) -> FileResponse:
        """a file that a reply links to; gone after an hour"""
        path = await run_in_threadpool(gateway.media.find, request.path_params["name"])
        if path is None:
            raise NotFound("there is no such file, or no more: links are good for an hour")
        # What is served here was made from prompts: a browser must not take it for a page.
        safe = {"x-content-type-options": "nosniff", "content-security-policy": "sandbox"}
        return FileResponse(path, headers=safe)

    return [Route("/media/{name}", media, methods=["GET"])]
