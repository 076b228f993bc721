"""Numbers as people write them: digits, thousands commas, words; exact, and printed without a tail
of nines.
"""

from __future__ import annotations

import re
from fractions import Fraction

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_VALUES = {word: value for value, word in enumerate(_ONES)} | {
    word: 20 + 10 * place for place, word in enumerate(_TENS)
}
_TENS_AND_ONES = "(?:" + "|".join(_TENS) + ")[ -](?:" + "|".join(_ONES[1:10]) + ")"
_ONE_WORD = "(?:" + "|".join([*_VALUES, "hundred", *_SCALES]) + ")"
_NUMBER_WORDS = re.compile(
    rf"\b(?:{_TENS_AND_ONES}|{_ONE_WORD})(?:(?: and)? (?:{_TENS_AND_ONES}|{_ONE_WORD})){{0,12}}\b",
    re.I,
)
NUMBER = r"(?<![\w.])[-−]?(?:\d{1,3}(?:,\d{3})+|\d{1,40})(?:\.\d{1,40})?(?![\w]*[a-z_]\d)"
_NUMBER = re.compile(NUMBER, re.I)
_MOST_PLACES = 12


def to_fraction(text: str) -> Fraction:
    """A written number as an exact value: '1,234.5' → 2469/2."""
    return Fraction(text.replace(",", "").replace("−", "-"))


def find_numbers(text: str) -> list[Fraction]:
    """The numbers of a text, in order; number words count too."""
    return [to_fraction(match) for match in _NUMBER.findall(with_digits(text))]


def with_digits(text: str) -> str:
    """The text with its number words written in digits: 'twenty-one plus three' → '21 plus 3'."""
    return _NUMBER_WORDS.sub(lambda match: _digits(match[0]), text)


def _digits(phrase: str) -> str:
    parts = [part for part in re.split(r"[ -]", phrase.lower()) if part != "and"]
    if len(parts) > 1 and all(part in _ONES[:10] for part in parts):
        return " ".join(str(_VALUES[part]) for part in parts)  # a row of digits, not a sum
    if parts[0] in _SCALES or parts[0] == "hundred":
        parts.insert(0, "one")
    return str(_sum(parts))


def _sum(parts: list[str]) -> int:
    total = group = 0
    for part in parts:
        if part == "hundred":
            group = max(group, 1) * 100
        elif part in _SCALES:
            total += max(group, 1) * _SCALES[part]
            group = 0
        else:
            group += _VALUES[part]
    return total + group


def show(value: Fraction, places: int = _MOST_PLACES) -> str:
    """A number for reading: an integer, an exact decimal, or a decimal rounded to ``places``."""
    if value.denominator == 1:
        return str(value.numerator)
    scaled = round(value * 10**places)
    sign = "-" if scaled < 0 else ""
    digits = str(abs(scaled)).rjust(places + 1, "0")
    return (sign + digits[:-places] + "." + digits[-places:]).rstrip("0").rstrip(".")


def is_exact(value: Fraction, places: int = _MOST_PLACES) -> bool:
    """Whether `show` loses nothing."""
    return bool((value * 10**places).denominator == 1)


def show_both(value: Fraction) -> str:
    """A number for reading, with the exact fraction where a decimal must round: '1/3 (about
    0.333333)'.
    """
    if is_exact(value):
        return show(value)
    if abs(value.numerator) < 10**6 and value.denominator < 10**4:
        return f"{value.numerator}/{value.denominator} (about {show(value, 6)})"
    return f"about {show(value, 6 if abs(value) >= 1 else _MOST_PLACES)}"


def in_words(value: int) -> str:
    """A whole number below a trillion in English words."""
    if value < 0:
        return f"minus {in_words(-value)}"
    for name, scale in reversed(_SCALES.items()):
        if value >= scale:
            rest = value % scale
            return f"{in_words(value // scale)} {name}" + (f" {in_words(rest)}" if rest else "")
    if value >= 100:
        rest = value % 100
        return f"{_ONES[value // 100]} hundred" + (f" and {in_words(rest)}" if rest else "")
    if value >= 20:
        return _TENS[value // 10 - 2] + (f"-{_ONES[value % 10]}" if value % 10 else "")
    return _ONES[value]
