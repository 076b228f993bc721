"""Scores texts against labels: sentiment by a small lexicon with negation, other labels by shared
words.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from nexhina_nb.engines.chat.languages import load
from nexhina_nb.engines.chat.words import stem, stems, words

_MOODS = {
    "positive": 1,
    "pos": 1,
    "good": 1,
    "happy": 1,
    "favorable": 1,
    "satisfied": 1,
    "negative": -1,
    "neg": -1,
    "bad": -1,
    "unhappy": -1,
    "unfavorable": -1,
    "dissatisfied": -1,
    "neutral": 0,
    "mixed": 0,
}
_SENTENCES = {
    "question": "question",
    "interrogative": "question",
    "statement": "statement",
    "declarative": "statement",
    "command": "command",
    "imperative": "command",
    "order": "command",
    "request": "command",
}
_COMMANDS = re.compile(
    r"(?:please|don't|do not|never|let's)\b|(?:sit|stand|stop|wait|look|listen|go|come|be|run|"
    r"hurry|leave|help|call|write|send|tell)\b|(?!(?:i|he|she|we|you|they|it|that|this|there|here|what|"
    r"all|both|half|like|is|are|was|were|with|in|on|at|for|after|before|if|when|and|but|of|to|"
    r"by|from|about|under|over|\w+(?:ed|[^s]s|ing))\b)"
    r"[a-z]+ (?:(?:down|up|off|out|on|away) )?(?:the|a|an|your|my|our|his|her|it|me|us|them|this|"
    r"that|these|those)\b",
    re.I,
)
_NOT = re.compile(r"^(?:not[ _-]|non[ _-]?|no[ _-])(.+)$|^(?:ham|legitimate|legit)$", re.I)
_REACH = 3  # a negation turns the next three words round


@dataclass(frozen=True, slots=True)
class Mood:
    """How many words speak for and against."""

    positive: float
    negative: float

    @property
    def score(self) -> float:
        """From -1 to 1; 0 where nothing, or as much on both sides, was said."""
        said = self.positive + self.negative
        return (self.positive - self.negative) / said if said else 0.0


@functools.cache
def _lexicon(name: str) -> frozenset[str]:
    return frozenset(load("sentiment")[name].split())


@functools.cache
def _topic(label: str) -> frozenset[str]:
    name = label.lower().replace("_", " ").strip()
    topics, same = load("sentiment")["topics"], load("sentiment")["same"]
    listed = topics.get(same.get(name, name), "")
    own = [part for part in words(name) if len(part) > 2]
    for part in own:
        listed = f"{listed} {topics.get(same.get(part, part), '')}"
    return frozenset(stem(word) for word in [*listed.split(), *own])


def topic_words(name: str) -> frozenset[str]:
    """The stems that speak for a topic of this name; empty for a topic that is not known."""
    known = load("sentiment")
    low = name.lower().strip()
    return _topic(low) if low in known["topics"] or low in known["same"] else frozenset()


def mood(text: str) -> Mood:
    """Weighs the words of a text by the lexicon; negations turn, 'very' doubles, 'but' counts what
    follows more.
    """
    scores = {1: 0.0, -1: 0.0}
    turned = 0
    strong = 1.0
    for word in words(text):
        if word in _lexicon("negation") or word.endswith("n't"):
            turned = _REACH
            continue
        if word == "but":
            scores = {sign: value / 2 for sign, value in scores.items()}
            turned = 0
        if word in _lexicon("strong"):
            strong = 1.5
            continue
        sign = (word in _lexicon("positive")) - (word in _lexicon("negative"))
        if sign:
            scores[-sign if turned else sign] += strong
        turned, strong = max(turned - 1, 0), 1.0
    return Mood(scores[1], scores[-1])


def is_mood(labels: Sequence[str]) -> bool:
    """Whether labels are about sentiment."""
    return sum(label.lower() in _MOODS for label in labels) >= 2


def choose(text: str, labels: Sequence[str]) -> tuple[str, bool]:
    """The label that fits a text best, and whether anything in the text speaks for it."""
    if is_mood(labels):
        score = mood(text).score
        near = min(labels, key=lambda label: abs(_MOODS.get(label.lower(), 9) - _rounded(score)))
        return near, score != 0
    named = _of_sentence(text, labels) or _named(text, labels)
    if named:
        return named, True
    have = (
        set(stems(text)) | {stem(word) for word in words(text)} | ({"?"} if "?" in text else set())
    )
    scores = [len(have & _topic(label)) if not _NOT.match(label) else 0 for label in labels]
    best = max(scores)
    if best:
        return labels[scores.index(best)], True
    rest = [
        label for label in labels if _NOT.match(label)
    ]  # "not spam" holds when nothing speaks for "spam"
    other = [
        label
        for label in labels
        if label.lower() in ("other", "others", "none", "unknown", "neutral", "general", "misc")
    ]
    return (rest or other or list(labels))[0], bool(rest or other)


def _of_sentence(text: str, labels: Sequence[str]) -> str:
    """The kind of a sentence by its mark and its first word, where the labels are such kinds."""
    kinds = {_SENTENCES[label.lower()]: label for label in labels if label.lower() in _SENTENCES}
    if len(kinds) < 2 or len(kinds) != len(labels):
        return ""
    if text.rstrip(" \"'”").endswith("?"):
        return kinds.get("question", "")
    return kinds.get("command" if _COMMANDS.match(text.strip()) else "statement", "")


def _rounded(score: float) -> int:
    return 1 if score > 0.2 else -1 if score < -0.2 else 0


def _named(text: str, labels: Sequence[str]) -> str:
    """A label that the text itself names."""
    low = f" {' '.join(words(text))} "
    found = [label for label in labels if f" {' '.join(words(label))} " in low and words(label)]
    return found[0] if len(found) == 1 else ""
