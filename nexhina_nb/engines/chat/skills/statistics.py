"""Measures of a row of given numbers: average, median, sum, and which is the larger."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from fractions import Fraction

from nexhina_nb.engines.chat.numbers import find_numbers, is_exact, show, show_both, with_digits
from nexhina_nb.engines.chat.payload import earlier
from nexhina_nb.engines.chat.prompt import Answer, Prompt, Rule, first_match

_FRACTION = re.compile(r"((?<![\w/])\d{1,9} ?/ ?[1-9]\d{0,8}(?![\w/]))")


def answer(prompt: Prompt) -> Answer | None:
    """Measures the numbers in the task, or in the turn that it points back to."""
    return first_match(_RULES, prompt) if len(prompt.task) < 4_000 else None


def _given(prompt: Prompt) -> list[Fraction]:
    return _read(prompt.task) or _read(earlier(prompt))


def _read(text: str) -> list[Fraction]:
    """The numbers of a text; '3/4' is one."""
    parts = _FRACTION.split(text)
    found: list[Fraction] = []
    for part in parts:
        if _FRACTION.fullmatch(part):
            found.append(Fraction(part.replace(" ", "")))
        else:
            found += find_numbers(part)
    return found


def _compare(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = _given(prompt)
    if len(found) < 2:
        return None
    smaller = bool(re.search(r"small|less|low|min", match[0], re.I))
    if len(set(found)) == 1:
        return Answer(f"They are equal: {show(found[0])}.", "equal")
    value = min(found) if smaller else max(found)
    name = "smaller" if smaller else "larger"
    if len(found) > 2:
        name = "smallest" if smaller else "largest"
    return Answer(f"{show(value)} is the {name}.", show(value))


def _statistic(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = _given(prompt)
    name = "sum" if match[1].lower() == "add up" else match[1].lower()
    if len(found) < 2 or "column" in prompt.task.lower() or _is_told(match):
        return None
    value = _STATISTICS[name](found)
    numbers = ", ".join(show(number) for number in found[:30])
    return Answer(f"The {name} of {numbers} is {show_both(value)}.", show(value, 10))


def _is_told(match: re.Match[str]) -> bool:
    """Whether the text says the value itself: 'total 129.50 CHF'."""
    tail = re.split(r"[.!?;](?:\s|$)|\n", match.string[match.end() :], maxsplit=1)[0]
    follows = re.match(r"\s*(?:[:=]|is|was)?\s*(?:[$€£]|[A-Z]{3}\s)?\d", tail)
    listed = re.match(r"[^\d\n]{0,8}-?\d[\d.]*\s*(?:,|and\b|\+)\s*(?:and )?[$€£-]?\d", tail)
    return bool(follows) and not listed


def _median(found: list[Fraction]) -> Fraction:
    row = sorted(found)
    middle = len(row) // 2
    return row[middle] if len(row) % 2 else (row[middle - 1] + row[middle]) / 2


def _mode(found: list[Fraction]) -> Fraction:
    return max(found, key=found.count)


def _product(found: list[Fraction]) -> Fraction:
    return math.prod(found[:200], start=Fraction(1))


_STATISTICS: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "average": lambda found: sum(found, Fraction(0)) / len(found),
    "mean": lambda found: sum(found, Fraction(0)) / len(found),
    "median": _median,
    "mode": _mode,
    "range": lambda found: max(found) - min(found),
    "sum": lambda found: sum(found, Fraction(0)),
    "total": lambda found: sum(found, Fraction(0)),
    "product": _product,
}


def _mostly_numbers(prompt: Prompt) -> bool:
    """Whether the task speaks of bare numbers and not of things that have some."""
    named = re.findall(r"\b[A-Z][a-z]+\b", prompt.task[1:])
    return not named and all(is_exact(value) for value in _given(prompt))


def _exceeds(match: re.Match[str], prompt: Prompt) -> Answer | None:
    found = _read(with_digits(prompt.task))
    if len(found) != 2:
        return None
    less = re.match(r"less|small|low|few", match[1], re.I)
    holds = found[0] < found[1] if less else found[0] > found[1]
    sign = "<" if found[0] < found[1] else ">" if found[0] > found[1] else "="
    text = f"{show(found[0])} {sign} {show(found[1])}"
    return Answer(f"{'Yes' if holds else 'No'}: {text}", "yes" if holds else "no")


def _series(match: re.Match[str], prompt: Prompt) -> Answer | None:
    """The sum of all whole numbers from one to another."""
    low = int(match["low"] or match["from"] or 1)
    high = int(match["high"] or match["to"] or match["many"])
    if low > high or high > 10**12:
        return None
    total = (low + high) * (high - low + 1) // 2
    return Answer(f"The sum of the whole numbers from {low} to {high} is {total}.", str(total))


_RULES: tuple[Rule, ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (
            r"\b(?:sum|total|add)\b[^.?\n]{0,40}?\b(?:numbers|integers)\b[^.?\n\d]{0,20}(?:from|"
            r"between) "
            r"(?P<low>\d{1,12}) (?:to|and) (?P<high>\d{1,12})|"
            r"\b(?:sum|total|add up)(?: of| from)? (?:all )?(?:the )?(?:from )?(?P<from>\d{1,12}) ?"
            r"(?:to|through|until|bis|–|\.\.\.?) ?(?P<to>\d{1,12})(?![\d.,]*(?:\d|%))|"
            r"\b(?:sum|total) of (?:all )?(?:the )?first (?P<many>\d{1,12}) (?:\w+ )?(?:numbers|"
            r"integers)",
            _series,
        ),
        (
            r"^is [-\w./, ]{1,30} (greater|larger|more|bigger|higher|less|smaller|lower|"
            r"fewer) than "
            r"[-\w./, ]{1,30}\??$",
            _exceeds,
        ),
        (r"\b(average|mean|median|mode|range|sum|total|product|add up)\b", _statistic),
        (
            r"\b(?:compare|bigger|larger|greater|smaller|less|higher|lower|largest|biggest|"
            r"greatest|"
            r"smallest|highest|lowest|maximum|"
            r"minimum|max|min)\b(?= ?(?:[,:?]|of|number|one|value|or|between|among|from|in|is|\d|"
            r"$))",
            lambda match, prompt: _compare(match, prompt) if _mostly_numbers(prompt) else None,
        ),
    )
)
