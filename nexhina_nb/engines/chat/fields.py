"""Fills named fields from a text: 'name', 'age' or 'city' from 'Ada is 36 and lives in London'."""

from __future__ import annotations

import re
from collections.abc import Callable

from nexhina_nb.engines.chat import extraction
from nexhina_nb.engines.chat.finders import PLACE, STRINGS, Source
from nexhina_nb.engines.chat.numbers import find_numbers, show, with_digits
from nexhina_nb.engines.chat.words import STOP, stem, words

_NO = re.compile(
    r"\b(?:no|not|false|disabled?|off|never|n't|without|out of stock|unavailable)\b", re.I
)


def keys_named(task: str) -> list[str]:
    """The JSON keys that a task asks for: 'with keys name and age', '{"name": …}'."""
    match = re.search(
        r"\b(?:keys?|fields?|properties|attributes)\b\s*(?:named|called|are|"
        r":)?\s*:?\s*((?:[\"'`]?[\w-]{1,40}[\"'`]?(?:\s*\([^)]{0,60}\))?\s*(?:,\s*(?:and )?|"
        r"and )){0,20}"
        r"[\"'`]?[\w-]{1,40}[\"'`]?)",
        task,
        re.I,
    ) or re.search(
        r"\bjson\b[^.:\n]{0,30}\bwith ((?:(?:an?|the|his|her|their) )?[\w]{2,30}(?:(?:, and |,|"
        r" and )\s*(?:(?:an?|the|his|her|their) )?[\w]{2,30}){0,12})",
        task,
        re.I,
    )
    if match:
        plain = re.sub(r"\([^)]*\)", "", match[1])
        found = [
            re.sub(r"^(?:an?|the|his|her|their) ", "", part.strip(" \"'`"))
            for part in re.split(r",\s*(?:and )?|\band\b", plain)
        ]
        return [
            key
            for key in dict.fromkeys(found)
            if key and key.lower() not in ("the", "following", "as", "in", "for", "from")
        ]
    shown = re.search(r"\{[^{}]{2,1000}\}", task)
    return (
        list(dict.fromkeys(re.findall(r"[\"']([\w-]{1,40})[\"']\s*:", shown[0]))) if shown else []
    )


def string(name: str, about: str, source: Source) -> str | None:
    """The text for a field of this name and description; None where nothing in the source fits."""
    told = _explicit(name, source.text)
    if told:
        return told
    for text in (name, about):
        low = _spaced(text)
        for pattern, find in STRINGS:
            if re.search(pattern, low):
                found = find(source)
                if found:
                    source.used.append(found)
                    return found
                break
    return None


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
    low = _spaced(name)
    own = [stem(word) for word in words(low) if word not in STOP and len(word) > 1]
    return own + [cue for pattern, cues in _CUES for cue in cues if re.search(pattern, low)]


def _is_money(name: str) -> bool:
    return bool(re.search(_MONEY, _spaced(name)))


def _without_marks(text: str, name: str) -> str:
    """The text without the digits that are no figures: those of dates, times, and numbers that name
    a thing.
    """
    low = _spaced(name)
    if not re.search(r"\b(?:year|month|day|date|hours?|minutes?|time)\b", low):
        for written in extraction.dates(text):
            text = text.replace(written, " ")
        text = re.sub(r"\b\d{1,2}:\d{2}\b", " ", text)
    if re.search(r"\b(?:id|no|nr|number|code|reference)\b", low):
        return text
    text = _NAMING.sub(" ", text)
    return re.sub(r"\b(?:\d{3,}-\d+|\d+-\d+-[\d-]+|[A-Z]+-\d[\d-]*)\b", " ", text)


def boolean(name: str, about: str, source: Source) -> bool | None:
    """Whether the text says so: a field's words near a negation are false, without one true."""
    wanted = {stem(word) for word in words(_spaced(name)) if word not in STOP}
    for sentence in re.split(r"[.!?;,\n]|\bbut\b|\band\b", source.text):
        if wanted & {stem(word) for word in words(sentence)}:
            return not _NO.search(sentence)
    return None


def strings(name: str, about: str, source: Source) -> list[str] | None:
    """The texts for a list field."""
    low = f"{_spaced(name)} {_spaced(about)}"
    for pattern, find in _LISTS:
        if re.search(pattern, low):
            return find(source.text) or None
    listed = _listed(name, source.text)
    return listed or None


def records(text: str, named: bool) -> list[str]:
    """The parts of a text that each speak of one thing: its list lines, or from each name to the
    next.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    if len(lines) > 1:
        return lines
    names = extraction.names(text) if named else []
    if len(names) > 1:
        starts = sorted({text.find(name) for name in names})
        return [
            text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)
        ]
    return [text]


def _spaced(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[_-]+", " ", name).lower()


def _explicit(name: str, text: str) -> str | None:
    """'name: Ada', 'the city is Rome', 'title = X'."""
    spaced = re.escape(_spaced(name))
    if len(spaced) < 2:
        return None
    marked = re.search(
        rf"\b{spaced}\s*(?::|=|is|of|as|saying)?\s*(?:\"([^\"\n]{{1,500}})\"|“([^”\n]{{1,500}})”|"
        rf"'([^'\n]{{1,500}})'(?!\w))",
        text,
        re.I,
    )
    if marked:
        return marked[1] or marked[2] or marked[3]
    match = re.search(
        rf"\b{spaced}\s*(?::|=|\bis\b|\bwas\b|\bnamed\b|\bcalled\b)\s*[\"'“]?([^\n\"”;]{{1,300}})",
        text,
        re.I,
    )
    if match is None:
        return None
    tail = re.split(
        r"[,;](?:\s|$)|[.!?](?:\s|$)|\s+and\s+(?=\w+ (?:is|:|=))| - ", match[1], maxsplit=1
    )[0].strip(" \"'”")
    return (
        re.split(
            r"\s+and\s+(?:i|he|she|my|his|her|lives?|works?|is|am)\b", tail, maxsplit=1, flags=re.I
        )[0].strip()
        or None
    )


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
    measured = any(re.search(pattern, _spaced(name)) for pattern, _ in _MEASURED)
    for match in extraction.NUMBER.finditer(text):
        follows = _COUNTED.match(text, match.end())
        if measured and not _is_money(name) and _PRICED.match(text, match.end()):
            continue
        free = match[0] not in source.used and source.claimed.get(match[0], name) == name
        if free and (not measured or follows is None or follows[1] in STOP):
            return match[0]
    return None


def _listed(name: str, text: str) -> list[str]:
    """'ingredients: flour, eggs' or 'buy milk, eggs and bread'."""
    spaced = re.escape(_spaced(name).rstrip("s"))
    match = re.search(
        rf"\b{spaced}\w{{0,3}}\b\s*(?:are|is|include|:|=)?\s*:?\s*([^.\n:]{{2,500}})", text, re.I
    ) or re.search(r"((?:\b[\w' -]{1,30}, ){1,20}(?:and |or )?[\w' -]{1,30})", text)
    if match is None:
        return []
    parts = re.split(r"\s*,\s*(?:and |or )?|\s+and\s+|\s+or\s+", match[1])
    cleaned = [
        re.sub(
            r"^.*\b(?:buy|need|are|include|got|bought|have|add|with|use|uses|get|likes?|sells?|"
            r"contains?)\s+(?:some |a |an |the )?",
            "",
            part,
        ).strip(" .\"'")
        for part in parts
    ]
    return [part for part in cleaned if part]


_LISTS: tuple[tuple[str, Callable[[str], list[str]]], ...] = (
    (r"\be ?mails?\b", extraction.EMAIL.findall),
    (r"\b(?:urls?|links?)\b", extraction.URL.findall),
    (r"\bphones?\b", extraction.PHONE.findall),
    (r"\bdates?\b", extraction.dates),
    (r"\bhash ?tags\b", extraction.hashtags),
    (
        r"\b(?:cities|locations|places|countries)\b",
        lambda text: list(dict.fromkeys(PLACE.findall(text))) or extraction.names(text),
    ),
    (
        r"\b(?:names|participants|people|persons|attendees|characters|authors|guests|players|"
        r"members|entities)\b",
        extraction.names,
    ),
)
