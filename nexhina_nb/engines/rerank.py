"""`local/rerank`: how well documents answer a query, by their words and by their meaning.

A score is 0.2 × lexical + 0.8 × semantic, both in [0, 1]:

* lexical: BM25 over the documents of the call, divided by what a document could reach at most,
  that is the share of the query's information that the document holds. It finds names, numbers and
  identifiers, of which the vectors know nothing.
* semantic: the cosine of `local/embed`, 0 where negative. It finds other words for the same thing.

The share is absolute, not stretched to the best document of the call: a lone document gets a
sensible score too, and a query that nothing answers gets low scores throughout. Rarity of words is
counted in the documents of the call, so scores of different calls do not compare. The weight was
chosen on the dev rows of ``tests/engines/data/retrieval.json``, where 0.2 to 0.5 do about equally
well; what each part and the blend reach on the test rows stands in ``data/local-embed.json``.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from nexhina_nb.engines.embeddings import embed
from nexhina_nb.engines.wordpiece import words

if TYPE_CHECKING:  # listing the engines must not load NumPy
    from nexhina_nb.engines.base import Matrix

LEXICAL_SHARE = 0.2

# Among a few documents "how" is as rare as a name, and BM25 would take it for one.
_FUNCTION_WORDS = """
    a about an and any are as at be been but by can could did do does for from had has have he
    her here his how i if in into is it its may me my no not of on or our she should so some
    such than that the their them then there these they this those to us was we were what when
    where which who whose why will with would you your
"""


def rerank(query: str, documents: Sequence[str]) -> Matrix:
    """One score in [0, 1] per document, in their order; higher is better, blank texts get 0."""
    import numpy as np  # noqa: PLC0415 - kept unloaded until the first query

    scores = LEXICAL_SHARE * lexical(query, documents)
    scores += (1 - LEXICAL_SHARE) * semantic(query, documents)
    blank = [not document.strip() or not query.strip() for document in documents]
    scores[np.array(blank, np.bool_)] = 0
    return np.clip(scores, 0, 1, out=scores)


def semantic(query: str, documents: Sequence[str]) -> Matrix:
    """Cosine of the texts' vectors, 0 where negative."""
    import numpy as np  # noqa: PLC0415 - kept unloaded until the first query

    # Not a matrix product: that may give equal documents unequal last bits.
    cosines: Matrix = np.add.reduce(embed(documents) * embed([query]), axis=1)
    return np.maximum(cosines, 0, out=cosines)


def lexical(query: str, documents: Sequence[str]) -> Matrix:
    """BM25 as a share of its upper bound: all words of the query, each as often as could be."""
    import bm25s  # noqa: PLC0415 - kept unloaded until the first query
    import numpy as np  # noqa: PLC0415 - likewise

    logging.getLogger("bm25s").setLevel(logging.WARNING)  # importing it turned on debug messages
    ids: dict[str, int] = {}
    tokens = [[ids.setdefault(word, len(ids)) for word in _terms(text)] for text in documents]
    asked = dict.fromkeys(_content(_terms(query)))
    known = [ids[word] for word in asked if word in ids]
    if not known:  # bm25s fails on such queries
        return np.zeros(len(documents), np.float32)
    index = bm25s.BM25(method="lucene")
    index.index((tokens, ids), create_empty_token=False, show_progress=False)
    scores: Matrix = index.get_scores_from_ids(known)
    return scores / np.float32(_most(asked, ids, tokens))


def _terms(text: str) -> list[str]:
    return [word for word in words(text) if any(map(str.isalnum, word))]


def _content(terms: list[str]) -> list[str]:
    return [word for word in terms if word not in _function_words()] or terms


@cache
def _function_words() -> frozenset[str]:
    return frozenset(_FUNCTION_WORDS.split())


def _most(asked: dict[str, None], ids: dict[str, int], tokens: list[list[int]]) -> float:
    """The sum of the query words' idf, which Lucene's variant of BM25 cannot exceed."""
    held = [set(row) for row in tokens]
    bound = 0.0
    for word in asked:
        count = sum(ids[word] in row for row in held) if word in ids else 0
        bound += math.log1p((len(tokens) - count + 0.5) / (count + 0.5))
    return bound
