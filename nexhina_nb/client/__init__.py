"""The client: every verb of the surface as a method, blocking (`Client`) or awaited.

General layout: `core` holds the calls as generators that know no socket, `sync` and `aio` carry
them out. Names are loaded when they are first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nexhina_nb.client.account import KeyUsage, ModelsReply, Redeemed
    from nexhina_nb.client.aio import AsyncClient
    from nexhina_nb.client.aio_jobs import AsyncVideoJob
    from nexhina_nb.client.aio_streams import (
        AsyncChatStream,
        AsyncImageStream,
        AsyncRespondStream,
        AsyncSpeechStream,
        AsyncTranscriptStream,
    )
    from nexhina_nb.client.cost import Cost
    from nexhina_nb.client.films import VideoStatus
    from nexhina_nb.client.judging import ModerationReply, Verdict
    from nexhina_nb.client.pictures import ImageReply
    from nexhina_nb.client.ranking import Ranked, RerankReply
    from nexhina_nb.client.replies import ChatReply
    from nexhina_nb.client.responding import RespondReply
    from nexhina_nb.client.speech import SpeechReply
    from nexhina_nb.client.spending import Spending
    from nexhina_nb.client.sync import Client
    from nexhina_nb.client.sync_jobs import VideoJob
    from nexhina_nb.client.sync_streams import (
        ChatStream,
        ImageStream,
        RespondStream,
        SpeechStream,
        TranscriptStream,
    )
    from nexhina_nb.client.transcripts import TranscriptReply
    from nexhina_nb.client.vectors import Vectors

__all__ = [
    "AsyncChatStream",
    "AsyncClient",
    "AsyncImageStream",
    "AsyncRespondStream",
    "AsyncSpeechStream",
    "AsyncTranscriptStream",
    "AsyncVideoJob",
    "ChatReply",
    "ChatStream",
    "Client",
    "Cost",
    "ImageReply",
    "ImageStream",
    "KeyUsage",
    "ModelsReply",
    "ModerationReply",
    "Ranked",
    "Redeemed",
    "RerankReply",
    "RespondReply",
    "RespondStream",
    "SpeechReply",
    "SpeechStream",
    "Spending",
    "TranscriptReply",
    "TranscriptStream",
    "Vectors",
    "Verdict",
    "VideoJob",
    "VideoStatus",
]

_HOMES = {
    "account": "KeyUsage ModelsReply Redeemed",
    "aio": "AsyncClient",
    "aio_jobs": "AsyncVideoJob",
    "aio_streams": (
        "AsyncChatStream AsyncImageStream AsyncRespondStream AsyncSpeechStream "
        "AsyncTranscriptStream"
    ),
    "cost": "Cost",
    "films": "VideoStatus",
    "judging": "ModerationReply Verdict",
    "pictures": "ImageReply",
    "ranking": "Ranked RerankReply",
    "replies": "ChatReply",
    "responding": "RespondReply",
    "speech": "SpeechReply",
    "spending": "Spending",
    "sync": "Client",
    "sync_jobs": "VideoJob",
    "sync_streams": "ChatStream ImageStream RespondStream SpeechStream TranscriptStream",
    "transcripts": "TranscriptReply",
    "vectors": "Vectors",
}
_MODULES = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
