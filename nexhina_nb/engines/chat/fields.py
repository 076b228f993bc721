"""Fills named fields from a text: 'name', 'age' or 'city' from 'Ada is 36 and lives in London'."""

from __future__ import annotations

import re
from collections.abc import Callable

from nexhina_nb.engines.chat import extraction
from nexhina_nb.engines.chat.finders import STRINGS
from nexhina_nb.engines.chat.places import PLACE
from nexhina_nb.engines.chat.source import Source
from nexhina_nb.engines.chat.words import STOP, spaced, stem, words

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
        low = spaced(text)
        for pattern, find in STRINGS:
            if re.search(pattern, low):
                found = find(source)
                if found:
                    source.used.append(found)
                    return found
                break
    return None


def boolean(name: str, about: str, source: Source) -> bool | None:
    """Whether the text says so: a field's words near a negation are false, without one true."""
    wanted = {stem(word) for word in words(spaced(name)) if word not in STOP}
    for sentence in re.split(r"[.!?;,\n]|\bbut\b|\band\b", source.text):
        if wanted & {stem(word) for word in words(sentence)}:
            return not _NO.search(sentence)
    return None


def strings(name: str, about: str, source: Source) -> list[str] | None:
    """The texts for a list field."""
    low = f"{spaced(name)} {spaced(about)}"
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


def _explicit(name: str, text: str) -> str | None:
    """'name: Ada', 'the city is Rome', 'title = X'."""
    named = re.escape(spaced(name))
    if len(named) < 2:
        return None
    marked = re.search(
        rf"\b{named}\s*(?::|=|is|of|as|saying)?\s*(?:\"([^\"\n]{{1,500}})\"|“([^”\n]{{1,500}})”|"
        rf"'([^'\n]{{1,500}})'(?!\w))",
        text,
        re.I,
    )
    if marked:
        return marked[1] or marked[2] or marked[3]
    match = re.search(
        rf"\b{named}\s*(?::|=|\bis\b|\bwas\b|\bnamed\b|\bcalled\b)\s*[\"'“]?([^\n\"”;]{{1,300}})",
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


def _listed(name: str, text: str) -> list[str]:
    """'ingredients: flour, eggs' or 'buy milk, eggs and bread'."""
    named = re.escape(spaced(name).rstrip("s"))
    match = re.search(
        rf"\b{named}\w{{0,3}}\b\s*(?:are|is|include|:|=)?\s*:?\s*([^.\n:]{{2,500}})", text, re.I
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
