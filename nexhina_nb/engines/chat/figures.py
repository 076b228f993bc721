"""Finds the number for a field: the one that stands by its name, its unit or its currency."""

from __future__ import annotations

import re

from nexhina_nb.engines.chat import extraction
from nexhina_nb.engines.chat.numbers import find_numbers, show, with_digits
from nexhina_nb.engines.chat.source import Source
from nexhina_nb.engines.chat.words import STOP, spaced, stem, words

_MONEY = r"\b(?:price|costs?|amount|total|salary|fee|balance|rent|tax|fare|budget)\b"
_CURRENCY = r"\$|€|£|CHF|EUR|USD|GBP|dollars?|euros?|francs?"
_COUNTED = re.compile(rf" ?(?!{_CURRENCY})([a-z%°][\w²³]*)")
_PRICED = re.compile(rf" ?(?:{_CURRENCY})(?!\w)")
# 'Order 5512:' names a thing, 'order 200 chairs' counts some
_NAMING = re.compile(
    r"(?:\b(?:order|invoice|ticket|account|customer|ref|nr|no|id)\.? ?#?|#)\d{3,}"
    r"(?=[:,.;]|\s+of\b|$)",
    re.I,
)
_FIGURE = r"(-?\d(?:[\d,]*\d)?(?:\.\d+)?)"
_CUES: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"\bage\b", ("years old", "year-old", "aged", "age", "years")),
    (r"\byear\b", ("in", "year")),
    (
        _MONEY,
        (
            *("$", "€", "£", "CHF", "EUR", "USD", "GBP", "dollars", "euros", "francs"),
            *("costs", "for", "price", "amount"),
        ),
    ),
    (r"\b(?:temperature|temp)\b", ("degrees", "°")),
    (r"\b(?:quantity|count|qty|number)\b", ("quantity", "count")),
    (r"\b(?:rating|score|stars)\b", ("stars", "out of", "/", "rating", "score")),
    (r"\b(?:height)\b", ("cm", "tall", "m")),
    (r"\b(?:weight)\b", ("kg", "pounds", "lbs")),
    (r"\b(?:area|size|surface)\b", ("m2", "m²", "sqm", "square")),
    (r"\b(?:distance)\b", ("km", "miles")),
    (r"\b(?:duration|minutes)\b", ("minutes", "hours", "min")),
)
_MEASURED = tuple(row for row in _CUES if "count" not in row[0])


def number(name: str, about: str, source: Source, whole: bool) -> float | int | None:
    """The number for a field: one that stands by the field's name, else one that nothing else has
    used.
    """
    text = _without_marks(with_digits(source.text), name)
    best = _by_cue(text, _cues(name), _is_money(name)) or _free_number(text, name, source)
    if best is None:
        return None
    source.used.append(best)
    value = find_numbers(best)[0]
    if whole:
        return round(value)
    return int(value) if value.denominator == 1 else float(show(value))


def claim(name: str, source: Source) -> None:
    """Keeps the number that stands by a field's name from the fields that have none."""
    text = _without_marks(with_digits(source.text), name)
    found = _by_cue(text, _cues(name), _is_money(name))
    if found:
        source.claimed[found] = name


def _cues(name: str) -> list[str]:
    """What stands next to the number of a field: first its own words, then their synonyms."""
    low = spaced(name)
    own = [stem(word) for word in words(low) if word not in STOP and len(word) > 1]
    return own + [cue for pattern, cues in _CUES for cue in cues if re.search(pattern, low)]


def _is_money(name: str) -> bool:
    return bool(re.search(_MONEY, spaced(name)))


def _without_marks(text: str, name: str) -> str:
    """The text without the digits that are no figures: those of dates, times, and numbers that name
    a thing.
    """
    low = spaced(name)
    if not re.search(r"\b(?:year|month|day|date|hours?|minutes?|time)\b", low):
        for written in extraction.dates(text):
            text = text.replace(written, " ")
        text = re.sub(r"\b\d{1,2}:\d{2}\b", " ", text)
    if re.search(r"\b(?:id|no|nr|number|code|reference)\b", low):
        return text
    text = _NAMING.sub(" ", text)
    return re.sub(r"\b(?:\d{3,}-\d+|\d+-\d+-[\d-]+|[A-Z]+-\d[\d-]*)\b", " ", text)


def _by_cue(text: str, cues: list[str], after_first: bool) -> str | None:
    """The number next to the first cue that has one; 'pages: 412' and prices follow their word,
    other figures rather stand before it.
    """
    for cue in cues:
        plain = re.escape(cue)
        ending = r"\w{0,6}" if cue[0].isalpha() else ""
        edge = r"(?<![^\W\d])" if cue[0].isalpha() else ""
        marked = rf"{edge}{plain}{ending}\s?[:=]\s?[$€£]?{_FIGURE}"
        before = rf"{_FIGURE}\s?-?{edge}{plain}"
        after = (
            rf"{edge}{plain}{ending}(?:\s(?:is|of|was|are|to|:|=|about|"
            rf"a))?\s?[:=$€£]?\s?(?:[$€£]|[A-Z]{{3}}\s)?{_FIGURE}"
        )
        order = (marked, after, before) if after_first else (marked, before, after)
        found = (re.search(pattern, text, re.I) for pattern in order)
        match = next((match for match in found if match), None)
        if match:
            return match[1].rstrip(",")
    return None


def _free_number(text: str, name: str, source: Source) -> str | None:
    """The first number that no other field has; '412 pages' are no price."""
    measured = any(re.search(pattern, spaced(name)) for pattern, _ in _MEASURED)
    for match in extraction.NUMBER.finditer(text):
        follows = _COUNTED.match(text, match.end())
        if measured and not _is_money(name) and _PRICED.match(text, match.end()):
            continue
        free = match[0] not in source.used and source.claimed.get(match[0], name) == name
        if free and (not measured or follows is None or follows[1] in STOP):
            return match[0]
    return None
