"""Log-probabilities of emitted tokens under a stated model.

The engine's text comes from rules, so the engine itself has no probabilities to report. What is
reported is the true log-probability of each token under a small model of token pairs: 0.7 of the
pair's relative frequency and 0.3 of the token's own (add-one smoothed over the vocabulary),
counted once, on first use, in the manual that every Python carries (`pydoc_data.topics`). A
token whose predecessor was never seen has its own frequency only. The probabilities of all
tokens after any token sum to one.
"""

from __future__ import annotations

import functools
import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from nexhina_nb.pricing import tokens

VOCABULARY = 100_256  # cl100k_base, without its special tokens
_PAIR_WEIGHT = 0.7
START = -1


class PairModel:
    """Counts of tokens and of token pairs, read as probabilities."""

    def __init__(self, texts: Iterable[Sequence[int]]) -> None:
        self.singles: Counter[int] = Counter()
        self.pairs: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for ids in texts:
            self.singles.update(ids)
            for before, token in zip([START, *ids], ids, strict=False):
                self.pairs[before][token] += 1
        self.total = self.singles.total() + VOCABULARY
        self.followers = {before: row.total() for before, row in self.pairs.items()}
        self.common = [token for token, _ in self.singles.most_common(100)]

    def probability(self, before: int, token: int) -> float:
        """P(token | before)."""
        own = (self.singles[token] + 1) / self.total
        seen = self.followers.get(before)
        if not seen:
            return own
        return _PAIR_WEIGHT * self.pairs[before][token] / seen + (1 - _PAIR_WEIGHT) * own

    def likeliest(self, before: int, many: int) -> list[tuple[float, int]]:
        """The ``many`` likeliest tokens after ``before``, with their probabilities, best first."""
        # a token that never followed ranks by its own frequency: the most common ones suffice
        candidates = {*self.pairs.get(before, ()), *self.common}
        scored = ((self.probability(before, token), token) for token in candidates)
        return heapq.nlargest(many, scored, key=lambda row: (row[0], -row[1]))


@functools.cache
def manual() -> tuple[tuple[int, ...], ...]:
    """The tokens of each topic of Python's manual."""
    from pydoc_data.topics import topics  # noqa: PLC0415 - half a megabyte that only this needs

    return tuple(tuple(tokens.encode(text)) for text in topics.values())


@functools.cache
def model() -> PairModel:
    """The pair model, counted on first use (a fraction of a second)."""
    return PairModel(manual())


def score(before: int, ids: Iterable[int], many: int) -> tuple[dict[str, Any], ...]:
    """One entry of `logprobs.content` for each token, with ``many`` alternatives."""
    entries = []
    for token in ids:
        entry = _entry(token, model().probability(before, token))
        entry["top_logprobs"] = [_entry(other, p) for p, other in model().likeliest(before, many)]
        entries.append(entry)
        before = token
    return tuple(entries)


def _entry(token: int, probability: float) -> dict[str, Any]:
    data = tokens.decode_bytes(token)
    return {
        "token": data.decode("utf-8", "replace"),
        "logprob": math.log(probability),
        "bytes": list(data),
    }
