"""Texts that a schema's format, pattern and lengths allow: taken from the source where it has one,
else the plainest.
"""

from __future__ import annotations

import re
import re._parser as sre  # type: ignore[import-not-found] # the one reader of patterns that agrees with re
from collections.abc import Callable
from typing import Any

from nexhina_nb.engines.chat import extraction
from nexhina_nb.engines.chat.calendar_dates import find_dates

_UUID = re.compile(r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b")
_IPV4 = re.compile(r"\b(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)\b")
_MOST_LENGTH = 10_000


def _clock(text: str) -> str | None:
    match = re.search(r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?\s?([ap]m)?", text, re.I)
    if match is None:
        match = re.search(r"\b(\d{1,2})()()\s?([ap]m)\b", text, re.I)
    if match is None:
        return None
    hour = (
        int(match[1]) % 12 + (12 if match[4].lower() == "pm" else 0) if match[4] else int(match[1])
    )
    minute = int(match[2] or 0)
    return f"{hour:02}:{minute:02}:{int(match[3] or 0):02}" if hour < 24 and minute < 60 else None


def _day(text: str) -> str | None:
    found = find_dates(text)
    return found[0].isoformat() if found else None


def _found(pattern: re.Pattern[str]) -> Callable[[str], str | None]:
    def find(text: str) -> str | None:
        match = pattern.search(text)
        return match[0] if match else None

    return find


_FORMATS: dict[str, tuple[Callable[[str], str | None], str]] = {
    "date": (_day, "1970-01-01"),
    "time": (lambda text: f"{clock}Z" if (clock := _clock(text)) else None, "00:00:00Z"),
    "date-time": (
        lambda text: f"{day}T{_clock(text) or '00:00:00'}Z" if (day := _day(text)) else None,
        "1970-01-01T00:00:00Z",
    ),
    "duration": (lambda text: None, "PT0S"),
    "email": (_found(extraction.EMAIL), "unknown@example.com"),
    "idn-email": (_found(extraction.EMAIL), "unknown@example.com"),
    "uri": (_found(extraction.URL), "https://example.com/"),
    "url": (_found(extraction.URL), "https://example.com/"),
    "uri-reference": (_found(extraction.URL), "https://example.com/"),
    "hostname": (lambda text: None, "example.com"),
    "ipv4": (_found(_IPV4), "0.0.0.0"),
    "ipv6": (lambda text: None, "::"),
    "uuid": (_found(_UUID), "00000000-0000-0000-0000-000000000000"),
}


def of_format(schema: dict[str, Any], text: str) -> str | None:
    """The text's own value of a schema's format, or the plainest one; None for a schema without a
    known format.
    """
    name = schema.get("format")
    if not isinstance(name, str) or name not in _FORMATS:
        return None
    find, plain = _FORMATS[name]
    return find(text) or plain


def all_of_format(schema: dict[str, Any], text: str) -> list[str]:
    """All values of a schema's format that a text holds."""
    name = schema.get("format")
    if name == "date":
        return [day.isoformat() for day in find_dates(text)]
    patterns = {"email": extraction.EMAIL, "uri": extraction.URL, "ipv4": _IPV4, "uuid": _UUID}
    pattern = patterns.get(name) if isinstance(name, str) else None
    return [match[0] for match in pattern.finditer(text)] if pattern else []


def fit_text(text: str, schema: dict[str, Any]) -> str:
    """The text, cut, filled up or replaced so that lengths and pattern hold."""
    pattern = schema.get("pattern")
    least, most = _length(schema, "minLength", 0), _length(schema, "maxLength", _MOST_LENGTH)
    if isinstance(pattern, str):
        text = _matching(text, pattern, least, most)
    if len(text) > most:
        text = text[:most]
    return text + "x" * (least - len(text)) if len(text) < least else text


def _length(schema: dict[str, Any], key: str, default: int) -> int:
    value = schema.get(key, default)
    return min(value, _MOST_LENGTH) if isinstance(value, int) and value >= 0 else default


def _matching(text: str, pattern: str, least: int, most: int) -> str:
    try:
        compiled = re.compile(pattern) if len(pattern) <= 500 else None
        tree = sre.parse(pattern) if compiled else None
    except (re.error, RecursionError, OverflowError):
        return text
    if compiled is None or tree is None:
        return text
    safe = 24 if _NESTED.search(pattern) else 2_000
    if least <= len(text) <= min(most, safe) and compiled.search(text):
        return text
    for extra in (0, 1, max(least - 1, 0), least):
        made = _generate(tree, extra)
        if (
            made is not None
            and least <= len(made) <= most
            and (len(made) > safe or compiled.search(made))
        ):
            return made
    return _generate(tree, 0) or text


_NESTED = re.compile(
    r"[+*}]\)?[+*{]|\)[+*{]"
)  # a repeat of repeats may search a long text for ever


def _generate(tree: Any, extra: int) -> str | None:
    parts: list[str] = []
    for name, value in tree:
        make = _NODES.get(str(name))
        part = make(value, extra) if make else None
        if part is None or sum(map(len, parts)) > _MOST_LENGTH:
            return None
        parts.append(part)
    return "".join(parts)


def _repeat(value: Any, extra: int) -> str | None:
    low, high, inner = value
    one = _generate(inner, 0)
    return None if one is None else one * min(max(low, extra), int(high), _MOST_LENGTH)


def _one_of(value: Any, extra: int) -> str | None:
    if value and str(value[0][0]) == "NEGATE":
        allowed = re.compile(r".", re.S)
        excluded = {_in_class(row) for row in value[1:]}
        return next(
            (sign for sign in "ax0 -_.A" if sign not in excluded and allowed.match(sign)), None
        )
    return _in_class(value[0]) if value else None


def _in_class(row: Any) -> str | None:
    name, value = row
    if str(name) == "LITERAL":
        return chr(value)
    if str(name) == "RANGE":
        return chr(value[0])
    return _CATEGORIES.get(str(value))


_CATEGORIES = {
    "CATEGORY_DIGIT": "0",
    "CATEGORY_WORD": "a",
    "CATEGORY_SPACE": " ",
    "CATEGORY_NOT_DIGIT": "a",
    "CATEGORY_NOT_SPACE": "a",
    "CATEGORY_NOT_WORD": "-",
}
_NODES: dict[str, Callable[[Any, int], str | None]] = {
    "LITERAL": lambda value, extra: chr(value),
    "NOT_LITERAL": lambda value, extra: "a" if chr(value) != "a" else "b",
    "ANY": lambda value, extra: "a",
    "AT": lambda value, extra: "",
    "IN": _one_of,
    "MAX_REPEAT": _repeat,
    "MIN_REPEAT": _repeat,
    "SUBPATTERN": lambda value, extra: _generate(value[-1], extra),
    "BRANCH": lambda value, extra: _generate(value[1][0], extra),
    "ASSERT": lambda value, extra: "",
    "ASSERT_NOT": lambda value, extra: "",
    "CATEGORY": lambda value, extra: _CATEGORIES.get(str(value)),
}
