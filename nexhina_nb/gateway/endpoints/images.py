"""POST /v1/images/generations and /v1/images/edits, which also answers at New API's /v1/edits."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from nexhina_nb.gateway.endpoints.calls import route
from nexhina_nb.gateway.kinds.media import IMAGE, IMAGE_EDIT
from nexhina_nb.gateway.services import Gateway


def routes(gateway: Gateway) -> list[BaseRoute]:
    """The routes of pictures."""
    edits = route(gateway, IMAGE_EDIT)
    alias = Route("/v1/edits", edits.endpoint, methods=["POST"], name="edits")
    return [route(gateway, IMAGE), edits, alias]
