"""GET /openapi.json and /docs: the gateway's own description, for programs and for readers.

General layout: `operations` says what each route takes and gives, `schemas` has the forms of
`wire`, `document` joins them, `page` shows the document.
"""

from __future__ import annotations

from typing import Any

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from nexhina_nb.gateway.endpoints.calls import origin_of
from nexhina_nb.gateway.endpoints.openapi.document import document
from nexhina_nb.gateway.endpoints.openapi.page import page

# The page needs its own style and nothing else.
_SAFE = {"content-security-policy": "default-src 'none'; style-src 'unsafe-inline'"}


def routes() -> list[BaseRoute]:
    """The two routes; who asks needs no key."""
    made: dict[str, Any] = {}

    async def described(request: Request) -> dict[str, Any]:
        if not made:
            made.update(await run_in_threadpool(document, request.app.routes))
        return made

    async def openapi(request: Request) -> Response:
        """this description, for programs"""
        content = await run_in_threadpool(orjson.dumps, await described(request))
        return Response(content, media_type="application/json")

    async def docs(request: Request) -> HTMLResponse:
        """this description, as a page"""
        text = await run_in_threadpool(page, await described(request), origin_of(request))
        return HTMLResponse(text, headers=_SAFE)

    return [
        Route("/openapi.json", openapi, methods=["GET"]),
        Route("/docs", docs, methods=["GET"]),
    ]
