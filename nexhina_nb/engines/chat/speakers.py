"""Turns what the user said of himself round: 'My name is Ada' → 'Your name is Ada'."""

from __future__ import annotations

import re

_SWAPS = {
    "i am": "you are",
    "i'm": "you are",
    "i’m": "you are",
    "i was": "you were",
    "i've": "you have",
    "i'll": "you will",
    "am i": "are you",
    "i": "you",
    "me": "you",
    "my": "your",
    "mine": "yours",
    "myself": "yourself",
    "we": "you",
    "our": "your",
    "ours": "yours",
    "us": "you",
}
_WORDS = re.compile(
    r"(?<![\w.])(?:I am|I was|I['’](?:m|ve|ll)|am I|I|me|my|mine|myself|we|our|ours|us)(?![\w])",
    re.I,
)
_US = re.compile(r"\bUS\b|\bU\.S\.")


def to_second_person(text: str) -> str:
    """The statement as said to the user who made it."""
    if _US.search(text):
        return text
    return _WORDS.sub(_swap, text)


def _swap(match: re.Match[str]) -> str:
    put = _SWAPS.get(match[0].lower().replace("’", "'"), match[0])
    starts = match.start() == 0 or match.string[: match.start()].rstrip()[-1:] in ".!?\n:"
    return put[:1].upper() + put[1:] if starts else put
