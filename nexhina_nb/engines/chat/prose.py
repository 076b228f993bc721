"""Reads rows out of prose: 'Ada is 36 and lives in London. Bob is 41 …', or 'Ada 36, Bob 41' for
columns that are named.
"""

from __future__ import annotations

import re

from nexhina_nb.engines.chat.grid import Grid
from nexhina_nb.engines.chat.words import sentences

_CAPITALS = r"[A-Z][\w'’-]*(?: (?:(?:of|de|van|von|la) )?[A-Z][\w'’-]*){0,3}"
_VERB = (
    r"(?:is|are|was|were|has|have|lives?|lived|costs?|works?|weighs?|comes?|resides?|measures?|"
    r"moved|turned|aged)"
)
_SUBJECT = re.compile(
    rf"^(?:and |the |an? )?((?:{_CAPITALS}|[a-z][\w-]*(?: [a-z][\w-]*)?))(?:,| {_VERB}\b)", re.I
)
_PRONOUN = re.compile(r"^(?:it|he|she|they)\b", re.I)
_COIN = r"(?:\s?(?:francs?|dollars?|euros?|pounds?|cents?|CHF|USD|EUR|GBP|€))?"
# the column, and how prose says what stands in it
_FACTS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        (
            "age",
            r"(?:\b(?:is|was|aged|age|turned|,)\s+)"
            r"(\d{1,3})(?=\s*(?:$|[.,;]|and\b|years?\b|from\b|in\b))"
            r"|(\d{1,3})[ -]years?[ -]old",
        ),
        ("price", rf"\b(?:costs?|for|priced at|price is)\s+([$€£]?\d[\d.,]*\d?{_COIN})"),
        ("height", r"\b(\d[\d.,]*\s?(?:cm|m|metres?|meters?|feet)) (?:tall|high)\b"),
        ("length", r"\b(\d[\d.,]*\s?(?:km|m|cm|miles?|metres?|meters?)) long\b"),
        ("weight", r"\bweighs?\s+(\d[\d.,]*\s?\w+)"),
        (
            "job",
            r"\b(?:is|was|works? as|,)\s+an? ([a-z]+(?: [a-z]+)?)"
            r"(?=\s*(?:$|[.,;]|and\b|in\b|from\b|who\b))",
        ),
        (
            "city",
            rf"\b(?:lives?|lived|living|resides?|works?|based|comes?|stays?|moved|is|was|are|and|\d|"
            rf"[a-z]+) (?:in|from|at|to) ((?!(?:January|February|March|April|May|June|July|August|"
            rf"September|October|November|December)\b){_CAPITALS})",
        ),
        ("born", r"\bborn (?:in|on) ((?:\d{1,2} )?(?:[A-Z]\w+ )?\d{4})"),
    )
)
_SAME = {
    "person": "name",
    "who": "name",
    "item": "name",
    "product": "name",
    "fruit": "name",
    "cost": "price",
    "town": "city",
    "place": "city",
    "location": "city",
    "country": "city",
    "home": "city",
    "residence": "city",
    "profession": "job",
    "occupation": "job",
    "years": "age",
}
_JOINT = re.compile(
    rf"\b(?:{_VERB}|in|from|at|to|aged?|years?(?: old)?|old|as|with|for|and|the|an?)\b|[,:=()]|"
    r"(?<=[A-Za-z])\s+(?=[$€£]?\d)|(?<=\d)\s+(?=[A-Z])",
)
_BREAK = re.compile(r"\s*;\s*|\n+|(?<=[\w)])\.(?:\s+|$)")
_COMMAS = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+(?=[A-Z])")
_NEXT = re.compile(
    rf"(?:,|;)? and (?={_CAPITALS} {_VERB}\b)|, (?=(?:{_CAPITALS}|[a-z]+) {_VERB}\b)"
)
_ALL_COMMAS = re.compile(r"\s*,\s*(?:and\s+)?|\s+and\s+")
_MOST_ROWS = 500
_LONGEST_CELL = 5  # words; more is no value but a sentence


def table(text: str, header: tuple[str, ...] = ()) -> Grid | None:
    """The table that a text tells, under the given header, if any; None where it tells none."""
    listed = _listed(text, header) if header else []
    if len(listed) > 1:
        return Grid(header, tuple(listed))
    told = _told(text, header)
    return told or (Grid(header, tuple(listed)) if listed else None)


def _listed(text: str, header: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Rows that have a value for each column; several rows rather than a single one."""
    single: list[tuple[str, ...]] = []
    for divide in (_BREAK, _COMMAS, _ALL_COMMAS):
        parts = [part.strip(" .-*") for part in divide.split(text) if part.strip(" .-*")]
        for cut in (_cells, _words):
            rows = [cut(part) for part in parts[:_MOST_ROWS]]
            if rows and _fit(rows, len(header)):
                if len(rows) > 1:
                    return rows
                single = single or rows
    return single


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _fit(rows: list[tuple[str, ...]], width: int) -> bool:
    """Whether all rows are this wide, and each column is figures or words throughout."""
    if any(len(row) != width for row in rows):
        return False
    kinds = ({cell[:1].isdigit() for cell in column} for column in zip(*rows, strict=True))
    short = all(len(cell.split()) <= _LONGEST_CELL for row in rows for cell in row)
    return short and all(len(kind) == 1 for kind in kinds)


def _cells(text: str) -> tuple[str, ...]:
    """'Ada is 36 and lives in London' as its three values."""
    parts = (part.strip(" .-*\"'") for part in _JOINT.split(text))
    return tuple(part for part in parts if part)


def _told(text: str, header: tuple[str, ...]) -> Grid | None:
    """One row for each thing that sentences speak of, one column for each fact of a known kind."""
    rows = [_facts(part) for part in _things(text)[:_MOST_ROWS]]
    if not rows or any(len(row) < 2 for row in rows):
        return None
    known = ["name", *(name for name, _ in _FACTS if any(name in row for row in rows))]
    wanted = [_SAME.get(name.lower(), name.lower()) for name in header] or known
    if not set(wanted) <= set(known):
        return None
    filled = tuple(tuple(row.get(name, "") for name in wanted) for row in rows)
    return Grid(header or tuple(wanted), filled)


def _things(text: str) -> list[str]:
    """The sentences, each with those after it that go on with a pronoun."""
    found: list[str] = []
    for part in sentences(text):
        plain = re.sub(r"^[-*•]\s+", "", part)
        if found and _PRONOUN.match(plain):
            found[-1] = f"{found[-1]} {plain}"
        else:
            found += _NEXT.split(plain)
    return found


def _facts(text: str) -> dict[str, str]:
    subject = _SUBJECT.match(text)
    if subject is None:
        return {}
    found = {"name": subject[1]}
    for name, pattern in _FACTS:
        match = pattern.search(text)
        if match:
            found[name] = next(part for part in match.groups() if part)
    return found
