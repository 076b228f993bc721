"""Other ways of writing numbers: binary, hexadecimal, octal, Roman numerals, English words."""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.numbers import find_numbers, in_words, with_digits
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule, first_match

_MOST = 10**12
_N = r"(-?\d[\d,]*(?:\.\d+)?)"


def answer(prompt: Prompt) -> Answer | None:
    """Writes or reads the number in the task."""
    return first_match(_RULES, prompt) if len(prompt.task) < 4_000 else None


def _whole(text: str) -> int | None:
    value = find_numbers(text)
    if not value or value[0].denominator != 1 or abs(value[0]) > _MOST:
        return None
    return int(value[0])


_BASES = {"binary": "b", "hexadecimal": "x", "hex": "x", "octal": "o"}


def _to_base(match: re.Match[str], prompt: Prompt) -> Answer | None:
    value = _whole(match[1])
    if value is None:
        return None
    brief = format(value, _BASES[match[2].lower()])
    return Answer(f"{value} in {match[2].lower()} is {brief}.", brief)


def _from_base(match: re.Match[str], prompt: Prompt) -> Answer | None:
    base = {"b": 2, "x": 16, "o": 8}[_BASES[match[1].lower()]]
    try:
        value = int(match[2].removeprefix("0x").removeprefix("0b"), base)
    except ValueError:
        return Answer(f"{match[2]} is not a {match[1].lower()} number.", "invalid")
    return Answer(f"{match[1].lower()} {match[2]} is {value} in decimal.", str(value))


_ROMAN = tuple(
    zip(
        (1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1),
        ["M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"],
        strict=True,
    )
)


def roman(value: int) -> str:
    """A number from 1 to 3999 in Roman numerals."""
    text = ""
    for worth, letters in _ROMAN:
        text += letters * (value // worth)
        value %= worth
    return text


def from_roman(numeral: str) -> int:
    """The number that a Roman numeral writes; 0 for letters in no proper order."""
    worth = {letters: value for value, letters in _ROMAN}
    values = [worth[letter] for letter in numeral]
    total = sum(-value if value < max(values[at:]) else value for at, value in enumerate(values))
    return total if 0 < total < 4000 and roman(total) == numeral else 0


def _to_roman(match: re.Match[str], prompt: Prompt) -> Answer | None:
    value = _whole(with_digits(prompt.task))
    if value is None:
        numeral = re.search(r"\b[MDCLXVI]{1,15}\b", prompt.task)
        found = from_roman(numeral[0]) if numeral else 0
        return Answer(f"{numeral[0]} is {found}.", str(found)) if numeral and found else None
    if not 1 <= value <= 3999:
        return Answer("Roman numerals are written from 1 to 3999.", "undefined")
    return Answer(f"{value} is {roman(value)} in Roman numerals.", roman(value))


def _spelled(match: re.Match[str], prompt: Prompt) -> Answer | None:
    value = _whole(match[1])
    return Answer(in_words(value)) if value is not None and abs(value) < _MOST else None


_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (rf"{_N} (?:in|to|into|as) (binary|hex(?:adecimal)?|octal)", _to_base),
        (
            r"\b(binary|hex(?:adecimal)?|octal)\b(?: number)? (?:0[xb])?([0-9a-f]{1,12})\b",
            _from_base,
        ),
        (r"\broman (?:numeral|number)", _to_roman),
        (rf"{_N} (?:in|as|into) (?:english )?words\b", _spelled),
    )
)
