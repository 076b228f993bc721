"""Every option of ``%nexhina`` and ``%%nexhina``, once: a verb's options are the fields of a frozen
dataclass, so that what is parsed is typed. A field is one row; its metadata is an `Option`.
"""

from __future__ import annotations

from nexhina_nb.magics.options.account import (
    Administration,
    Conversations,
    Cost,
    Gateway,
    Help,
    Login,
    Logs,
    Models,
    Redeem,
    Usage,
)
from nexhina_nb.magics.options.asking import Ask, Asking, Chat, Respond
from nexhina_nb.magics.options.base import Call, CellCall, Command, Kind, Option
from nexhina_nb.magics.options.judging import Embed, Moderate, Rerank
from nexhina_nb.magics.options.media import (
    EarlierVideo,
    Hearing,
    Image,
    Speak,
    Transcribe,
    Translate,
    Video,
)

__all__ = [
    "Administration",
    "Ask",
    "Asking",
    "Call",
    "CellCall",
    "Chat",
    "Command",
    "Conversations",
    "Cost",
    "EarlierVideo",
    "Embed",
    "Gateway",
    "Hearing",
    "Help",
    "Image",
    "Kind",
    "Login",
    "Logs",
    "Models",
    "Moderate",
    "Option",
    "Redeem",
    "Rerank",
    "Respond",
    "Speak",
    "Transcribe",
    "Translate",
    "Usage",
    "Video",
]
