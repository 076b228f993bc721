"""Word problems by relation: an age by another's, an amount by a rate, a part of a whole."""

from __future__ import annotations

import re
from fractions import Fraction

from nexhina_nb.engines.chat.numbers import find_numbers, show
from nexhina_nb.engines.chat.prompt import Answer
from nexhina_nb.engines.chat.words import STOP, sentences, stem, words

_N = r"(\d[\d,]*(?:\.\d+)?)"
_GAP = re.compile(rf"\b([A-Z]\w+) is {_N} years? (older|younger) than ([A-Z]\w+)")
_FOLD = re.compile(rf"\b([A-Z]\w+) is (twice|half|{_N} times) as old as ([A-Z]\w+)")
_AGE = re.compile(rf"\b([A-Z]\w+) is {_N}(?: years old)?(?=\s*(?:[.,;!?]|and\b|$))")
_RATE = re.compile(
    rf"{_N} ([a-z]{{1,20}})(?: of \w+)? (?:per|for every|every|for each|in every) "
    rf"{_N} ([a-z]{{1,20}})"
)
_PART = re.compile(
    r"\b(?:(?P<many>a|an|one|\d+) )?(?P<name>half|halves|thirds?|quarters?|fourths?|fifths?|"
    r"sixths?|eighths?|tenths?) of (?:them|these|those|the \w+|his|her|its|my)\b",
    re.I,
)
_DENOMINATORS = {
    "hal": 2,
    "thi": 3,
    "qua": 4,
    "fou": 4,
    "fif": 5,
    "six": 6,
    "eig": 8,
    "ten": 10,
}
_REST = re.compile(r"\b(?:not|don't|doesn't|left|remain\w*|others?|rest|without)\b", re.I)


def age(task: str) -> Answer | None:
    """'Lisa is 3 years older than Max. Max is 9. How old is Lisa?'"""
    asked = re.search(r"\bhow old is ([A-Z]\w+)", task, re.I)
    gaps = {one: (way, find_numbers(gap)[0], other) for one, gap, way, other in _GAP.findall(task)}
    if asked is None or not gaps or _FOLD.search(task):
        return None
    known = {who: find_numbers(years)[0] for who, years in _AGE.findall(task)}
    steps: dict[str, str] = {}
    for _ in gaps:
        for one, (way, gap, other) in gaps.items():
            sign = 1 if way == "older" else -1
            _follow(known, steps, one, other, sign * gap)
            _follow(known, steps, other, one, -sign * gap)
    if asked[1] not in steps:
        return None
    value = show(known[asked[1]])
    return Answer(f"{steps[asked[1]]} = {value}", value)


def _follow(
    known: dict[str, Fraction], steps: dict[str, str], who: str, other: str, gap: Fraction
) -> None:
    if who in known or other not in known:
        return
    steps[who] = f"{show(known[other])} {'-' if gap < 0 else '+'} {show(abs(gap))}"
    known[who] = known[other] + gap


def is_rate(task: str) -> bool:
    """Whether a text says how much comes to how much: '6 litres per 100 km'."""
    return bool(_RATE.search(task))


def by_rate(task: str) -> Answer | None:
    """'6 litres per 100 km. How many litres for 250 km?', and how far with so many litres."""
    rate = _RATE.search(task)
    asked = re.search(r"\bhow (?:many|much) ([a-z]+)", task, re.I)
    if rate is None or asked is None or task.count("?") > 1:
        return None
    told = task[: rate.start()] + " " + task[rate.end() :]
    given = re.findall(rf"{_N} ([a-z]{{1,20}})", told)
    if len(given) != 1 or len(find_numbers(told)) != 1:
        return None
    much, base, amount = (find_numbers(text)[0] for text in (rate[1], rate[3], given[0][0]))
    wanted, unit = stem(asked[1].lower()), stem(given[0][1])
    if (wanted, unit) == (stem(rate[2]), stem(rate[4])) and base:
        over, under = much, base
    elif (wanted, unit) == (stem(rate[4]), stem(rate[2])) and much:
        over, under = base, much
    else:
        return None
    value = show(amount * over / under, 4)
    return Answer(f"{show(amount)} / {show(under)} * {show(over)} = {value}", value)


def part(task: str) -> Answer | None:
    """'There are 24 pupils. A third of them wear glasses. How many wear glasses?'"""
    told = _PART.search(task)
    parts = sentences(task)
    if told is None or len(parts) < 2 or not re.match(r"how many\b", parts[-1], re.I):
        return None
    numbers = find_numbers(" ".join(parts[:-1]).replace(told[0], " "))
    clause = next((text for text in parts if told[0] in text), "")
    shared = _meant(clause.replace(told[0], " ")) & _meant(parts[-1])
    if len(numbers) != 1 or len(_PART.findall(task)) != 1 or find_numbers(parts[-1]):
        return None
    rest = bool(_REST.search(parts[-1]))
    if not shared and not rest:
        return None
    many = int(told["many"]) if (told["many"] or "").isdigit() else 1
    share = Fraction(many, _DENOMINATORS[told["name"][:3].lower()])
    share = 1 - share if rest else share
    value = show(numbers[0] * share, 4)
    return Answer(f"{show(numbers[0])} * {share} = {value}", value)


def _meant(text: str) -> set[str]:
    return {stem(word) for word in words(text) if word not in STOP}
