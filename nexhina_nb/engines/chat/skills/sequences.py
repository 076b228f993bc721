"""Lists that follow from a rule: counting, primes, even numbers, squares, Fibonacci, tables, the
alphabet, weekdays.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator
from itertools import count, islice, pairwise

from nexhina_nb.engines.chat.calendar_dates import DAYS, MONTHS
from nexhina_nb.engines.chat.numbers import find_numbers, show, with_digits
from nexhina_nb.engines.chat.prompt import Answer, Prompt

_MOST = 2_000
_ASK = (
    r"\b(?:list|give|show|write|print|count|name|generate|tell|what are|output|enumerate|say|"
    r"create|make|display|recite)\b"
)


def answer(prompt: Prompt) -> Answer | None:
    """Writes the sequence that the task describes."""
    task = with_digits(prompt.task)
    if len(task) > 400:
        return None
    powers = _POWERS.search(task)
    if powers:
        return _powers(powers, task)
    for pattern, make in _RULES:
        match = pattern.search(task)
        values = make(match) if match else None
        if values:
            return _write(values, task)
    return None


def _write(values: list[str], task: str) -> Answer:
    lines = re.search(r"per line|new line|separate lines|each on", task, re.I) or " " in values[-1]
    return Answer(("\n" if lines else ", ").join(values))


def _powers(match: re.Match[str], task: str) -> Answer | None:
    """'The squares of 1 to 5', as a table where one is wished."""
    low, high = int(match["low"]), int(match["high"])
    power, sign = (2, "²") if match["kind"].lower() == "square" else (3, "³")
    if not low <= high <= low + 500:
        return None
    pairs = [(number, number**power) for number in range(low, high + 1)]
    if not re.search(r"\btable\b", task, re.I):
        return Answer(", ".join(str(value) for _, value in pairs))
    rows = "\n".join(f"| {number} | {value} |" for number, value in pairs)
    return Answer(f"| n | n{sign} |\n| --- | --- |\n{rows}")


def _count(match: re.Match[str]) -> list[str] | None:
    if _OF_OTHERS.search(match[0]):
        return None
    start, end = int(match["a"] or 1), int(match["b"])
    step = int(match["step"] or 1) or 1
    if abs(end - start) // step > _MOST:
        return None
    sign = 1 if end >= start else -1
    return [str(number) for number in range(start, end + sign, step * sign)]


def _countdown(match: re.Match[str]) -> list[str] | None:
    start = int(match[1])
    return (
        [str(number) for number in range(start, int(match[2] or 1) - 1, -1)]
        if start <= _MOST
        else None
    )


def _primes() -> Iterator[int]:
    return (
        number for number in count(2) if all(number % d for d in range(2, int(number**0.5) + 1))
    )


def _fibonacci() -> Iterator[int]:
    now, following = 0, 1
    while True:
        yield now
        now, following = following, now + following


_ENDLESS: dict[str, Callable[[], Iterator[int]]] = {
    "prime": _primes,
    "even": lambda: count(2, 2),
    "odd": lambda: count(1, 2),
    "square": lambda: (number * number for number in count(1)),
    "cube": lambda: (number**3 for number in count(1)),
    "fibonacci": _fibonacci,
    "natural": lambda: count(1),
    "positive": lambda: count(1),
    "power": lambda: (2**number for number in count(0)),
    "triang": lambda: (number * (number + 1) // 2 for number in count(1)),
    "multiple": lambda: count(1),
}


def _kind(name: str) -> Callable[[], Iterator[int]]:
    return next(make for start, make in _ENDLESS.items() if name.lower().startswith(start))


def _first(match: re.Match[str]) -> list[str] | None:
    many = int(match[1])
    if not 0 < many <= 500:
        return None
    if match[2].lower().startswith("multiple"):
        return [str(int(match[3] or 1) * number) for number in range(1, many + 1)]
    return [str(number) for number in islice(_kind(match[2])(), many)]


def _range(match: re.Match[str]) -> list[str] | None:
    low, high = int(match["low"] or 0), int(match["high"]) - (1 if match["under"] else 0)
    if high > 10_000:
        return None
    found: list[str] = []
    for number in _kind(match["kind"])():
        if number > high:
            return found
        found += [str(number)] if number >= low else []
    return found


def _nth(match: re.Match[str]) -> list[str] | None:
    place = int(match[1])
    if not 0 < place <= 1_000:
        return None
    # the Fibonacci numbers are counted F1 = 1, F2 = 1, as in most books
    start = place if match[2].lower().startswith("fib") else place - 1
    return [str(next(islice(_kind(match[2])(), start, None)))]


def _table(match: re.Match[str]) -> list[str]:
    factor, end = int(match["n"] or match["m"]), int(match["end"] or 10)
    return [f"{factor} × {number} = {factor * number}" for number in range(1, min(end, 100) + 1)]


def _next(match: re.Match[str]) -> list[str] | None:
    """The number that follows where differences, quotients or sums of two show one rule."""
    row = find_numbers(match[1])
    if len(row) < 3:
        return None
    steps = {b - a for a, b in pairwise(row)}
    if len(steps) == 1:
        return [show(row[-1] + steps.pop())]
    if 0 not in row and len(quotients := {b / a for a, b in pairwise(row)}) == 1:
        return [show(row[-1] * quotients.pop())]
    if len(row) > 3 and all(a + b == c for a, b, c in zip(row, row[1:], row[2:], strict=False)):
        return [show(row[-2] + row[-1])]
    second = [c - 2 * b + a for a, b, c in zip(row, row[1:], row[2:], strict=False)]
    if len(row) > 3 and len(set(second)) == 1:
        return [show(2 * row[-1] - row[-2] + second[0])]
    return None


_POWERS = re.compile(
    r"\b(?P<kind>square|cube)s? (?:of|for) (?:the )?(?:whole |natural )?(?:numbers |integers )?"
    r"(?:from )?(?P<low>\d{1,6}) ?(?:to|through|until|-|–) ?(?P<high>\d{1,6})\b",
    re.I,
)
# "the roots of 1 to 5" are not the numbers from 1 to 5
_OF_OTHERS = re.compile(
    r"\b(?:roots?|logs?|logarithms|factorials?|halves|doubles?|sums?) of\b", re.I
)
_KINDS = r"(?P<kind>prime|even|odd|square|cube|fibonacci)"
_RULES: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], list[str] | None]], ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (
            r"\bnext\b[^\d\n]{0,60}((?:-?\d{1,15}(?:\.\d{1,9})?[,; ]{1,3}){2,40}-?\d[\d.]*)",
            _next,
        ),
        (
            r"\b(?:multiplication|times)[- ]table (?:of|for) (?P<n>\d{1,6})|"
            r"\b(?P<m>\d{1,6})[- ]times[- ]table"
            r"(?:.{0,20}(?:up )?to (?P<end>\d{1,3}))?",
            _table,
        ),
        (
            r"\b(?:first|list|give me|show me|name) (\d{1,4}) (prime|even|odd|square|cube|"
            r"fibonacci|natural|positive|power|"
            r"triang|multiple)\w*(?:\s(?:numbers?|integers?))?"
            r"(?: of (\d{1,6}))?",
            _first,
        ),
        (r"\b(\d{1,4})(?:st|nd|rd|th) (prime|fibonacci|square|even|odd|triang)\w*", _nth),
        (
            rf"{_KINDS}s?(?: numbers?)? (?:between|from) (?P<low>\d{{1,5}}) (?:and|"
            rf"to) (?P<high>\d{{1,5}})(?P<under>$^)?",
            _range,
        ),
        (
            rf"{_KINDS}s?(?: numbers?)? (?:(?P<under>below|under|less than|smaller than)|"
            rf"up to) (?P<high>\d{{1,5}})(?P<low>$^)?",
            _range,
        ),
        (
            rf"{_ASK}.{{0,30}}\b(?:from )?(?P<a>-?\d{{1,6}})\s*(?:to|through|up to|until|-|"
            rf"–)\s*(?P<b>-?\d{{1,6}})\b"
            r"(?:.{0,10}\b(?:by|in steps? of) (?P<step>\d{1,4})(?:'?s)?)?(?!\s*(?:words?|"
            r"sentences?|km|miles?))",
            _count,
        ),
        (
            r"\bcount (?:up )?(?P<a>$^)?to (?P<b>\d{1,6})\b(?:.{0,10}\b(?:by|"
            r"in) (?P<step>\d{1,4}))?",
            _count,
        ),
        (r"\bcount(?:ing)? (?:down|backwards?) from (\d{1,4})(?: to (-?\d{1,4}))?", _countdown),
        (rf"{_ASK}.{{0,20}}\balphabet\b", lambda match: list(string.ascii_uppercase)),
        (rf"{_ASK}.{{0,30}}\b(?:days of (?:the|a) week|weekdays)\b", lambda match: list(DAYS)),
        (rf"{_ASK}.{{0,30}}\bmonths (?:of (?:the|a) year|in a year)\b", lambda match: list(MONTHS)),
    )
)
