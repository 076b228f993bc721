"""Finds the text for a field by what its name says it is: a place, a date, a person, a price."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from nexhina_nb.engines.chat import extraction
from nexhina_nb.engines.chat.calendar_dates import DAYS, MONTHS, dated
from nexhina_nb.engines.chat.languages import NAMED
from nexhina_nb.engines.chat.payload import given, quoted
from nexhina_nb.engines.chat.sums import expression
from nexhina_nb.engines.chat.words import STOP

PLACE = re.compile(
    r"\b(?:in|at|for|near|from|to|of|around)\s+(?:the )?(?:city of )?((?:[A-Z][\w'’-]+|"
    r"[A-Z]{2,})(?:[ -](?:de |of |la )?[A-Z][\w'’-]+){0,3}(?:, (?:[A-Z]{2}|[A-Z][a-z]+)\b(?!,|"
    r"\s+(?:and|or)\b))?)"
)
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
_JOB = re.compile(
    r"\b(?:is|was|am|works? as|working as|became|as)\s+(?:an?|"
    r"the)\s+((?:[a-z-]+ ){0,2}[a-z-]+(?:er|or|ist|ian|ant|ent|neer|yer|ect|ef|se|ot|hor|ct|"
    r"or))\b"
)
_NO_PLACE_WORDS = (
    "the me a an my general total celsius fahrenheit degrees order advance short example sure"
)
_NO_PLACES = frozenset(_NO_PLACE_WORDS.split())
_NOT_PLACES = frozenset((*DAYS, *MONTHS, "I"))
_CURRENCY_CODES = "USD EUR GBP JPY CNY CHF CAD AUD INR MXN BRL KRW SEK NOK DKK PLN"
_CODES = frozenset(_CURRENCY_CODES.split())
_TICKER = re.compile(r"\b[A-Z]{2,5}\b")


@dataclass(frozen=True, slots=True)
class Source:
    """The text to read, what was already used of it, and which numbers stand by which field."""

    text: str
    used: list[str] = field(default_factory=list)
    claimed: dict[str, str] = field(default_factory=dict)


def _first(find: Callable[[str], list[str]]) -> Callable[[Source], str | None]:
    def pick(source: Source) -> str | None:
        found = find(source.text)
        return next(
            (value for value in found if value not in source.used), found[0] if found else None
        )

    return pick


def _names(source: Source) -> str | None:
    places = PLACE.findall(source.text)
    told = re.search(
        r"\b(?i:name is|i am|i'm|call me|named|called|meet|this is|by|user|"
        r"customer)\s+((?:[A-Z][\w'’-]+|(?:[A-Z]\.)+)(?: ?(?:[A-Z][\w'’-]+|(?:[A-Z]\.)+)){0,3})",
        source.text,
    )
    if told and told[1][:1].isupper() and told[1] not in source.used:
        return told[1]
    found = [name for name in extraction.names(source.text) if name not in source.used]
    people = [name for name in found if not any(name in place for place in places)]
    return str((people or found)[0]) if found else None


def _place(source: Source) -> str | None:
    found = [place for place in PLACE.findall(source.text) if place.split()[0] not in _NOT_PLACES]
    lives = re.search(
        r"\b(?:lives?|living|based|located|resides?|stay(?:s|ing)?|weather|born|moved) (?:in|at|"
        r"to|near|for)\s+([A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})",
        source.text,
    )
    if lives:
        return lives[1]
    if found:
        return str(found[0])
    plain = re.search(
        r"\b(?:in|for|at|near)\s+([a-z][a-z'-]+(?: (?!today|tomorrow|now|right|please|and|or|in|"
        r"at|this)[a-z'-]+)?)"
        r"(?=\s*(?:[?.!,]|$|today|tomorrow|tonight|right now|now|please|and|this|in|or)\b|"
        r"\s*[?.!,]|\s*$)",
        source.text,
    )
    if plain and plain[1] not in _NO_PLACES:
        return plain[1].title()
    possessive = re.search(
        r"\b([A-Z][\w-]+)['’]s (?:weather|temperature|time|forecast|population)", source.text
    )
    before = re.search(
        r"\b([A-Z][\w-]+(?: [A-Z][\w-]+)?) (?:weather|temperature|forecast)\b", source.text
    )
    return possessive[1] if possessive else before[1] if before else None


def _origin(source: Source) -> str | None:
    match = re.search(r"\bfrom\s+([A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})", source.text)
    return match[1] if match else None


def _goal(source: Source) -> str | None:
    match = re.search(r"\b(?:to|into)\s+([A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})", source.text)
    return match[1] if match else None


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


def _job(source: Source) -> str | None:
    match = _JOB.search(source.text)
    return match[1] if match else None


def _title(source: Source) -> str | None:
    """What is quoted, or stands before its author: 'Dune by Frank Herbert'."""
    marked = quoted(source.text)
    match = re.search(r"\b((?:[A-Z][\w'’-]*|of|the|and)(?: [\w'’-]+){0,8}?) by [A-Z]", source.text)
    found = marked[0] if marked else match[1] if match else None
    return (
        re.sub(r"^(?:[Tt]he )?(?:book|novel|film|movie|song|play) ", "", found) if found else None
    )


def _company(source: Source) -> str | None:
    match = re.search(
        r"\b(?:at|for|by|joined|founded|company)\s+([A-Z][\w&.-]*(?: [A-Z][\w&.-]*){0,3})",
        source.text,
    )
    return match[1].rstrip(".") if match else None


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
    (r"\be ?mail\b", _first(extraction.EMAIL.findall)),
    (r"\burl\b|\blink\b|\bwebsite\b", _first(extraction.URL.findall)),
    (r"\bphone\b|\btelephone\b|\bmobile\b", _first(extraction.PHONE.findall)),
    (r"\bevent\b|\bactivity\b", _event),
    (r"\b(?:origin|from city|departure (?:city|airport)|from)\b|^source$", _origin),
    (
        r"\b(?:destination|to city|arrival (?:city|airport)|recipient|to)\b",
        lambda source: _first(extraction.EMAIL.findall)(source) or _goal(source) or _names(source),
    ),
    (r"\b(?:date|day|birthday|deadline|when|dob)\b", _date),
    (r"\b(?:time|hour)\b", _first(extraction.TIME.findall)),
    (r"\bcurrency\b|\bcurrencies\b", _first(_currencies)),
    (r"\bunits?\b", _first(_UNIT_WORDS.findall)),
    (r"\blanguage\b", _first(re.compile(rf"\b({NAMED})\b").findall)),
    (r"\b(?:symbol|ticker)\b", lambda source: _first(_TICKER.findall)(source) or _names(source)),
    (
        r"\b(?:id|code|sku|identifier|(?:order|account|invoice|ticket|flight|tracking) (?:number|"
        r"no|id))\b",
        _first(_identifiers),
    ),
    (r"\bsubject\b", lambda source: _after("subject|about|regarding", source)),
    (
        r"\b(?:song|track|movie|film|book|word|playlist)\b",
        lambda source: (
            _whole(source) or _after("play|define|watch|read|of|song|movie|book|word", source)
        ),
    ),
    (r"^title$", lambda source: _title(source) or _job(source) or _event(source)),
    (r"\bexpression\b|\bformula\b|\bequation\b", _expression),
    (r"\b(?:city|location|place|town|country|region|state|address|where|venue)\b", _place),
    (r"\b(?:company|organi[sz]ation|employer|brand|vendor)\b", _company),
    (
        r"\b(?:job|occupation|profession|role|position|title)\b",
        lambda source: _job(source) or _event(source),
    ),
    (r"\b(?:first name|given name)\b", lambda source: (_names(source) or "").split(" ")[0] or None),
    (
        r"\b(?:last name|surname|family name)\b",
        lambda source: (_names(source) or "").rpartition(" ")[2] or None,
    ),
    (
        r"\b(?:name|person|author|who|user|customer|student|artist|speaker|contact|player|"
        r"employee)\b",
        _names,
    ),
    (r"\b(?:product|item|object|thing)\b", _thing),
    (r"\b(?:query|search|keywords?|question|topic|term)\b", _query),
    (
        r"\b(?:text|message|content|body|input|sentence|note|description|expression|code|prompt|"
        r"comment|quote|review)\b",
        lambda source: _whole(source) or source.text.strip() or None,
    ),
)
