"""An upstream that makes videos: what it was asked, and how far it says it is."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

FILM = bytes(range(256)) * 40


@dataclass
class FilmServer:
    """``states`` are given one after the other to who asks, the last one again and again.

    ``style`` "videos" is OpenAI's, "generations" New API's; it knows only that one.
    """

    states: list[dict[str, Any]]
    style: str = "videos"
    base_url: str = ""
    orders: list[dict[str, Any]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    def app(self) -> Starlette:
        async def order(request: Request) -> Response:
            self._note(request)
            kind = request.headers["content-type"]
            if "json" in kind:
                body = await request.json()
            else:
                async with request.form() as form:
                    body = {k: v if isinstance(v, str) else await v.read() for k, v in form.items()}
            self.orders.append(body)
            if body.get("prompt") == "forbidden":
                error = {"message": "no", "type": "invalid_request_error", "code": "moderation"}
                return JSONResponse({"error": error}, 400, {"retry-after": "7"})
            return JSONResponse({"id": "video_up", "object": "video", "status": "queued"})

        async def show(request: Request) -> Response:
            self._note(request)
            state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
            if self.style == "generations":
                return JSONResponse({"code": "success", "message": "", "data": state})
            return JSONResponse({"id": "video_up", "object": "video"} | state)

        async def content(request: Request) -> Response:
            self._note(request)
            if request.headers.get("range") == "bytes=10-19":
                headers = {"content-range": f"bytes 10-19/{len(FILM)}"}
                return Response(FILM[10:20], 206, headers, "video/mp4")
            return Response(FILM, 200, {"etag": '"x"'}, "video/mp4")

        path = "/v1/videos" if self.style == "videos" else "/v1/video/generations"
        routes = [
            Route(path, order, methods=["POST"]),
            Route(f"{path}/{{id}}", show, methods=["GET"]),
            Route(f"{path}/{{id}}/remix", order, methods=["POST"]),
        ]
        if self.style == "videos":
            routes.append(Route(f"{path}/{{id}}/content", content, methods=["GET"]))
        return Starlette(routes=routes)

    def _note(self, request: Request) -> None:
        self.seen.append((request.method, request.url.path, dict(request.headers)))


@contextmanager
def film_server(*states: dict[str, Any], style: str = "videos") -> Iterator[FilmServer]:
    """Serve in a thread until the block ends."""
    films = FilmServer(list(states), style)
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    films.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    server = uvicorn.Server(uvicorn.Config(films.app(), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started and thread.is_alive():
        time.sleep(0.005)
    try:
        yield films
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()
        assert not thread.is_alive()
