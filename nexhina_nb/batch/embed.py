"""Texts of a column → vectors, in one matrix that is allocated once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nexhina_nb.batch import calls, long_texts
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import Cache
from nexhina_nb.batch.calls import Answer
from nexhina_nb.batch.columns import Matrix, VectorColumn
from nexhina_nb.batch.inputs import Inputs, pack
from nexhina_nb.batch.long_texts import Piece, TooLong
from nexhina_nb.batch.rows import Found, Part, RowWork
from nexhina_nb.batch.tally import Tally
from nexhina_nb.client.exchange import Flow
from nexhina_nb.client.session import Session
from nexhina_nb.errors import StoreError, Upstream

MOST_TEXTS = 256  # in one request: more bring little, and make the loss larger if one fails
LEAST_TEXTS = 64  # below that, more requests at once cost more than they bring
AT_ONCE = 8  # requests that a small batch is cut into
_CHUNK = 512  # rows that are copied at a time: a copy of all would be a second matrix

Vector = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Embedding:
    """What is asked of the model."""

    model: str
    dimensions: int | None = None
    batch_size: int | None = None
    too_long: TooLong = "error"


class EmbedWork(RowWork[Vector]):
    """The vectors of a batch: which are known, which are to be asked for, where they go. It uses
    its inputs up: a text that has its vector makes room for the next vectors.
    """

    verb, path = "embed", calls.EMBED_PATH

    def __init__(
        self, inputs: Inputs, wanted: Embedding, address: Address, cache: Cache | None, tally: Tally
    ) -> None:
        fitted = long_texts.fit(inputs, wanted.model, wanted.too_long)
        super().__init__(inputs, wanted.model, address, cache, tally)
        self._wanted = wanted
        self._first = inputs.first()
        self._matrix: Matrix | None = None
        self._has_old = False
        self._split = fitted.split
        self._owners: defaultdict[int, set[int]] = defaultdict(set)  # of pieces: long texts
        for long, pieces in fitted.split.items():
            for piece in pieces:
                self._owners[piece.place].add(long)
        self._pieces: dict[int, Vector] = {}
        for place, why in fitted.refused.items():
            self.lose(place, why)

    def parts(self) -> Iterator[Part]:
        """What must be asked for, packed into requests."""
        missing = [place for place in self.missing() if place not in self._split]
        most = self._wanted.batch_size
        if most is None:
            most = min(MOST_TEXTS, max(LEAST_TEXTS, -(-len(missing) // AT_ONCE)))
        return pack(missing, self.inputs, most, self.model)

    def ask(self, session: Session, part: Part) -> Flow[Answer[Found[Vector]]]:
        """The call for a part."""
        texts = [self.inputs.texts[place] for place in part]
        return calls.embed(session, self.model, texts, self._wanted.dimensions)

    def pack(self, value: Vector) -> bytes:
        """The numbers as they are in memory."""
        return value.tobytes()

    def unpack(self, data: bytes) -> Vector:
        """The numbers again."""
        return np.frombuffer(data, "<f4")

    def put(self, place: int, value: Vector) -> None:
        """Into the matrix; pieces wait until all those of a long text are there."""
        if self._matrix is None:
            self._matrix = np.empty((self.inputs.total, len(value)), np.float32)
        if self._first[place] >= 0 and place not in self._split:
            self._matrix[self._first[place]] = value
        self.inputs.texts[place] = ""
        if place in self._owners:
            self._pieces[place] = value
            for long in list(self._owners[place]):
                self._join(long)

    def lose(self, place: int, why: str) -> None:
        """A long text is lost with any of its pieces."""
        super().lose(place, why)
        for long in self._owners.get(place, ()):
            if long not in self._lost:
                super().lose(long, why)

    def check(self, values: Sequence[Vector], *, are_old: bool) -> None:
        """Raises StoreError or Upstream if the vectors of one model differ in length."""
        self._has_old = self._has_old or are_old
        lengths = {len(vector) for vector in values}
        if self._matrix is not None:
            lengths.add(self._matrix.shape[1])
        if len(lengths) < 2:
            return
        one, other = sorted(lengths)[:2]
        what = f"vectors of {one:,} and of {other:,} numbers for one model"
        if self._has_old:
            raise StoreError(
                f"{what}: those on disk are of an earlier one",
                hint="embed with cache=False, or with another file: cache=",
            )
        raise Upstream(f"the gateway sent {what}", code="bad_response_body")

    def column(self) -> VectorColumn:
        """The vectors row by row, those of equal texts copied to each of their rows."""
        matrix = self._matrix
        if matrix is None:
            matrix = np.empty((self.inputs.total, self.length), np.float32)
        place = self.inputs.place
        valid = place >= 0
        valid[valid] = self._is_known[place[valid]]
        matrix[~valid] = np.nan
        copies = np.flatnonzero(valid)
        copies = copies[self._first[place[copies]] != copies]
        for start in range(0, len(copies), _CHUNK):
            rows = copies[start : start + _CHUNK]
            matrix[rows] = matrix[self._first[place[rows]]]
        return VectorColumn(matrix, valid)

    @property
    def length(self) -> int:
        """How many numbers a vector has; 0 while there is none to tell."""
        return (self._wanted.dimensions or 0) if self._matrix is None else self._matrix.shape[1]

    def _join(self, long: int) -> None:
        pieces = self._split[long]
        if long in self._lost or not all(piece.place in self._pieces for piece in pieces):
            return
        assert self._matrix is not None
        self._matrix[self._first[long]] = self._mean(pieces)
        self._is_known[long] = True
        self.inputs.texts[long] = ""
        self._tally.answered(int(self._counts[long]))
        for place in {piece.place for piece in pieces}:
            self._owners[place].remove(long)
            if not self._owners[place]:
                del self._pieces[place]

    def _mean(self, pieces: Sequence[Piece]) -> Any:
        """The average, weighted by tokens, of the length that the vectors had: most have 1."""
        vectors = np.stack([self._pieces[piece.place] for piece in pieces])
        weights = np.asarray([piece.tokens for piece in pieces], np.float64)
        mean = np.average(vectors, axis=0, weights=weights)
        length = np.average(np.linalg.norm(vectors, axis=1), weights=weights)
        return mean * (length / (np.linalg.norm(mean) or 1.0))
