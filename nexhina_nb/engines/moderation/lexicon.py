"""Word classes, and texts as strings of symbols: one character for each word, by its classes.

A pattern of word classes then is an ordinary regular expression over few characters, which is what
makes hundreds of rules quick.

Notation of ``data/lexicon.json``: ``kill+`` stands for all forms of a regular verb, ``stab++`` for
one that doubles its consonant, ``bomb~`` for a noun and its plural, ``pipe_bomb`` for two words.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from itertools import product

from nexhina_nb.engines.moderation.spelling import fold, uncover

WORD, COMMA, BREAK = "-", ",", "\n"
_FIRST_SYMBOL = 0xE000
_TOKEN = re.compile(r"[^\W_]+|,|[.!?;:\n…。！？；]+")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_LONGEST_WIDE = 4


class Lexicon:
    """The classes of every known word. ``literals`` are words that patterns name themselves."""

    def __init__(self, classes: Mapping[str, str], literals: Iterable[str]) -> None:
        held: defaultdict[str, set[str]] = defaultdict(set)
        for name, entries in classes.items():
            for entry in entries.split():
                for form in forms(entry):
                    held[fold(form)].add(f"@{name}")
        for word in literals:
            held[word].add(word)
        kinds = {frozenset([","]): COMMA}
        self.symbols = {
            word: kinds.setdefault(frozenset(names), chr(_FIRST_SYMBOL + len(kinds)))
            for word, names in held.items()
        }
        self._members: defaultdict[str, str] = defaultdict(str)
        for kind, symbol in kinds.items():
            for name in kind:
                self._members[name] += symbol
        self._phrases: defaultdict[str, list[list[str]]] = defaultdict(list)
        for phrase in sorted((w for w in self.symbols if " " in w), key=len, reverse=True):
            first, *rest = phrase.split()
            self._phrases[first].append(rest)

    def members(self, names: Iterable[str]) -> str:
        """The symbols of all words that belong to one of the classes."""
        wanted = list(names)
        found = "".join(dict.fromkeys(s for name in wanted for s in self._members.get(name, "")))
        if not found:
            raise ValueError(f"the lexicon has no words for {wanted}")
        return found

    def read(self, text: str) -> tuple[list[str], str]:
        """The words and signs of a text, and as many symbols."""
        plain = uncover(fold(text), self.symbols, self._maskable)
        words = _TOKEN.findall(plain)
        if not plain.isascii() and _WIDE.search(plain):
            words = [part for word in words for part in self._parts(word)]
        if not self._phrases.keys().isdisjoint(words):
            words = list(self._merged(words))
        return words, "".join([self.symbols.get(word) or _sign(word) for word in words])

    @cached_property
    def _maskable(self) -> tuple[str, ...]:
        masked = self.members(["@insult", "@vulgar", "@explicit"])
        return tuple(word for word, symbol in self.symbols.items() if symbol in masked)

    def _parts(self, word: str) -> Iterator[str]:
        """Scripts without blanks: the longest known word at each place."""
        if not _WIDE.match(word):
            yield word
            return
        place = 0
        while place < len(word):
            ends = range(place + _LONGEST_WIDE, place, -1)
            end = next((e for e in ends if word[place:e] in self.symbols), place + 1)
            yield word[place:end]
            place = end

    def _merged(self, words: list[str]) -> Iterator[str]:
        place = 0
        while place < len(words):
            rest = next(
                (
                    rest
                    for rest in self._phrases.get(words[place], ())
                    if words[place + 1 : place + 1 + len(rest)] == rest
                ),
                [],
            )
            yield " ".join([words[place], *rest])
            place += 1 + len(rest)


def forms(entry: str) -> Iterator[str]:
    """The words that an entry of the lexicon stands for."""
    return map(" ".join, product(*map(_inflected, entry.split("_"))))


def _inflected(entry: str) -> tuple[str, ...]:
    stem = entry.rstrip("+~")
    sibilant = stem.endswith(("s", "x", "z", "ch", "sh"))
    plural = (
        f"{stem[:-1]}ies" if re.search("[^aeiou]y$", stem) else f"{stem}{'es' * sibilant or 's'}"
    )
    if entry.endswith("~"):
        return stem, plural
    if not entry.endswith("+"):
        return (stem,)
    base = stem + stem[-1] * entry.endswith("++")
    if stem.endswith("e"):
        base = stem[:-1]
    past = f"{stem[:-1]}ied" if plural.endswith("ies") and stem[-1] == "y" else f"{base}ed"
    return stem, plural, past, f"{base}ing"


def _sign(word: str) -> str:
    if word == COMMA:
        return COMMA
    return WORD if word[0].isalnum() else BREAK
