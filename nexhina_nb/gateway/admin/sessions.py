"""Who has logged in: sessions, kept in memory by the hash of what the cookie holds."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from nexhina_nb.store.accounts import hash_key

COOKIE = "session"
LASTS_SECONDS = 24 * 3600
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class _Session:
    user_id: int
    seal: str
    ends_at: float


class Sessions:
    """A session ends after a day, with `end`, or when its user's ``seal`` is another one: that is
    made of the password, so that a new password ends it, wherever it was set.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._sessions: dict[str, _Session] = {}

    def begin(self, user_id: int, seal: str) -> str:
        """Start a session; returns what the cookie holds."""
        text = secrets.token_urlsafe(32)
        self._sessions[hash_key(text)] = _Session(user_id, seal, self._clock() + LASTS_SECONDS)
        if len(self._sessions) > _MOST:
            del self._sessions[next(iter(self._sessions))]
        return text

    def user_of(self, text: str) -> tuple[int, str] | None:
        """The user of a session and the seal that it began with, None for one that has ended."""
        found = self._sessions.get(hash_key(text))
        if found is None:
            return None
        if found.ends_at <= self._clock():
            self.end(text)
            return None
        return found.user_id, found.seal

    def end(self, text: str) -> None:
        """End one session."""
        self._sessions.pop(hash_key(text), None)

    def end_all(self, user_id: int) -> None:
        """End every session of a user."""
        for key in [key for key, row in self._sessions.items() if row.user_id == user_id]:
            del self._sessions[key]
