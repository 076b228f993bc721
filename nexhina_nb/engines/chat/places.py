"""Finds persons, places, jobs and companies by the words that stand around them."""

from __future__ import annotations

import re

from nexhina_nb.engines.chat import extraction
from nexhina_nb.engines.chat.calendar_dates import DAYS, MONTHS
from nexhina_nb.engines.chat.source import Source

PLACE = re.compile(
    r"\b(?:in|at|for|near|from|to|of|around)\s+(?:the )?(?:city of )?((?:[A-Z][\w'’-]+|"
    r"[A-Z]{2,})(?:[ -](?:de |of |la )?[A-Z][\w'’-]+){0,3}(?:, (?:[A-Z]{2}|[A-Z][a-z]+)\b(?!,|"
    r"\s+(?:and|or)\b))?)"
)
_NO_PLACE_WORDS = (
    "the me a an my general total celsius fahrenheit degrees order advance short example sure"
)
_NO_PLACES = frozenset(_NO_PLACE_WORDS.split())
_NOT_PLACES = frozenset((*DAYS, *MONTHS, "I"))
_JOB = re.compile(
    r"\b(?:is|was|am|works? as|working as|became|as)\s+(?:an?|"
    r"the)\s+((?:[a-z-]+ ){0,2}[a-z-]+(?:er|or|ist|ian|ant|ent|neer|yer|ect|ef|se|ot|hor|ct|"
    r"or))\b"
)


def person(source: Source) -> str | None:
    """The name that is told as one, else the first that is no place."""
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


def place(source: Source) -> str | None:
    """Where something is, lives or happens."""
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


def origin(source: Source) -> str | None:
    """The place after 'from'."""
    match = re.search(r"\bfrom\s+([A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})", source.text)
    return match[1] if match else None


def goal(source: Source) -> str | None:
    """The place or name after 'to'."""
    match = re.search(r"\b(?:to|into)\s+([A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2})", source.text)
    return match[1] if match else None


def job(source: Source) -> str | None:
    """What somebody works as."""
    match = _JOB.search(source.text)
    return match[1] if match else None


def company(source: Source) -> str | None:
    """Where somebody works, or who makes something."""
    match = re.search(
        r"\b(?:at|for|by|joined|founded|company)\s+([A-Z][\w&.-]*(?: [A-Z][\w&.-]*){0,3})",
        source.text,
    )
    return match[1].rstrip(".") if match else None
