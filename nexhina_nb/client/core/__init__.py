"""The calls, each as a flow: build the request, read the reply, explain the error. Knows no socket
and no clock.

`sync.Client` and `aio.AsyncClient` take their methods from the functions here, with signatures and
docstrings, so the two cannot drift apart. General layout: a module per family of endpoints.
"""

from __future__ import annotations

from nexhina_nb.client.core.account import logs, models, redeem, spending, usage
from nexhina_nb.client.core.audio import speak, transcribe, translate
from nexhina_nb.client.core.chats import chat
from nexhina_nb.client.core.images import image
from nexhina_nb.client.core.kept import cancel_response, delete_response, input_items, response
from nexhina_nb.client.core.responses import respond
from nexhina_nb.client.core.texts import embed, moderate, refuses_base64, rerank
from nexhina_nb.client.core.videos import video, video_job

__all__ = [
    "cancel_response",
    "chat",
    "delete_response",
    "embed",
    "image",
    "input_items",
    "logs",
    "models",
    "moderate",
    "redeem",
    "refuses_base64",
    "rerank",
    "respond",
    "response",
    "speak",
    "spending",
    "transcribe",
    "translate",
    "usage",
    "video",
    "video_job",
]
