"""What a service says of the calls it still takes: the ``x-ratelimit-*`` headers of an answer."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

# "1s", "6m0s", "1h2m3.5s", "120ms"; a bare number is seconds.
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "": 1.0}
LONGEST = 120.0  # seconds: who says more is not believed, since the headers mean many things


@dataclass(frozen=True, slots=True)
class Quota:
    """``calls`` more may begin before ``seconds`` have passed."""

    calls: int
    seconds: float


def quota_of(headers: Mapping[str, str], tokens: int) -> Quota | None:
    """What the headers of an answer (lower case) allow; ``tokens`` is what such a call takes. The
    scarcer of calls and tokens counts. None if they say nothing.
    """
    found = [
        Quota(left // max(each, 1), seconds)
        for what, each in (("requests", 1), ("tokens", tokens))
        if (left := _count(headers.get(f"x-ratelimit-remaining-{what}"))) is not None
        and (seconds := duration(headers.get(f"x-ratelimit-reset-{what}"))) is not None
    ]
    return min(found, key=lambda quota: (quota.calls, -quota.seconds), default=None)


def duration(text: str | None) -> float | None:
    """Seconds that such a header means; None for what is no span of time, or too long a one."""
    said = (text or "").strip().lower()
    parts = _PART.findall(said)
    if not parts or "".join(number + unit for number, unit in parts) != said:
        return None
    seconds = math.fsum(float(number) * _SECONDS[unit] for number, unit in parts)
    return seconds if seconds <= LONGEST else None


def _count(text: str | None) -> int | None:
    said = (text or "").strip()
    return int(said) if said.isascii() and said.isdigit() and len(said) <= 15 else None
