"""Moments as people write them, and the time zone in which a day is a day."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from nexhina_nb.errors import BadInput

Moment = datetime | date | str

_SPANS = {"m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_LOCALTIME = Path("/etc/localtime")


def parse(
    moment: Moment | None, *, is_end: bool = False, now: datetime | None = None
) -> datetime | None:
    """A datetime, a date, ISO text, or a span ("7d", "24h", "30m", "2w") before now → UTC.

    Without a zone it is local time. A date is its beginning; with ``is_end`` the end of that day.
    Raises BadInput.
    """
    if moment is None:
        return None
    if isinstance(moment, str):
        moment = _read(moment.strip(), now or datetime.now(UTC))
    if not isinstance(moment, datetime):
        try:
            moment = datetime.combine(moment + timedelta(days=is_end), time())
        except OverflowError:
            raise _unclear(str(moment)) from None
    try:
        return moment.astimezone(UTC)
    except (OverflowError, OSError, ValueError):
        raise _unclear(str(moment)) from None


def span(text: str) -> timedelta | None:
    """``"7d"`` → seven days; None for what is no span of time."""
    number, unit = text[:-1], text[-1:]
    if not number.isdecimal() or unit not in _SPANS:
        return None
    try:
        return timedelta(seconds=int(number) * _SPANS[unit])
    except (OverflowError, ValueError):  # more digits than Python reads are a ValueError
        return None


def _read(text: str, now: datetime) -> datetime | date:
    try:
        if (ago := span(text)) is not None:
            return now - ago
        return date.fromisoformat(text) if len(text) <= 10 else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise _unclear(text) from None


def _unclear(text: str) -> BadInput:
    hint = "for example 2026-03-04, 2026-03-04T12:30, or 7d for the last seven days"
    return BadInput(f"{text!r} is not a moment", hint=hint)


def local_zone(environ: Mapping[str, str] | None = None, link: Path = _LOCALTIME) -> str:
    """The IANA name of this machine's time zone; where none is found, its offset of today."""
    environ = os.environ if environ is None else environ
    named = environ.get("TZ", "").removeprefix(":")
    linked = str(link.resolve()).partition("zoneinfo/")[2].removeprefix("posix/")
    for name in (named, linked):
        if name and is_zone(name):
            return "UTC" if name == "Etc/UTC" else name
    offset = datetime.now().astimezone().utcoffset() or timedelta()
    hours, rest = divmod(offset, timedelta(hours=1))
    # The sign of these names is that of the world before ISO: Etc/GMT-1 is an hour east.
    return f"Etc/GMT{-hours:+d}" if hours and not rest else "UTC"


def is_zone(name: str) -> bool:
    """Whether the name is that of a time zone, for Python and for polars."""
    import polars as pl  # noqa: PLC0415 - heavy, and the command line wants spans only

    try:
        ZoneInfo(name)
        pl.Series([datetime.now(UTC)]).dt.convert_time_zone(name)
    except (OSError, ValueError, KeyError, pl.exceptions.PolarsError):
        return False
    return True
