"""Charts asked for in a prompt: their kind, and the labels and values given in it."""

from __future__ import annotations

import re

from nexhina_nb.engines.images.plan import Chart
from nexhina_nb.engines.images.vocabulary import STOP_WORDS

MOST_VALUES = 24

_KIND = re.compile(
    r"\b(?:(bar|column|line|pie|donut|doughnut|area|balken|säulen|linien|kreis|torten)[- ]?)?"
    r"(charts?|graph|plot|diagram(?:m|s)?|histogram)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,12}(?:\.\d{1,6})?)")
_EQUAL = re.compile(r"\b(\d{1,2}) equal\b", re.IGNORECASE)  # slices: a lesson on fractions
_LONE_VALUE = re.compile(r"\s*-?\d[\d.]*\s*%?\s*(?:[,;]|and\b|$)")
_LABELLED = re.compile(r"^(.*?\S)\s*[:=]\s*(-?\d{1,12}(?:\.\d{1,6})?)\s*%?\s*$")
_REMARK = re.compile(r"\b(?:in|on|with|for)\b.*$")  # "3 apples on a dark background"
_SEPARATOR = re.compile(r"[;\n]|,(?!\d{3}\b)|\band\b|\bund\b|\bet\b")
_FILLERS = (
    STOP_WORDS
    | {"values", "showing", "shows", "data", "sales:", "where", "has", "have"}
    | {
        "titled",
        "title",
        "called",
        "named",
    }
)


def read_chart(text: str, title: str = "") -> Chart | None:
    """The chart of a prompt, or None. Without numbers it has no values: none are invented.

    A "diagram" without a kind and without numbers is no chart: it may show anything.
    """
    kind = _KIND.search(text)
    if not kind:
        return None
    head, tail = _split_title(text[kind.end() :])
    if equal := _EQUAL.search(tail):
        pairs = [("", 1.0)] * int(equal[1])
    else:
        pairs = [pair for part in _SEPARATOR.split(tail) for pair in _pairs(part)]
    if not (pairs or kind[1]) and kind[2].lower().startswith("diagram"):
        return None
    pairs = pairs[:MOST_VALUES]
    labels = tuple(label or str(row) for row, (label, _) in enumerate(pairs, 1))
    return Chart(
        kind=_plain_kind(kind[1], kind[2]),
        labels=labels,
        values=tuple(value for _, value in pairs),
        title=title or head,
    )


def _plain_kind(adjective: str | None, noun: str) -> str:
    name = (adjective or noun).lower()
    if name in ("pie", "donut", "doughnut", "kreis", "torten"):
        return "pie"
    return "line" if name in ("line", "area", "graph", "plot", "linien") else "bar"


def _split_title(tail: str) -> tuple[str, str]:
    """The text before a colon is a title ("of sales: pears 3"), or a label ("pears: 3, …")."""
    head, colon, rest = tail.partition(":")
    if not colon or _NUMBER.search(head):
        return "", tail
    has_labels = re.search(r"[^\W\d_]", _SEPARATOR.sub("", rest))
    if _LONE_VALUE.match(rest) and (has_labels or "," not in rest):
        return "", tail
    return _label(head), rest


def _pairs(part: str) -> list[tuple[str, float]]:
    labelled = _LABELLED.match(part.strip())
    if labelled:
        return [(_label(labelled[1]), float(labelled[2]))]
    found = list(_NUMBER.finditer(part))
    numbers = [float(number[0].replace(",", "")) for number in found]
    if len(numbers) == 1:
        before, after = part[: found[0].start()], part[found[0].end() :]
        return [(_label(before) or _label(_REMARK.sub("", after)), numbers[0])]
    labels = _labels_before(part, found)
    return list(zip(labels if all(labels) else [""] * len(numbers), numbers, strict=True))


def _labels_before(part: str, numbers: list[re.Match[str]]) -> list[str]:
    """The words before each number: "of temperature Jan 2 Feb 4" has Jan and Feb."""
    labels, end = [], 0
    for number in numbers:
        words = part[end : number.start()].split()
        labels.append(_label(" ".join(words[-1:] if words[:1] == ["of"] else words)))
        end = number.end()
    return labels


def _label(words: str) -> str:
    kept = re.sub(r"[^\w\s%&/+.'’-]", " ", words).strip(" .%-").split()
    while len(kept) > 1 and kept[0].lower() in _FILLERS:
        kept.pop(0)
    while len(kept) > 1 and kept[-1].lower() in _FILLERS:
        kept.pop()
    return "" if kept and kept[0] in ("of", "with") else " ".join(kept)[:24]
