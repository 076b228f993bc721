"""Unit conversion: 'convert 10 miles to km', 'how many feet are in 3 metres', '100°F in Celsius';
exact factors.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from fractions import Fraction

from nexhina_nb.engines.chat.languages import load
from nexhina_nb.engines.chat.numbers import find_numbers, is_exact, show, with_digits
from nexhina_nb.engines.chat.prompt import Answer, Prompt

_ASKS = re.compile(
    r"\b(?:convert|how (?:many|much|long|far)|what(?:'s| is| are)|to|in|into|as|express|change|"
    r"equals?)\b|=",
    re.I,
)
_COMPARES = re.compile(
    r"\bcompare\b|\b(?:which|what) (?:is |one is |weighs |costs |takes )(longer|more|bigger|larger|"
    r"heavier|further|faster|hotter|older|less|shorter|smaller|lighter|slower)\b",
    re.I,
)
_LESS = re.compile(r"less|shorter|smaller|lighter|slower", re.I)
_NUMBER_NEXT = re.compile(r"\s*-?\d")
_SCALES = {
    "c": "°C",
    "celsius": "°C",
    "f": "°F",
    "fahrenheit": "°F",
    "k": "K",
    "kelvin": "K",
    "kelvins": "K",
}
_SCALE = (
    r"(?:degrees? |deg |°\s?)?(celsius|fahrenheit|kelvins?)|(?:degrees? |deg |°\s?)(c|f|"
    r"k)\b|\b([CFK])\b"
)
_QUANTITY = re.compile(
    r"(?P<number>(?<![\w.])[-−]?\d[\d,"
    r"]*(?:\.\d+)?(?:\s?/\s?\d+)?)\s*-?(?P<unit>[^\W\d_][\w²³]*(?:/[^\W\d_]+)?|µ\w+)",
    re.I,
)
_UNIT = re.compile(r"(?<![\w/])(?:[^\W\d_][\w²³]*(?:/[^\W\d_]+)?)")
_PAIRS = re.compile(
    r"\b(nautical|light|metric|us|square|cubic|fluid|fl|sq|watt|kilowatt) (miles?|years?|tons?|"
    r"gallons?|met(?:er|re)s?|"
    r"(?:kilo|centi)met(?:er|re)s?|f(?:oo|ee)t|inch(?:es)?|ounces?|oz|ft|hours?)\b|"
    r"\b((?:kilo)?met(?:er|re)s?|km|feet|miles?) (per|an) (hour|second)\b",
    re.I,
)
_HALF = re.compile(r"\bhalf (?:a|an|of a) ", re.I)
_SHORT_ALIASES = (
    "in to a as at m h t s g b l c f k j w st pt us min mi bar second stone turn items pieces piece"
)
_AMBIGUOUS = frozenset(_SHORT_ALIASES.split())


@dataclass(frozen=True, slots=True)
class _Unit:
    name: str
    dimension: str
    factor: Fraction


@functools.cache
def _units() -> dict[str, _Unit]:
    found: dict[str, _Unit] = {}
    for dimension, rows in load("units").items():
        for name, (factor, aliases) in rows.items():
            unit = _Unit(name, dimension, Fraction(factor))
            found |= dict.fromkeys(aliases.split(), unit)
    return found


def answer(prompt: Prompt) -> Answer | None:
    """Converts the quantity in the task into the other unit that it names."""
    task = prompt.task
    if len(task) > 600 or not (_ASKS.search(task) or _COMPARES.search(task)):
        return None
    task = _HALF.sub("0.5 ", with_digits(task).replace("−", "-"))
    joined = _joined(task)
    return _compare(joined) or _temperature(task) or _convert(joined, prompt)


def _quantities(task: str) -> list[tuple[Fraction, _Unit, re.Match[str]]]:
    """All numbers with a unit; 'in' between a number and another number is no inch."""
    return [
        (_number(match["number"]), unit, match)
        for match in _QUANTITY.finditer(task)
        if (unit := _units().get(match["unit"].lower()))
        and not (match["unit"].lower() == "in" and _NUMBER_NEXT.match(task, match.end()))
    ]


def _compare(task: str) -> Answer | None:
    """'Which is longer, 5 km or 3 miles?': the larger of two quantities of one dimension."""
    asked = _COMPARES.search(task)
    found = _quantities(task) if asked else []
    if len(found) != 2 or found[0][1].dimension != found[1][1].dimension:
        return None
    sizes = [number * unit.factor for number, unit, _ in found]
    if sizes[0] == sizes[1]:
        return Answer("They are equal.", "equal")
    less = bool(asked and asked[1] and _LESS.search(asked[1]))
    at = sizes.index(min(sizes) if less else max(sizes))
    shown = found[at][2][0]
    return Answer(f"{shown} is {'less' if less else 'more'}.", shown)


def _joined(task: str) -> str:
    def join(match: re.Match[str]) -> str:
        if match[1]:
            return f"{match[1]}_{match[2]}".lower()
        return f"{match[3]}_per_{match[5]}".lower()

    return _PAIRS.sub(join, task)


def _temperature(task: str) -> Answer | None:
    found = list(re.finditer(_SCALE, task, re.I))
    source = re.search(rf"(-?\d[\d,]*(?:\.\d+)?)\s*(?:{_SCALE})", task, re.I)
    if source is None:
        return None
    start = _scale(source.groups()[1:])
    others = [scale for match in found if (scale := _scale(match.groups())) != start]
    if not others or not start:
        return None
    value = find_numbers(source[1])[0]
    kelvin = {"°C": value + _ZERO, "°F": (value - 32) * 5 / 9 + _ZERO, "K": value}[start]
    if kelvin < 0:
        return Answer(f"{show(value)} {start} is below absolute zero.", "undefined")
    result = {"°C": kelvin - _ZERO, "°F": (kelvin - _ZERO) * 9 / 5 + 32, "K": kelvin}[others[0]]
    return Answer(
        f"{show(value)} {start} = {show(result, 2)} {others[0]}", f"{show(result, 2)} {others[0]}"
    )


_ZERO = Fraction("273.15")


def _scale(groups: tuple[str | None, ...]) -> str:
    return next((_SCALES[part.lower()] for part in groups if part), "")


def _convert(task: str, prompt: Prompt) -> Answer | None:
    source = _source(task)
    if source is None:
        return None
    number, unit, start, end = source
    target = _target(task[:start] + " " * (end - start) + task[end:], unit)
    if target is None:
        return None
    if target.dimension != unit.dimension:
        return _mismatch(number, unit, target)
    result = number * unit.factor / target.factor
    sign = "=" if is_exact(result, 6) else "≈"
    shown = show(result, 6) if abs(result) >= Fraction(1, 1000) else show(result, 12)
    brief = f"{shown} {_for_one(target) if shown == '1' else target.name}"
    text = f"{show(number, 6)} {_for_one(unit) if number == 1 else unit.name} {sign} {brief}"
    return Answer(prompt.phrase(text, text, f"That is {brief}."), brief)


def _for_one(unit: _Unit) -> str:
    """The singular: the first alias, where the name is a word and not a sign."""
    plural = unit.name.isalpha() and unit.name.islower() and len(unit.name) > 3
    return next(alias for alias, row in _units().items() if row is unit) if plural else unit.name


def _source(task: str) -> tuple[Fraction, _Unit, int, int] | None:
    quantities = _quantities(task)
    if quantities:
        number, unit, match = quantities[0]
        end = match.end()
        for more, other, place in quantities[1:]:  # "5 feet 10 inches" is one quantity
            if task[end : place.start()].strip(" ,") not in ("", "and"):
                break
            if other.dimension == unit.dimension and other.factor < unit.factor:
                number, end = number + more * other.factor / unit.factor, place.end()
        return number, unit, match.start(), end
    # "how many minutes are in an hour": an article stands for one
    for match in re.finditer(r"\b(?:in|is|does|has) (?:a|an|one|the|each) ([\w²³/]+)", task, re.I):
        one = _units().get(match[1].lower())
        if one:
            return Fraction(1), one, match.start(), match.end()
    return None


def _number(text: str) -> Fraction:
    parts = [find_numbers(part) for part in text.split("/")]
    values = [part[0] for part in parts if part]
    if len(values) == 2 and values[1]:
        return values[0] / values[1]
    return values[0] if values else Fraction(0)


def _target(rest: str, source: _Unit) -> _Unit | None:
    """The other unit that is named; a short alias counts only after a word that asks for a unit."""
    found: list[_Unit] = []
    for match in _UNIT.finditer(rest):
        word = match[0].lower()
        unit = _units().get(word)
        asked = re.search(
            r"(?:\b(?:to|into|in|as|many|much|of)|=)\s*$",
            rest[: match.start()].rstrip() + " ",
            re.I,
        )
        if unit and unit.name != source.name and (word not in _AMBIGUOUS or asked):
            found.append(unit)
    same = [unit for unit in found if unit.dimension == source.dimension]
    return same[0] if same else found[0] if found else None


def _mismatch(number: Fraction, source: _Unit, target: _Unit) -> Answer | None:
    one, other = (unit.dimension.split(" (")[0] for unit in (source, target))
    if one == other and source.name == "years":
        result = show(number * 365 * 86_400 / target.factor, 6)
        years = "1 year" if number == 1 else f"{show(number)} years"
        text = f"{years} of 365 days = {result} {target.name} (a leap year has one day more)"
        return Answer(text, f"{result} {target.name}")
    if one == other:
        return Answer(
            f"{source.name} and {target.name} have no fixed ratio: a month has 28 to 31 days, a "
            f"year 365 or 366.",
            "undefined",
        )
    return Answer(
        f"I cannot convert {source.name} to {target.name}: one is {one}, the other {other}.",
        "undefined",
    )
