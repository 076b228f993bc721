"""Picks out of a text what the task names: e-mail addresses, links, numbers, dates, prices, names,
keywords.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable

from nexhina_nb.engines.chat import extraction, fields
from nexhina_nb.engines.chat.payload import given, instruction, subject
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.source import Source
from nexhina_nb.engines.chat.words import STOP, stem, words

_ASK = re.compile(
    r"\b(?:extract|find|list|get|pull|identify|collect|return|give|show|which|what|pick|name|"
    r"parse|output|count|how many)\b",
    re.I,
)
_ORDER = re.compile(r"\b(?:extract|find|list|get|pull|identify|collect|pick|parse)\b", re.I)
_ONE = re.compile(
    r"\b(?:extract|find|get|identify|pull out|pick out|what is)\s+(?:the|a|"
    r"an)\s+([a-z]+(?: [a-z]+)?)\s+"
    r"(?:from|in|of|mentioned)\b",
    re.I,
)
_LIMIT = re.compile(r"\b(?:top |first |the )?(\d{1,3})\b")


def keywords(text: str, many: int = 5) -> list[str]:
    """The most frequent words that carry meaning, in order of weight, then of appearance."""
    heard = [
        word for word in words(text) if word not in STOP and len(word) > 2 and not word.isdigit()
    ]
    weight = Counter(stem(word) for word in heard)
    first = {stem(word): word for word in reversed(heard)}
    ranked = sorted(weight, key=lambda row: (-weight[row], heard.index(first[row])))
    return [first[row] for row in ranked[:many]]


_KINDS: tuple[tuple[str, str, Callable[[str], list[str]]], ...] = (
    (r"\be-?mails?\b(?: address(?:es)?)?", "e-mail address", extraction.EMAIL.findall),
    (r"\b(?:urls?|links?|web ?sites?|web addresses)\b", "link", extraction.URL.findall),
    (r"\b(?:phone|telephone)(?: numbers?)?\b", "phone number", extraction.PHONE.findall),
    (r"\b(?:prices?|amounts?|costs?|sums? of money)\b", "price", extraction.PRICE.findall),
    (r"\bdates?\b", "date", extraction.dates),
    (r"(?<!many )\btimes\b(?! does| do)", "time", extraction.TIME.findall),
    (r"\b(?:numbers?|figures|digits|integers)\b", "number", extraction.NUMBER.findall),
    (r"\bhash ?tags?\b", "hashtag", extraction.hashtags),
    (r"\bmentions?\b", "mention", extraction.mentions),
    (r"\bquot(?:es|ations|ed)\b", "quotation", extraction.strings),
    (r"\bkey ?words?\b|\bkey terms\b|\btags\b|\btopics\b", "keyword", keywords),
    (
        r"\bcapitali[sz]ed words\b|\b(?:proper )?nam(?:es?|ed entities)\b|\bentities\b|"
        r"\bpeople\b|\bpersons?\b",
        "name",
        extraction.names,
    ),
)


def answer(prompt: Prompt) -> Answer | None:
    """Lists what the task wants to have picked out, or says that there is none."""
    order = instruction(prompt.task)[:600]
    if not _ASK.search(order):
        return None
    text = subject(prompt) if _ORDER.search(order) else given(prompt.task)
    if not text or len(text) > 100_000:
        return None
    for pattern, name, find in _KINDS:
        match = re.search(rf"(?:{_ASK.pattern})[^.?!\n]{{0,60}}?(?:{pattern})", order, re.I)
        if match:
            return _list(name, list(dict.fromkeys(find(text))), order)
    return _field(order, text)


def _field(order: str, text: str) -> Answer | None:
    """'Extract the city from: …' asks for one thing by its name."""
    match = _ONE.search(order)
    found = fields.string(match[1], "", Source(text)) if match and text != order else None
    return Answer(found) if found else None


def _list(name: str, found: list[str], order: str) -> Answer | None:
    if re.search(r"\bhow many\b|\bcount\b", order, re.I):
        return Answer(
            f"There {'is' if len(found) == 1 else 'are'} {len(found)} "
            f"{name}{'' if len(found) == 1 else 's'}.",
            str(len(found)),
        )
    if not found:
        return Answer(f"There is no {name} in the text.", "none")
    if name == "keyword" and (limit := _LIMIT.search(order)):
        found = found[: int(limit[1])]
    if len(found) == 1:
        return Answer(found[0])
    return Answer("\n".join(f"- {item}" for item in found), ", ".join(found))
