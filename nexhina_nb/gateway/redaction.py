"""Secrets and personal data taken out of a text by their form, before it is kept.

Patterns find what has a form; a name or a street has none. What is left is to be treated as private
all the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import orjson

MOST_BYTES = 64 << 10

Match = re.Match[str]


def redacted(value: Any) -> Any:
    """A value of JSON without them; the names of an object's members stay."""
    match value:
        case str():
            return redacted_text(value)
        case dict():
            return {name: redacted(inner) for name, inner in value.items()}
        case list() | tuple():
            return [redacted(inner) for inner in value]
    return value


def redacted_text(text: str) -> str:
    """A text without them; what stood there is named in brackets."""
    for pattern, instead in _PATTERNS:
        text = pattern.sub(instead, text)
    return text


def as_kept(value: Any) -> str:
    """A text, or JSON of anything else: redacted, and cut at 64 KiB."""
    kept = redacted(value)
    text = kept if isinstance(kept, str) else orjson.dumps(kept, default=str).decode()
    raw = text.encode("utf-8", "replace")
    if len(raw) <= MOST_BYTES:
        return raw.decode()
    note = f"… [{len(raw):,} bytes in all]"
    return raw[: MOST_BYTES - len(note.encode())].decode("utf-8", "ignore") + note


def _of_data(match: Match) -> str:
    return f"{match[1]}[{len(match[2]):,} characters]"


def _of_card(match: Match) -> str:
    digits = re.sub(r"\D", "", match[0])
    return "[card number]" if 13 <= len(digits) <= 19 and _luhn(digits) else match[0]


def _of_iban(match: Match) -> str:
    text = match[0].replace(" ", "").upper()
    if not 15 <= len(text) <= 34:
        return match[0]
    number = int("".join(str(int(sign, 36)) for sign in text[4:] + text[:4]))
    return "[IBAN]" if number % 97 == 1 else match[0]


def _of_phone(match: Match) -> str:
    digits = sum(sign.isdigit() for sign in match[0])
    return "[phone number]" if 8 <= digits <= 15 else match[0]


def _luhn(digits: str) -> bool:
    doubled = (int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits)))
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


# The longest first: a key within a block is gone with it. Each is linear in the text: none repeats
# what may itself repeat.
_PATTERNS: tuple[tuple[re.Pattern[str], str | Callable[[Match], str]], ...] = (
    (re.compile(r"(data:[\w.+/-]{1,100};base64,)([A-Za-z0-9+/=_-]+)"), _of_data),
    (
        re.compile(
            r"-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,40}KEY-----|\Z)", re.S
        ),
        "[private key]",
    ),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{8,}"), "[key]"),
    (re.compile(r"\b(bearer)\s+[A-Za-z0-9._~+/=-]{8,}", re.I), r"\1 [token]"),
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}"), "[e-mail address]"),
    (re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), _of_iban),
    (re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)"), _of_card),
    # With its country or area code, or in groups: a bare number is a number.
    (re.compile(r"(?<![\w+.])(?:\+\d|\(0?\d|0\d)[\d ()/.-]{5,20}\d(?![\w.])"), _of_phone),
    (
        re.compile(r"(?<![\w+.-])\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?![\w-])"),
        "[phone number]",
    ),
)
