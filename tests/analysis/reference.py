"""The figures of a report by plain loops, written without a look at the expressions."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Hashable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]
NAMES = ["calls", "errors", "input_tokens", "output_tokens", "cache_tokens", "quota", "unpaid"]


def other_of(row: Row) -> dict[str, Any]:
    try:
        found = json.loads(row["other"] or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def seconds_of(row: Row) -> float | None:
    took = other_of(row).get("duration_ms")
    if took is not None and took >= 0:
        return float(took / 1000)
    return None if row["use_time"] is None else float(row["use_time"])


def first_of(row: Row) -> float | None:
    first = other_of(row).get("frt")
    return None if first is None or first < 0 else int(first) / 1000


def unpaid_of(row: Row) -> int:
    owed = other_of(row).get("quota_owed")
    return 0 if owed is None or row["quota"] is None else owed - row["quota"]


def sums(rows: list[Row], key: Callable[[Row], Hashable]) -> dict[Any, dict[str, int]]:
    found: dict[Any, dict[str, int]] = {}
    for row in rows:
        if row["type"] not in (2, 5, 6):
            continue
        figures = found.setdefault(key(row), dict.fromkeys(NAMES, 0))
        if row["type"] == 6:
            figures["quota"] -= row["quota"] or 0
            continue
        figures["calls"] += 1
        if row["type"] == 5:
            figures["errors"] += 1
            continue
        figures["input_tokens"] += row["prompt_tokens"] or 0
        figures["output_tokens"] += row["completion_tokens"] or 0
        figures["cache_tokens"] += other_of(row).get("cache_tokens") or 0
        figures["quota"] += row["quota"] or 0
        figures["unpaid"] += unpaid_of(row)
    return found


def day_of(row: Row, zone: str) -> Any:
    return datetime.fromtimestamp(row["created_at"], ZoneInfo(zone)).date()


def quantile(values: list[float], share: float) -> float | None:
    """Between the two nearest of the sorted values, by distance."""
    if not values:
        return None
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    low, high = math.floor(place), math.ceil(place)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def latencies(rows: list[Row]) -> dict[Any, list[float | None]]:
    answered = [row for row in rows if row["type"] == 2]
    found: dict[Any, list[float | None]] = {}
    for model in {row["model_name"] for row in answered}:
        mine = [row for row in answered if row["model_name"] == model]
        whole = [s for s in map(seconds_of, mine) if s is not None]
        first = [s for s in map(first_of, mine) if s is not None]
        shares = (0.5, 0.9, 0.95, 0.99)
        found[model] = [
            len(mine),
            *(quantile(whole, share) for share in shares),
            *(quantile(first, share) for share in shares),
        ]
    return found


def errors(rows: list[Row]) -> dict[Any, tuple[int, int, str | None]]:
    found: dict[Any, list[Row]] = {}
    for row in rows:
        if row["type"] == 5:
            other = other_of(row)
            key = other.get("status_code"), other.get("error_code")
            found.setdefault(key, []).append(row)
    return {
        key: (
            len(mine),
            len({row["model_name"] for row in mine}),
            min((row["content"] for row in mine if row["content"] is not None), default=None),
        )
        for key, mine in found.items()
    }
