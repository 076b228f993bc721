"""POST /v1/audio/speech, /v1/audio/transcriptions and /v1/audio/translations."""

from __future__ import annotations

from starlette.routing import BaseRoute

from nexhina_nb.gateway.endpoints.calls import route
from nexhina_nb.gateway.kinds.media import SPEAK, TRANSCRIBE, TRANSLATE
from nexhina_nb.gateway.services import Gateway


def routes(gateway: Gateway) -> list[BaseRoute]:
    """The routes of sound."""
    return [route(gateway, kind) for kind in (SPEAK, TRANSCRIBE, TRANSLATE)]
