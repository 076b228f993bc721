"""The numbers that stand for states and kinds (contract 1.5, 1.9, 6.2 and 8.2).

Apart from the forms that carry them, so that the store can use them without pydantic.
"""

from __future__ import annotations

from enum import IntEnum


class LogType(IntEnum):
    """What a log row tells of (contract 8.2); in filters, UNKNOWN means all."""

    UNKNOWN = 0
    TOP_UP = 1
    CONSUME = 2
    MANAGE = 3
    SYSTEM = 4
    ERROR = 5
    REFUND = 6
    LOGIN = 7


class UserRole(IntEnum):
    """What a user may do."""

    GUEST = 0
    COMMON = 1
    ADMIN = 10
    ROOT = 100


class TokenStatus(IntEnum):
    """Whether a key can be used."""

    ENABLED = 1
    DISABLED = 2
    EXPIRED = 3
    EXHAUSTED = 4


class ChannelStatus(IntEnum):
    """Whether a channel is used, and who said so (contract 6.2)."""

    UNKNOWN = 0
    ENABLED = 1
    DISABLED = 2
    DISABLED_AUTOMATICALLY = 3
