"""Dates as people write them: ISO, 'March 3, 2024', '3 March 2024', '3/4/2024' (month first),
'3.4.2024' (day first).
"""

from __future__ import annotations

import re
from datetime import date

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_MONTH = (
    "(?:"
    + "|".join(f"{name[:3]}(?:{name[3:]})?" if name != "May" else "May" for name in MONTHS)
    + r"|Sept)\.?"
)
_DATE = re.compile(
    rf"(?P<iso>\b\d{{4}}-\d{{1,2}}-\d{{1,2}}\b)|"
    rf"(?P<slashed>\b\d{{1,2}}/\d{{1,2}}/\d{{4}}\b)|(?P<dotted>\b\d{{1,2}}\.\s?\d{{1,"
    rf"2}}\.\s?\d{{4}}\b)|"
    rf"(?P<m1>\b{_MONTH})\s+(?P<d1>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y1>\d{{4}})\b)?|"
    rf"\b(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(?P<m2>{_MONTH})(?:,"
    rf"?\s+(?P<y2>\d{{4}})\b)?|"
    r"(?P<han>\d{4}年\d{1,2}月\d{1,2}日)",
    re.I,
)


def find_dates(text: str, year: int | None = None) -> list[date]:
    """The complete dates of a text; ``year`` completes those without one, which are left out
    otherwise.
    """
    return [found for found, _ in dated(text, year) if found]


def dated(text: str, year: int | None = None) -> list[tuple[date | None, str]]:
    """The dates of a text with how they are written; None for one that is incomplete or cannot
    exist.
    """
    matches = list(_DATE.finditer(text))
    years = [int(part) for match in matches for part in (match["y1"], match["y2"]) if part]
    year = year or (years[-1] if years else None)  # "from March 1 to March 9, 2024"
    return [(_read(match, year), match[0]) for match in matches]


def _read(match: re.Match[str], year: int | None) -> date | None:
    groups = match.groupdict()
    if groups["m1"] or groups["m2"]:
        name, day = (groups["m1"], groups["d1"]) if groups["m1"] else (groups["m2"], groups["d2"])
        written = groups["y1"] or groups["y2"] or year
        month = [row[:3].lower() for row in MONTHS].index(name[:3].lower()) + 1
        return _date(int(written), month, int(day)) if written else None
    parts = [int(part) for part in re.findall(r"\d+", match[0])]
    if groups["slashed"]:
        month, day = (parts[0], parts[1]) if parts[0] <= 12 else (parts[1], parts[0])
        return _date(parts[2], month, day)
    if groups["dotted"]:
        return _date(parts[2], parts[1], parts[0])
    return _date(*parts)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def in_words(day: date) -> str:
    """A date for reading: '3 March 2024'."""
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"
