"""Answers a question from given texts: finds the sentence that shares its words, and the span in it
that is asked for.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass

from nexhina_nb.engines.chat.context import Reading, read
from nexhina_nb.engines.chat.languages import detect, stop_words, texts
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.skills.spans import Kind, kind_of, span
from nexhina_nb.engines.chat.speakers import to_second_person
from nexhina_nb.engines.chat.words import STOP, stem, stems, words

_YES_NO = re.compile(
    r"^(?:(?:so|and|but|then),? )?(?:is|are|was|were|do|does|did|can|could|has|have|had|will|"
    r"would|should)\b",
    re.I,
)
_NEGATION = re.compile(r"\b(?:not|no|never|none|nobody|cannot|without)\b|n't\b", re.I)
_PRONOUN = re.compile(
    r"^\W*(?:it|he|she|they|this|these|its|his|her|their|there|the|er|sie|es|"
    r"il|elle|ils|elles|él|ella|ellos)\b",
    re.I,
)
_PERSONAL = re.compile(
    r"^\W*(?:it|he|she|they|its|his|her|their|er|sie|es|il|elle|ils|elles|él|ella)\b",
    re.I,
)
_PHRASES = tuple(
    (re.compile(pattern, re.I), word)
    for pattern, word in (
        (r"\b(?:flows? (?:in)?to|empt(?:y|ies) into|discharges? into|joins? the)\b", "ends"),
        (r"\b(?:mouth|destination)\b", "end"),
        (
            r"\b(?:rises?|has its source|springs?|originates?|comes?) (?=in\b|from\b|at\b)",
            "begins ",
        ),
        (r"\b(?:rise|source|origin)\b", "begin"),
        (r"\b(?:is|are|was|were) (?:for sale|sold) (?:for|at)\b", "costs"),
        (r"\b(?:is|was) (?:based|settled) in\b", "lives in"),
        (r"\b(?:moved|went) to live\b", "lives"),
    )
)
_NAME = re.compile(r"(?<!^)(?<![.!?] )\b[A-Z][\w'-]*|\b\d[\d.,-]*\d\b|\b\d+\b")
_FIRST_PERSON = re.compile(r"\b(?:i|my|me|mine|i'm|we|our)\b", re.I)
_MARK = re.compile(r"^(?:\[\d{1,3}\]|[-*•]|\d{1,3}[.)])\s+")
_OTHERWISE = re.compile(
    r"\b(?:if|when|otherwise)\b[^.\n]{0,120}?\b(?:say|reply|respond|answer|write|return|"
    r"output)(?: with)?(?: exactly| only)?:?\s+"
    r"(?:[\"“']([^\"”\n]{1,120}?)[.]?[\"”'](?!\w)|(I (?:don't|do not) know|unknown|n/a|"
    r"not found)\b)",
    re.I,
)
_TEXTUAL = re.compile(r"\b(?:context|document|text|passage|facts)\b", re.I)
_CONFINED = re.compile(
    r"\bonly\b[^.\n]{0,40}\b(?:context|document|text|passage|information|facts|sources?|provided|"
    r"given)\b|"
    r"\bbased only on\b|\busing only\b",
    re.I,
)
_MOST_SENTENCES = 3_000
_ENOUGH = 0.5


@dataclass(frozen=True, slots=True)
class _Question:
    text: str
    kind: Kind
    names: frozenset[str]
    needs: frozenset[str]

    @property
    def stems(self) -> frozenset[str]:
        return self.names | self.needs


@dataclass(frozen=True, slots=True)
class _Found:
    score: float
    coverage: float
    text: str
    own: bool
    full: bool  # speaks of all that the question names


def answer(prompt: Prompt) -> Answer | None:
    """The answer that the given or earlier texts hold; that they do not, if a text was given for
    the question.
    """
    reading = read(prompt)
    if not reading.question or len(words(reading.question)) > 60:
        return None
    found = search(reading, prompt)
    if found is None and (reading.labelled or _is_confined(prompt)):
        return absent(prompt)
    return found


def _is_confined(prompt: Prompt) -> bool:
    """Whether the system message allows no other source than the texts it gives."""
    told = prompt.system[:8_000]
    return bool(_CONFINED.search(told) or (_OTHERWISE.search(told) and _TEXTUAL.search(told)))


def absent(prompt: Prompt) -> Answer:
    """Says plainly that the given text does not hold the answer; in the dictated words, if any."""
    for text in (prompt.task[:4_000], prompt.system[:8_000]):
        told = _OTHERWISE.search(text)
        if told:
            return Answer(told[1] or told[2], "unknown")
    return Answer(prompt.phrase(*texts("absent", prompt.language)), "unknown")


def search(reading: Reading, prompt: Prompt) -> Answer | None:
    """The best sentence of the given texts, else of the earlier ones."""
    question = _read_question(reading.question)
    for told in (reading.given, reading.before):
        found = _best(question, told[-_MOST_SENTENCES:]) if told else None
        if found:
            return _say(question, found, prompt)
    return None


def _read_question(text: str) -> _Question:
    kind = kind_of(text)
    plain = _same(text)
    names = {stem(word) for match in _NAME.findall(text) for word in words(match)} - STOP
    idle = {stem(word) for word in (*kind.words, *stop_words(detect(text)))}
    names -= idle
    needs = set(stems(plain)) - names - idle
    return _Question(text, kind, frozenset(names), frozenset(needs))


def _best(question: _Question, told: tuple[str, ...]) -> _Found | None:
    rows = [frozenset(stems(_same(text))) for text in told]
    near = _antecedents(told, rows)
    seen = Counter(word for row in rows for word in row)
    weight = {
        word: 1 + math.log(len(rows) / seen[word]) if seen[word] else 1.5 for word in question.stems
    }
    everything = frozenset().union(*rows)
    if not question.names <= everything and not _is_yes_no(question):
        return None  # it speaks of somebody or something else
    found = [_rate(question, told[at], rows[at], near[at], weight) for at in range(len(told))]
    best = max(found, key=lambda row: row.score)
    if not best.own and question.kind.pattern:
        # a sentence of the kind that is asked for wins over one that merely names the subject
        fitting = [row for row in found if row.own and row.full and row.coverage == 1]
        best = max(fitting, key=lambda row: row.score, default=best)
    return best if _holds(question, best) else None


def _antecedents(told: tuple[str, ...], rows: list[frozenset[str]]) -> list[frozenset[str]]:
    """What each sentence may mean without saying it: one that begins with a pronoun speaks of the
    sentence before, and of what that one speaks of.
    """
    near: list[frozenset[str]] = []
    for at, text in enumerate(told):
        if not at or not _PRONOUN.match(text):
            near.append(frozenset())
        else:
            carried = near[-1] if _PERSONAL.match(told[at - 1]) else frozenset()
            near.append(rows[at - 1] | carried)
    return near


def _same(text: str) -> str:
    """The text with its phrases put as one word where another word says the same."""
    for pattern, word in _PHRASES:
        text = pattern.sub(word, text)
    return text


def _rate(
    question: _Question,
    text: str,
    row: frozenset[str],
    near: frozenset[str],
    weight: dict[str, float],
) -> _Found:
    shared = sum(
        weight[word] * (1 if word in row else 0.4) for word in question.stems if word in row | near
    )
    total = sum(weight.values()) or 1
    asked = question.needs or question.names
    coverage = len(asked & (row | near)) / len(asked) if asked else 0.0
    kind = question.kind
    typed = kind.found_in(text, question.text) and kind.measured(text, question.text)
    personal = bool(_FIRST_PERSON.search(question.text)) and bool(_FIRST_PERSON.search(text))
    score = shared / total + 0.25 * typed + 0.3 * personal - 0.0005 * len(row)
    return _Found(score, coverage, text, typed, question.names <= row | near)


def _holds(question: _Question, found: _Found) -> bool:
    personal = bool(_FIRST_PERSON.search(question.text))
    if personal and not question.stems:
        return found.own and bool(_FIRST_PERSON.search(found.text))
    if not question.stems or not found.coverage:
        return False
    if not question.needs and question.kind.pattern:
        return found.own  # "how tall is Tom" is not answered by whatever else is said of Tom
    return found.coverage == 1 or (found.coverage >= _ENOUGH and found.own)


def _is_yes_no(question: _Question) -> bool:
    return bool(_YES_NO.match(question.text)) and " or " not in question.text


def _say(question: _Question, found: _Found, prompt: Prompt) -> Answer:
    if _is_yes_no(question):
        return _yes_or_no(question, found)
    text = _MARK.sub("", found.text)
    text = text if text.endswith((".", "!", "?", "。")) else f"{text}."
    brief = span(question.text, question.kind, found.text)
    return Answer(to_second_person(text), to_second_person(brief))


def _yes_or_no(question: _Question, found: _Found) -> Answer:
    have = frozenset(stems(found.text))
    same = question.names <= have and bool(_NEGATION.search(question.text)) == bool(
        _NEGATION.search(found.text)
    )
    holds = same and question.needs <= have
    word = "Yes" if holds else "No"
    return Answer(f"{word}: {to_second_person(found.text)}", word.lower())
