"""What a failure means: whether the call goes on to another channel (contract 6.4, rows 7 to 10),
and whose fault it was.

Not the policy of a client, which asks the same server again: here another server is asked, so a
dead key or an exhausted account is worth a move, and a server's own time-out is not, since the work
may be done.
"""

from __future__ import annotations

from enum import Enum

_STAYS = frozenset({400, 408, 504, 524})
_KEY_STATUSES = frozenset({401, 402, 403, 429})
_KEY_CODES = frozenset({"insufficient_quota", "insufficient_user_quota", "channel:invalid_key"})


class Fault(Enum):
    """Whose fault a failure is: of the call it says nothing about the channel's health."""

    CALL = "call"
    KEY = "key"
    CHANNEL = "channel"


def moves_on(status: int, code: str | None = None) -> bool:
    """Whether a call that was answered with this status (and error code) is worth another
    channel.
    """
    if code is not None and code.startswith("channel:"):
        return True
    if code == "bad_response_body" or status in _STAYS:
        return False
    return not 200 <= status < 300


def fault_of(status: int, code: str | None = None) -> Fault:
    """Whose fault an answer of this status (and error code) is."""
    if status in _KEY_STATUSES or code in _KEY_CODES:
        return Fault.KEY
    return Fault.CALL if 400 <= status < 500 else Fault.CHANNEL
