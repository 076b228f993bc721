"""When a call goes on to the next channel (contract 6.4, rows 7 to 10).

Not the policy of a client, which asks the same server again: here another server is asked, so a
dead key or an exhausted account is worth a move, and a time-out is not, since the work may be done.
"""

from __future__ import annotations

_STAYS = frozenset({400, 408, 504, 524})


def moves_on(status: int, code: str | None = None) -> bool:
    """Whether an answer of this status (and error code) is the channel's fault, not the call's."""
    if code == "bad_response_body" or status in _STAYS:
        return False
    return not 200 <= status < 300
