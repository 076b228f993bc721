"""What a user has set for himself: the JSON in the column ``setting`` (contract 7.8)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class Preferences:
    """``record_ip``: the addresses of his calls are logged. ``warn_below``: the balance (quota)
    under which he is warned, None for what the operator has set.
    """

    record_ip: bool = False
    warn_below: int | None = None


@lru_cache(maxsize=1024)
def preferences(setting: str) -> Preferences:
    """Read the column; what makes no sense in it is as if it were not there."""
    try:
        values = json.loads(setting or "{}")
    except ValueError:
        return Preferences()
    if not isinstance(values, dict):
        return Preferences()
    below = values.get("quota_warning_threshold")
    if not isinstance(below, (int, float)) or isinstance(below, bool) or not below > 0:
        below = None
    return Preferences(
        record_ip=values.get("record_ip_log") is True,
        warn_below=None if below is None else int(min(below, 2**62)),
    )
