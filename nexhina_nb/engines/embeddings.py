"""`local/embed`: the vector of a text is the weighted mean of the fixed vectors of its words.

The vectors were distilled from all-MiniLM-L6-v2 by ``scripts/distill_embeddings.py``: every word
piece got the vector that the model gives it on its own and in random company, 256 dimensions, the
weight of its rarity included. So the engine knows what words mean, but not their order: "dog bites
man" and "man bites dog" are one to it. Its model knew English; words of other scripts, and signs
outside its vocabulary, get vectors of hashed character n-grams, which compare spelling alone.

Measured quality stands in ``data/local-embed.json``.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import accumulate, chain
from typing import TYPE_CHECKING

from nexhina_nb.engines.wordpiece import LONGEST_WORD, WordPiece, words
from nexhina_nb.errors import BadRequest

if TYPE_CHECKING:  # listing the engines must not load NumPy
    import numpy as np
    import numpy.typing as npt

    from nexhina_nb.engines.base import Matrix

DIMENSIONS = 256
HASHED = 999  # the first rows of the table: BERT's vocabulary has no piece of text there
_NGRAM = 3
_CACHED_WORDS = 65_536
_BLOCK = 512  # pieces that are summed at once: half a megabyte, which stays in the cache
_LOADING = threading.Lock()


def embed(texts: Sequence[str], dimensions: int | None = None) -> Matrix:
    """Unit vectors (n, ``dimensions``) float32; a row depends on its text alone, to the last bit.

    Every text has a vector, the empty one too. Raises BadRequest for dimensions not in 1..256.
    """
    import numpy as np  # noqa: PLC0415 - kept unloaded until the first text

    kept = DIMENSIONS if dimensions is None else dimensions
    if not 1 <= kept <= DIMENSIONS:
        raise BadRequest(
            f"local/embed makes vectors of 1 to {DIMENSIONS} dimensions, not {dimensions!r}",
            param="dimensions",
            hint=f"leave dimensions out for {DIMENSIONS}",
        )
    table = _table()
    matrix = np.empty((len(texts), kept), np.float32)
    start = 0
    for block in _blocks(map(table.features, texts)):
        matrix[start : start + len(block)] = table.sums(block)[:, :kept]
        start += len(block)
    return _unit(matrix)


class _Table:
    """The vectors, int8 with one scale per row, and the rows that each word is made of."""

    def __init__(
        self, rows: npt.NDArray[np.int8], scales: npt.NDArray[np.float32], vocabulary: list[str]
    ) -> None:
        self.rows = rows
        self.scales = scales[:, None]
        self.wordpiece = WordPiece(vocabulary)
        self._word = lru_cache(_CACHED_WORDS)(self._rows_of)

    def features(self, text: str) -> list[int]:
        """The rows whose sum is the vector of ``text``, at least one."""
        found: list[int] = []
        for word in words(text):
            # a cache of words must not become one of megabytes without a blank
            found += self._word(word) if len(word) <= LONGEST_WORD else self._rows_of(word)
        return found or [_bucket(text)]

    def sums(self, block: list[list[int]]) -> Matrix:
        """The sum of the rows of each text, added in the order of the text."""
        import numpy as np  # noqa: PLC0415 - loaded by now

        flat = np.fromiter(chain.from_iterable(block), np.intp)
        if len(flat) > _BLOCK:  # one long text, by parts: at once it could fill the memory
            starts, cuts = [0], range(0, len(flat), _BLOCK)
            weighted = np.stack([self._weighted(flat[i : i + _BLOCK]).sum(0) for i in cuts])
        else:
            starts = [0, *accumulate(map(len, block[:-1]))]
            weighted = self._weighted(flat)
        sums: Matrix = np.add.reduceat(weighted, starts, axis=0)
        return sums

    def _weighted(self, rows: npt.NDArray[np.intp]) -> Matrix:
        weighted: Matrix = self.rows[rows] * self.scales[rows]
        return weighted

    def _rows_of(self, word: str) -> tuple[int, ...]:
        pieces = self.wordpiece.pieces(word)
        unread = pieces == (self.wordpiece.unknown,)
        # Foreign scripts are in the vocabulary by their letters, which mean nothing one by one.
        spelt = len(word) > 1 and 2 * len(pieces) > len(word) and not word.isascii()
        return _ngrams(word) if unread or spelt else pieces


def _ngrams(word: str) -> tuple[int, ...]:
    padded = f" {word} "
    return tuple(_bucket(padded[i : i + _NGRAM]) for i in range(max(1, len(padded) - _NGRAM + 1)))


def _bucket(text: str) -> int:
    return zlib.crc32(text.encode("utf-8", "surrogatepass")) % HASHED


def _blocks(features: Iterable[list[int]]) -> Iterator[list[list[int]]]:
    """Texts in runs of up to ``_BLOCK`` rows; a longer text comes alone."""
    block: list[list[int]] = []
    size = 0
    for rows in features:
        if block and size + len(rows) > _BLOCK:
            yield block
            block, size = [], 0
        block.append(rows)
        size += len(rows)
    if block:
        yield block


def _unit(matrix: Matrix) -> Matrix:
    import numpy as np  # noqa: PLC0415 - loaded by now

    norms = np.sqrt(np.add.reduce(matrix * matrix, axis=1))
    hollow = norms == 0  # only after a cut to very few dimensions
    matrix[hollow, 0] = norms[hollow] = 1
    matrix /= norms[:, None]
    return matrix


def _table() -> _Table:
    with _LOADING:  # else a burst of first calls would load one table each
        return _loaded()


@cache
def _loaded() -> _Table:
    import numpy as np  # noqa: PLC0415 - kept unloaded until the first text

    data = resources.files("nexhina_nb.engines") / "data" / "local-embed.npz"
    with data.open("rb") as file, np.load(file) as arrays:
        vocabulary = arrays["vocabulary"].tobytes().decode("utf-8").split("\n")
        return _Table(arrays["rows"], arrays["scales"], vocabulary)
