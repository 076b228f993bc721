"""When a budget begins anew: at midnight, on Monday, on the first of the month, all in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

PERIODS = ("daily", "weekly", "monthly")


def start_of(period: str, now: int) -> int:
    """The beginning of the period that a moment is in (Unix seconds)."""
    return int(_start(period, now).timestamp())


def renews_at(period: str, now: int) -> int:
    """The beginning of the next period (Unix seconds)."""
    start = _start(period, now)
    if period == "monthly":
        following = (start + timedelta(days=32)).replace(day=1)
    else:
        following = start + timedelta(days=7 if period == "weekly" else 1)
    return int(following.timestamp())


def _start(period: str, now: int) -> datetime:
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    if period == "weekly":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if period == "monthly" else day
