"""Legacy routes: completions, and embeddings below the name of an engine (contract 2.2, 2.4)."""

from __future__ import annotations

from dataclasses import replace

from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from nexhina_nb.gateway.endpoints.calls import Endpoint, route
from nexhina_nb.gateway.kinds.completions import COMPLETE
from nexhina_nb.gateway.kinds.vectors import EMBED
from nexhina_nb.gateway.services import Gateway


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Completions, and embeddings in their oldest form."""
    engines = _EngineEmbeddings(gateway)
    return [
        route(gateway, COMPLETE),
        Route("/v1/engines/{model:path}/embeddings", engines, methods=["POST"]),
    ]


class _EngineEmbeddings:
    """Embeddings of a body that may leave the model to the path."""

    kind = EMBED
    summary = "turn texts into vectors; the path names the model (legacy)"

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        model = scope["path_params"]["model"]
        kind = replace(EMBED, default_model=model, fallback=model)
        await Endpoint(self._gateway, kind)(scope, receive, send)
