"""Scores of texts: the rules of ``data/rules.json`` and the two linear models, put together."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any

from nexhina_nb.engines.moderation.categories import CATEGORIES, CONTAINED_IN, broad
from nexhina_nb.engines.moderation.lexicon import BREAK, Lexicon
from nexhina_nb.engines.moderation.meaning import likelihoods
from nexhina_nb.engines.moderation.patterns import STRUCK, Grammar, Index, literals
from nexhina_nb.engines.moderation.toxicity import toxicity

NEGATED = 0.3
# Toxic words alone prove nothing; said to somebody they are harassment.
TOXIC, TOXIC_TO_SOMEBODY = 0.35, 0.52
MILD = 0.1  # what any text may reach
# Trusted less than a rule: it knows the words of a text, not who does what to whom.
MEANT = 0.7
# Evidence in one part of a long text must not be softened by what stands far from it.
_BLOCK = 60
_DIGITS = 6


def moderate(texts: Sequence[str]) -> list[dict[str, float]]:
    """A score from 0 to 1 for each category and text, in their order; `flagged` draws the line.

    Scores are not probabilities: they order the evidence that was found.
    """
    judge = load()
    read = [judge.read(text) for text in texts]
    about = likelihoods([" ".join(words) for words, _ in read])
    return [judge.scores(*pair, likely) for pair, likely in zip(read, about, strict=True)]


def flagged(scores: Mapping[str, float]) -> dict[str, bool]:
    """Which categories apply: those whose score reaches their threshold."""
    thresholds = load().thresholds
    return {category: scores[category] >= thresholds[category] for category in CATEGORIES}


class Judge:
    """The rules in working order. Raises ValueError when they name a class that has no words."""

    def __init__(self, classes: Mapping[str, str], rules: Mapping[str, Any]) -> None:
        self._lexicon = Lexicon(classes, literals(_sources(rules)))
        self._grammar = Grammar(self._lexicon)
        read = self._grammar.compile
        self._harmless = Index((read(source), None) for source in rules["harmless"])
        self._addressed = Index((read(source), None) for source in rules["addressed"])
        self._contexts = Index(
            (read(source), context["factors"])
            for context in rules["contexts"].values()
            for source in context["patterns"]
        )
        self._rules = Index(
            (read(source), (category, score))
            for category, row in rules["categories"].items()
            for source, score in row["rules"].items()
        )
        self.thresholds = {name: row["threshold"] for name, row in rules["categories"].items()}

    def read(self, text: str) -> tuple[list[str], str]:
        """The words of a text, freed of disguises, and as many symbols of their classes."""
        return self._lexicon.read(text)

    def scores(
        self, words: Sequence[str], symbols: str, about: Mapping[str, float]
    ) -> dict[str, float]:
        """The strongest evidence of each category, raised by what the text seems to be about; a
        narrow category counts for its broad one too.
        """
        found = dict.fromkeys(CATEGORIES, 0.0)
        softest: dict[str, float] = {}
        for start, end in _blocks(symbols):
            evidence, factors = self._weigh(words[start:end], symbols[start:end])
            _lower(softest, factors)
            for category, score, is_plain in evidence:
                if not is_plain:  # the model of meaning sees the same words, and no negation
                    concerned = (broad(category), *CONTAINED_IN.get(category, ()))
                    _lower(softest, dict.fromkeys(concerned, NEGATED))
                    score *= NEGATED
                found[category] = max(found[category], score * factors.get(broad(category), 1.0))
        for category, likelihood in about.items():
            meant = MEANT * likelihood * softest.get(category, 1.0)
            found[category] = 1 - (1 - found[category]) * (1 - meant)
        for narrow, wider in CONTAINED_IN.items():
            for category in wider:
                found[category] = max(found[category], found[narrow])
        return {category: round(score, _DIGITS) for category, score in found.items()}

    def _weigh(
        self, words: Sequence[str], symbols: str
    ) -> tuple[list[tuple[str, float, bool]], dict[str, float]]:
        """Categories and scores, whether each stands plain or is negated, and by what factors
        their company lowers them.
        """
        present = self._grammar.presence(symbols)
        for pattern, _ in self._harmless.near(symbols, present):
            symbols = pattern.regex.sub(lambda match: STRUCK * len(match[0]), symbols)
        present = self._grammar.presence(symbols)
        evidence = [*self._by_rules(symbols, present), *self._by_tone(words, symbols, present)]
        return evidence, self._factors(symbols, present)

    def _by_rules(self, symbols: str, present: int) -> Iterator[tuple[str, float, bool]]:
        for pattern, (category, score) in self._rules.near(symbols, present):
            for is_plain in self._grammar.matches(pattern, symbols):
                yield category, score, is_plain

    def _by_tone(
        self, words: Sequence[str], symbols: str, present: int
    ) -> Iterator[tuple[str, float, bool]]:
        counted = self._grammar.denied(symbols)
        tone = toxicity([word for word, s in zip(words, counted, strict=True) if s != STRUCK])
        if tone >= MILD:
            addressed = self._addressed.near(symbols, present)
            to_somebody = any(any(self._grammar.matches(p, symbols)) for p, _ in addressed)
            yield "harassment", tone * (TOXIC_TO_SOMEBODY if to_somebody else TOXIC), True

    def _factors(self, symbols: str, present: int) -> dict[str, float]:
        """The lowest factor of all company that is there, by broad category."""
        factors: dict[str, float] = {}
        for pattern, held in self._contexts.near(symbols, present):
            if any(self._grammar.matches(pattern, symbols)):
                _lower(factors, held)
        return factors


def _lower(factors: dict[str, float], others: Mapping[str, float]) -> None:
    for category, factor in others.items():
        factors[category] = min(factor, factors.get(category, 1.0))


def _blocks(symbols: str) -> Iterator[tuple[int, int]]:
    """Runs of whole sentences of about `_BLOCK` words; a long sentence is cut."""
    start = 0
    while start < len(symbols):
        end = start + _BLOCK
        if end < len(symbols):
            end = symbols.rfind(BREAK, start, end) + 1 or end
        yield start, end
        start = end


def _sources(rules: Mapping[str, Any]) -> Iterator[str]:
    yield from rules["harmless"]
    yield from rules["addressed"]
    for context in rules["contexts"].values():
        yield from context["patterns"]
    for category in rules["categories"].values():
        yield from category["rules"]


@cache
def load() -> Judge:
    """The judge with the packaged rules."""
    data = resources.files("nexhina_nb.engines.moderation") / "data"
    return Judge(
        json.loads((data / "lexicon.json").read_bytes()),
        json.loads((data / "rules.json").read_bytes()),
    )
