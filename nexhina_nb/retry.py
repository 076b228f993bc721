"""What may be tried again, and when. Pure policy: no clock, no socket, no sleep."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

# 408 and 409 are safe to repeat, 429 and 5xx pass; 501 will not change its mind.
RETRIED_STATUSES = frozenset({408, 409, 429, 500, 502, 503, 504, 529})


@dataclass(frozen=True, slots=True)
class Policy:
    """How often and how long to wait: full jitter over an exponential (seconds)."""

    max_retries: int = 2
    base: float = 0.5
    cap: float = 8.0
    longest_retry_after: float = 60.0

    def delay(
        self, attempt: int, retry_after: float | None = None, *, dice: random.Random | None = None
    ) -> float | None:
        """Seconds to wait before try number ``attempt`` + 1 (``attempt`` counts from 0), or None
        to give up.

        A server's ``Retry-After`` is kept to the letter; one that is longer than
        ``longest_retry_after`` means that waiting is not what the caller wants, so it is None.
        """
        if attempt >= self.max_retries:
            return None
        if retry_after is not None:
            return retry_after if retry_after <= self.longest_retry_after else None
        ceiling = min(self.cap, self.base * float(2**attempt))
        return ceiling * (0.5 + 0.5 * (dice or random).random())


def is_retried(status: int) -> bool:
    """Whether an answer of this status is worth another try."""
    return status in RETRIED_STATUSES


def parse_retry_after(value: str | None, now: float) -> float | None:
    """Seconds from a ``Retry-After`` header: delta seconds or an HTTP date; junk and the past are
    None and 0.
    """
    if not value:
        return None
    try:
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
