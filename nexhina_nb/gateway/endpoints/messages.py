"""POST /v1/messages and its count of tokens: Anthropic's dialect."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Send

from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.dialects.anthropic.usage import count_input
from nexhina_nb.gateway.endpoints.calls import Endpoint, route
from nexhina_nb.gateway.incoming import Incoming
from nexhina_nb.gateway.kinds.messages import COUNT_TOKENS, MESSAGES
from nexhina_nb.gateway.services import Gateway


def routes(gateway: Gateway) -> list[BaseRoute]:
    """The call, and the count of what it would send."""
    return [
        route(gateway, MESSAGES),
        Route(f"/v1{COUNT_TOKENS.path}", Count(gateway), methods=["POST"], name=COUNT_TOKENS.verb),
    ]


class Count(Endpoint):
    """POST /v1/messages/count_tokens: counted here, so it costs nothing and no server is asked."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway, COUNT_TOKENS)

    async def _run(self, request: Request, caller: Caller, call: Incoming, send: Send) -> None:
        if call.fault is not None:
            raise call.fault
        (await self._gateway.routes()).legs(caller.account, call.body["model"])
        count = await asyncio.to_thread(count_input, call.body)
        await JSONResponse({"input_tokens": count})(request.scope, request.receive, send)
