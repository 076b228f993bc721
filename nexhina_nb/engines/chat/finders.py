"""Finds the text for a field by what its name says it is: a place, a date, a person, a price."""

from __future__ import annotations

import re
from collections.abc import Callable

from nexhina_nb.engines.chat import extraction, places
from nexhina_nb.engines.chat.calendar_dates import DAYS, dated
from nexhina_nb.engines.chat.languages import NAMED
from nexhina_nb.engines.chat.payload import given, quoted
from nexhina_nb.engines.chat.source import Source, first
from nexhina_nb.engines.chat.sums import expression
from nexhina_nb.engines.chat.words import STOP

_RELATIVE_DATE = re.compile(
    r"\b(?:(?:next|this|on|last) )?(?:"
    + "|".join(DAYS)
    + r")\b|\b(?:today|tomorrow|yesterday|tonight|next (?:week|month|year))\b",
    re.I,
)
_UNIT_WORDS = re.compile(
    r"\b(celsius|fahrenheit|kelvin|metric|imperial|km|miles|kg|pounds|metres|meters|feet)\b", re.I
)
_CURRENCY = re.compile(r"\b([A-Z]{3})\b")
_CURRENCY_NAMES = {
    "dollar": "USD",
    "euro": "EUR",
    "pound": "GBP",
    "yen": "JPY",
    "$": "USD",
    "€": "EUR",
    "£": "GBP",
    "yuan": "CNY",
    "franc": "CHF",
}
_EVENT = re.compile(
    r"\b(?:to|for|attend(?:ing)?|at|have|having|schedule|plan|about|called|titled|a|an|"
    r"the)\s+(?:a|an|the)?\s*((?:[a-zA-Z'’-]+ ){0,4}?[a-zA-Z'’-]+)"
    r"(?=\s+(?:on|next|this|tomorrow|today|at|in|with)\b|[.!?]|$)"
)
_CURRENCY_CODES = "USD EUR GBP JPY CNY CHF CAD AUD INR MXN BRL KRW SEK NOK DKK PLN"
_CODES = frozenset(_CURRENCY_CODES.split())
_TICKER = re.compile(r"\b[A-Z]{2,5}\b")


def _date(source: Source) -> str | None:
    found = dated(source.text)
    if found:
        day, written = found[0]
        return day.isoformat() if day else written
    match = _RELATIVE_DATE.search(source.text)
    return re.sub(r"^on ", "", match[0], flags=re.I) if match else None


def _currencies(text: str) -> list[str]:
    codes = [code for code in _CURRENCY.findall(text) if code in _CODES]
    named = [code for name, code in _CURRENCY_NAMES.items() if name in text.lower()]
    return codes or named


def _event(source: Source) -> str | None:
    for match in _EVENT.finditer(source.text):
        phrase = match[1].strip()
        if (
            phrase
            and phrase.lower() not in STOP
            and not phrase[0].isupper()
            and not re.match(r"(?:be|go|see|meet)\b", phrase)
        ):
            return re.sub(r"^(?:a|an|the) ", "", phrase)
    return None


def _title(source: Source) -> str | None:
    """What is quoted, or stands before its author: 'Dune by Frank Herbert'."""
    marked = quoted(source.text)
    match = re.search(r"\b((?:[A-Z][\w'’-]*|of|the|and)(?: [\w'’-]+){0,8}?) by [A-Z]", source.text)
    found = marked[0] if marked else match[1] if match else None
    return (
        re.sub(r"^(?:[Tt]he )?(?:book|novel|film|movie|song|play) ", "", found) if found else None
    )


def _thing(source: Source) -> str | None:
    match = re.search(
        r"\b(?:the|a|an|our|this|my|buy|order|ordered|bought)\s+((?:(?!is\b|was\b|costs?\b|"
        r"has\b)[\w-]+\s){0,2}[\w-]+?)\s+(?:costs?|is|has|was|for|at|from)\b",
        source.text,
        re.I,
    )
    return match[1] if match else None


def _whole(source: Source) -> str | None:
    marked = quoted(source.text)
    text = marked[0] if marked else given(source.text)
    return text.strip() or None


def _query(source: Source) -> str | None:
    text = _whole(source) or re.sub(
        r"^(?:please |can you |could you |i want to |help me )*(?:search|look|find|google|"
        r"look up|query|retrieve|get|show)(?: the web| online| up| me)?(?: for|"
        r" about)?(?: information (?:on|about))?\s+",
        "",
        source.text,
        flags=re.I,
    )
    return text.strip().rstrip("?.!") or None


def _identifiers(text: str) -> list[str]:
    return [found.strip("#.,?!") for found in re.findall(r"#?\b[A-Za-z]{0,6}-?\d[\w-]*", text)]


def _after(cue: str, source: Source) -> str | None:
    match = re.search(
        rf"\b(?:{cue})\s+(?:the |a |an )?[\"'“]?([^\"'”?.!,\n]{{2,80}})", source.text, re.I
    )
    return (
        re.split(r"\s+(?:to|by|with|on|from|saying|that says)\s", match[1])[0].strip()
        if match
        else None
    )


def _expression(source: Source) -> str | None:
    return expression(source.text) or None


STRINGS: tuple[tuple[str, Callable[[Source], str | None]], ...] = (
    (r"\be ?mail\b", first(extraction.EMAIL.findall)),
    (r"\burl\b|\blink\b|\bwebsite\b", first(extraction.URL.findall)),
    (r"\bphone\b|\btelephone\b|\bmobile\b", first(extraction.PHONE.findall)),
    (r"\bevent\b|\bactivity\b", _event),
    (r"\b(?:origin|from city|departure (?:city|airport)|from)\b|^source$", places.origin),
    (
        r"\b(?:destination|to city|arrival (?:city|airport)|recipient|to)\b",
        lambda source: (
            first(extraction.EMAIL.findall)(source) or places.goal(source) or places.person(source)
        ),
    ),
    (r"\b(?:date|day|birthday|deadline|when|dob)\b", _date),
    (r"\b(?:time|hour)\b", first(extraction.TIME.findall)),
    (r"\bcurrency\b|\bcurrencies\b", first(_currencies)),
    (r"\bunits?\b", first(_UNIT_WORDS.findall)),
    (r"\blanguage\b", first(re.compile(rf"\b({NAMED})\b").findall)),
    (
        r"\b(?:symbol|ticker)\b",
        lambda source: first(_TICKER.findall)(source) or places.person(source),
    ),
    (
        r"\b(?:id|code|sku|identifier|(?:order|account|invoice|ticket|flight|tracking) (?:number|"
        r"no|id))\b",
        first(_identifiers),
    ),
    (r"\bsubject\b", lambda source: _after("subject|about|regarding", source)),
    (
        r"\b(?:song|track|movie|film|book|word|playlist)\b",
        lambda source: (
            _whole(source) or _after("play|define|watch|read|of|song|movie|book|word", source)
        ),
    ),
    (r"^title$", lambda source: _title(source) or places.job(source) or _event(source)),
    (r"\bexpression\b|\bformula\b|\bequation\b", _expression),
    (r"\b(?:city|location|place|town|country|region|state|address|where|venue)\b", places.place),
    (r"\b(?:company|organi[sz]ation|employer|brand|vendor)\b", places.company),
    (
        r"\b(?:job|occupation|profession|role|position|title)\b",
        lambda source: places.job(source) or _event(source),
    ),
    (
        r"\b(?:first name|given name)\b",
        lambda source: (places.person(source) or "").split(" ")[0] or None,
    ),
    (
        r"\b(?:last name|surname|family name)\b",
        lambda source: (places.person(source) or "").rpartition(" ")[2] or None,
    ),
    (
        r"\b(?:name|person|author|who|user|customer|student|artist|speaker|contact|player|"
        r"employee)\b",
        places.person,
    ),
    (r"\b(?:product|item|object|thing)\b", _thing),
    (r"\b(?:query|search|keywords?|question|topic|term)\b", _query),
    (
        r"\b(?:text|message|content|body|input|sentence|note|description|expression|code|prompt|"
        r"comment|quote|review)\b",
        lambda source: _whole(source) or source.text.strip() or None,
    ),
)
