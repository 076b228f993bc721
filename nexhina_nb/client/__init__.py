"""The client: every verb of the surface as a method, blocking (`Client`) or awaited.

General layout: `core` holds the calls as generators that know no socket, `sync` and `aio` carry
them out. Names are loaded when they are first asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nexhina_nb.client.account import KeyUsage, ModelsReply
    from nexhina_nb.client.aio import AsyncChatStream, AsyncClient
    from nexhina_nb.client.cost import Cost
    from nexhina_nb.client.ranking import Ranked, RerankReply
    from nexhina_nb.client.replies import ChatReply
    from nexhina_nb.client.spending import Spending
    from nexhina_nb.client.sync import ChatStream, Client
    from nexhina_nb.client.vectors import Vectors

__all__ = [
    "AsyncChatStream",
    "AsyncClient",
    "ChatReply",
    "ChatStream",
    "Client",
    "Cost",
    "KeyUsage",
    "ModelsReply",
    "Ranked",
    "RerankReply",
    "Spending",
    "Vectors",
]

_HOMES = {
    "AsyncChatStream": "aio",
    "AsyncClient": "aio",
    "ChatReply": "replies",
    "ChatStream": "sync",
    "Client": "sync",
    "Cost": "cost",
    "KeyUsage": "account",
    "ModelsReply": "account",
    "Ranked": "ranking",
    "RerankReply": "ranking",
    "Spending": "spending",
    "Vectors": "vectors",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
