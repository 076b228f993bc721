"""The language of the rules: patterns of word classes, compiled to regular expressions.

``@kill``   a word of that class            ``kill``      the word itself
``@a|@b``   either                          ``@a?``       or nothing
``!@a``     the next word is not of it      ``..`` ``..6`` up to 3 (or 6) words between
``^`` ``$`` the sentence begins, or ends

A pattern lies within a sentence.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import islice
from operator import or_
from typing import Generic, TypeVar

from nexhina_nb.engines.moderation.lexicon import BREAK, COMMA, Lexicon

STRUCK = "~"  # the symbol of a word that is to count no more
_USUAL_GAP = "3"
_REACH = 5  # words before a match in which a negation still applies to it
_MOST_MATCHES = 8

Row = TypeVar("Row")


@dataclass(frozen=True)
class Pattern:
    """``needs`` has a bit for each class without which it cannot match, and ``key`` the symbols of
    the smallest of them; ``negatable`` unless it holds a negation itself.
    """

    source: str
    needs: int
    key: str
    negatable: bool

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """Compiled on first use: most texts need few of hundreds."""
        return re.compile(self.source)


class Index(Generic[Row]):
    """Rows by the words of their patterns, so that a text meets only those it may match."""

    def __init__(self, rows: Iterable[tuple[Pattern, Row]]) -> None:
        self._rows = list(rows)
        self._places: defaultdict[str, list[int]] = defaultdict(list)
        for place, (pattern, _) in enumerate(self._rows):
            for symbol in pattern.key:
                self._places[symbol].append(place)

    def near(self, symbols: str, present: int) -> list[tuple[Pattern, Row]]:
        """The rows of which every needed class is present, in their order."""
        found = {place for symbol in set(symbols) for place in self._places.get(symbol, ())}
        rows = map(self._rows.__getitem__, sorted(found))
        return [row for row in rows if not row[0].needs & ~present]


class Grammar:
    """Compiles patterns against one lexicon, and knows which of them a text can match at all."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._bits: dict[str, int] = {}
        self._masks: dict[str, int] = {}
        negations = lexicon.members(["@not"])
        self._negation = re.compile(f"[{negations}]")
        self._scope = re.compile(f"[{negations}][^{BREAK}{COMMA}]{{0,{_REACH}}}")

    def compile(self, source: str) -> Pattern:
        """Raises ValueError when it names a class without words."""
        elements = source.split()
        regex = "".join(map(self._part, elements))
        needed = [e for e in elements if e[0] not in "^$!." and not e.endswith("?")]
        bits = (self._bit(element) for element in needed)
        denies = any(self._negation.search(self._letters(element)) for element in needed)
        key = min(map(self._letters, needed), key=len)
        return Pattern(regex, reduce(or_, bits, 0), key, negatable=not denies)

    def presence(self, symbols: str) -> int:
        """The bits of all classes of which a text has a word."""
        present = 0
        for symbol in set(symbols):
            present |= self._masks.get(symbol, 0)
        return present

    def matches(self, pattern: Pattern, symbols: str) -> Iterator[bool]:
        """Whether each match (the first few) is plain, that is, not negated."""
        for match in islice(pattern.regex.finditer(symbols), _MOST_MATCHES):
            yield not (pattern.negatable and self._negated(symbols, *match.span()))

    def denied(self, symbols: str) -> str:
        """The symbols with `STRUCK` for the words that a negation governs."""
        return self._scope.sub(lambda scope: STRUCK * len(scope[0]), symbols)

    def _negated(self, symbols: str, start: int, end: int) -> bool:
        before = max(symbols.rfind(sign, 0, start) for sign in (BREAK, COMMA))
        return bool(self._negation.search(symbols, max(start - _REACH, before + 1), end))

    def _part(self, element: str) -> str:
        if element in ("^", "$"):
            return {"^": f"(?:^|(?<=[{BREAK}]))", "$": f"(?=$|[{BREAK}])"}[element]
        if element.startswith(".."):
            return f"[^{BREAK}]{{0,{element[2:] or _USUAL_GAP}}}?"
        letters = self._letters(element)
        if element.startswith("!"):
            return f"(?![{letters}])"
        return f"[{letters}]" + "?" * element.endswith("?")

    def _letters(self, element: str) -> str:
        """The symbols that an element accepts (or, after ``!``, refuses)."""
        return self._lexicon.members(_names(element))

    def _bit(self, element: str) -> int:
        if element not in self._bits:
            bit = self._bits[element] = 1 << len(self._bits)
            for symbol in self._letters(element):
                self._masks[symbol] = self._masks.get(symbol, 0) | bit
        return self._bits[element]


def literals(sources: Iterable[str]) -> set[str]:
    """The words that patterns name themselves."""
    elements = (element for source in sources for element in source.split())
    names = {name for e in elements if e[0] not in "^$." for name in _names(e)}
    return {name for name in names if not name.startswith("@")}


def _names(element: str) -> list[str]:
    return [n if n[0] == "@" else n.replace("_", " ") for n in element.strip("!?").split("|")]
