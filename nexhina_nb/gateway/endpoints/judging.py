"""Routes that judge: moderation, and rerank as the clients of Jina and of Cohere ask for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.routing import BaseRoute, Route

from nexhina_nb.gateway.endpoints.calls import Endpoint, route
from nexhina_nb.gateway.kinds.judging import MODERATE
from nexhina_nb.gateway.kinds.vectors import RERANK
from nexhina_nb.gateway.pipeline import Exchange
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.pricing.usage import Tokens

# Cohere's unit of search: one query with up to that many documents.
_DOCUMENTS_A_UNIT = 100


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Moderation, and rerank at both of its addresses."""
    # Cohere's newer client leaves out the /v1 of its base URL and puts /v2 there.
    newer = Endpoint(gateway, RERANK, _completed)
    return [
        route(gateway, MODERATE),
        route(gateway, RERANK, _completed),
        Route("/v2/rerank", newer, methods=["POST"], name="rerank_v2"),
    ]


async def _completed(*_: object) -> Mapping[str, Any]:
    return {"keep": _complete}


async def _complete(exchange: Exchange, reply: dict[str, Any]) -> dict[str, Any]:
    """The reply with what Cohere's clients expect and not every server sends."""
    used = Tokens.from_usage(reply.get("usage"))
    units = -(-len(exchange.body["documents"]) // _DOCUMENTS_A_UNIT)
    meta = {
        "api_version": {"version": "2"},
        "billed_units": {"search_units": units},
        "tokens": {"input_tokens": used.prompt, "output_tokens": used.completion},
    }
    told = {name: value for name, value in reply.items() if value is not None}
    return {"id": f"rerank-{exchange.request_id}", "meta": meta} | told
