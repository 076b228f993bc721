"""Compares things by what the text says of them: 'Ada is 36, Bob is 40: who is older?', 'Tom is
taller than Ann'.
"""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.context import read
from nexhina_nb.engines.chat.numbers import NUMBER, find_numbers, with_digits
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.speakers import to_second_person

_MORE = (
    "older taller bigger larger heavier faster longer higher more greater richer stronger "
    "hotter warmer louder further farther deeper wider"
)
_LESS = (
    "younger shorter smaller lighter slower lower less fewer cheaper poorer weaker colder "
    "cooler nearer closer narrower"
)
_MOST = (
    "oldest tallest biggest largest heaviest fastest longest highest most greatest richest "
    "strongest hottest warmest loudest furthest deepest widest"
)
_LEAST = (
    "youngest shortest smallest lightest slowest lowest least fewest cheapest poorest "
    "weakest coldest coolest nearest closest narrowest"
)
_DEGREES = {
    word: sign
    for row, sign in ((_MORE, 1), (_LESS, -1), (_MOST, 1), (_LEAST, -1))
    for word in row.split()
}
_WORDS = "|".join(_DEGREES)
_ASKS = re.compile(
    rf"\b(?:who|which|what)\b.{{0,60}}?\b({_WORDS})\b|\bwho\b.{{0,20}}\bhas (more|most|less|"
    rf"least|fewer|fewest)\b",
    re.I,
)
_NAME = r"([A-Z][\w'-]*|[Tt]he [a-z]+|I)"
_STATED = re.compile(
    rf"{_NAME}\s+(?:is|was|are|am|weighs?|costs?|has|runs|"
    rf"measures?)\s+(?:about\s+)?[$€£]?({NUMBER})",
    re.I,
)
_RELATED = re.compile(
    rf"{_NAME}\s+(?:is|was|runs|are)\s+(?:much |a bit |slightly )?({_WORDS})\s+than\s+{_NAME}"
)
_OPPOSITES = dict(
    zip(
        _LESS.split(),
        [
            "older",
            "taller",
            "bigger",
            "heavier",
            "faster",
            "higher",
            "more",
            "more",
            "costlier",
            "richer",
            "stronger",
            "hotter",
            "warmer",
            "further",
            "further",
            "wider",
        ],
        strict=False,
    )
) | {
    "smallest": "biggest",
    "smaller": "bigger",
    "larger": "bigger",
    "largest": "bigger",
    "youngest": "older",
    "shortest": "taller",
    "oldest": "older",
    "tallest": "taller",
    "biggest": "bigger",
    "heaviest": "heavier",
    "lightest": "heavier",
    "fastest": "faster",
    "slowest": "faster",
    "cheapest": "costlier",
}


def answer(prompt: Prompt) -> Answer | None:
    """Who or what is the most or the least, from numbers or from stated comparisons."""
    reading = read(prompt)
    asked = _ASKS.search(reading.question[:300])
    if asked is None:
        return None
    told = " ".join((*reading.given, *reading.before))[-20_000:]
    word = (asked[1] or asked[2]).lower()
    sign = _DEGREES.get(word, -1)
    return _by_order(word, sign, told) or _by_number(sign, told)


def _by_number(sign: int, told: str) -> Answer | None:
    stated = {name: find_numbers(number)[0] for name, number in _STATED.findall(with_digits(told))}
    if len(stated) < 2:
        return None
    best = max(stated, key=lambda name: sign * stated[name])
    if list(stated.values()).count(stated[best]) > 1:
        return Answer("They are equal.", "equal")
    name = (
        best.removeprefix("the ").removeprefix("The ") if best.lower().startswith("the ") else best
    )
    return Answer(f"{to_second_person(best[:1].upper() + best[1:])}.", to_second_person(name))


def _by_order(word: str, sign: int, told: str) -> Answer | None:
    scale = _OPPOSITES.get(word, word)
    above: set[tuple[str, str]] = set()
    for first, relation, second in _RELATED.findall(told):
        if _OPPOSITES.get(relation.lower(), relation.lower()) == scale:
            above.add((first, second) if _DEGREES[relation.lower()] > 0 else (second, first))
    if not above or len(above) > 200:
        return None
    names = {name for pair in above for name in pair}
    beaten = {low if sign > 0 else high for high, low in above}
    ends = names - beaten
    if len(ends) != 1:
        return Answer("The text does not settle that.", "unknown")
    best = ends.pop()
    return Answer(f"{best[:1].upper() + best[1:]}.", best)
