"""Texts of a column → vectors, in one matrix that is allocated once."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
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
from nexhina_nb.errors import NexhinaError, StoreError, Upstream

MOST_TEXTS = 256  # in one request: more bring little, and make the loss larger if one fails
LEAST_TEXTS = 64  # below that, more requests at once cost more than they bring
AT_ONCE = 8  # requests that a small batch is cut into
MOST_ODD = 2  # answers of another length that are put up with: a single call is tried as often
_PER_ODD = 100  # right answers for which there may be one odd one more
_SAMPLE = 1_000  # answers on disk that tell the length: those of several requests
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

    All vectors have one length: ``dimensions`` where that is said, else that of most of the first
    ones on disk, else that of the first answer. Others on disk count as unknown, and are replaced.
    Of the answers that come, others are not kept and are asked for again, `MOST_ODD` times in all
    and once more for each hundred right answers. What is beyond that ends the batch. If it was only
    an answer or two that told the length, nobody knows which ones are odd: they are taken back.
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
        self._length = wanted.dimensions
        self._is_of_disk = False  # the length
        self._right = self._odd = 0  # answers
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
            self._matrix = np.zeros((self.inputs.total, len(value)), np.float32)
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

    def fitting(self, known: Iterator[tuple[int, Vector]]) -> Iterator[tuple[int, Vector]]:
        """The vectors of the one length. Raises StoreError if more have another one."""
        assert self._cache is not None
        right, others, odd = 0, 0, []
        for place, vector in self._sampled(known):
            if len(vector) == self._length:
                right += 1
                yield place, vector
            else:
                others += len(vector) > 0
                odd.append(self._names[place])
        if self._is_of_disk and others > right:
            what = f"most vectors on disk for this model have not the {self._length:,} numbers"
            raise StoreError(f"{what} that the first ones have", hint=self._advice())
        self._cache.distrust(odd)

    def check(self, found: Mapping[int, Vector]) -> None:
        """Raises Upstream for vectors of another length, at last so that the batch ends, or
        StoreError if it is those on disk that have another one.
        """
        lengths = {len(vector) for vector in found.values()}
        if self._length is None and len(lengths) == 1:
            (self._length,) = lengths
        if lengths == {self._length}:
            self._right += 1
            return
        self._odd += 1
        raise self._refusal(lengths, is_last=self._odd > MOST_ODD + self._right // _PER_ODD)

    def column(self) -> VectorColumn:
        """The vectors row by row, those of equal texts copied to each of their rows."""
        matrix = self._matrix
        if matrix is None:
            matrix = np.zeros((self.inputs.total, self.length), np.float32)
        place = self.inputs.place
        valid = place >= 0
        valid[valid] = self._is_known[place[valid]]
        # What was never written takes no memory, and no time, as long as it stays so.
        matrix[list(self.errors())] = np.nan
        copies = np.flatnonzero(valid)
        copies = copies[self._first[place[copies]] != copies]
        for start in range(0, len(copies), _CHUNK):
            rows = copies[start : start + _CHUNK]
            matrix[rows] = matrix[self._first[place[rows]]]
        return VectorColumn(matrix, valid)

    @property
    def length(self) -> int:
        """How many numbers a vector has; 0 while there is none to tell."""
        return self._length or 0

    def _sampled(self, known: Iterator[tuple[int, Vector]]) -> Iterator[tuple[int, Vector]]:
        """All of them, when the first ones have told the length."""
        first = list(islice(known, _SAMPLE))
        lengths = Counter(len(vector) for _, vector in first if len(vector))
        if self._length is None and lengths:
            self._length, self._is_of_disk = lengths.most_common(1)[0][0], True
        return chain(first, known)

    def _refusal(self, lengths: set[int], *, is_last: bool) -> NexhinaError:
        """What is wrong with an answer of these lengths."""
        one, *others = sorted({*lengths, self._length or min(lengths)})
        what = f"the gateway sent vectors of {one:,} and of {others[0]:,} numbers for one model"
        hint = "more than one model seems to answer to this name: see where the gateway sends it"
        if self._wanted.dimensions is not None:
            sent = " and of ".join(f"{length:,}" for length in sorted(lengths))
            what = f"the gateway sent vectors of {sent} numbers, not of {self._length:,}"
            hint = "leave dimensions out, if the model does not know it"
        elif self._is_of_disk and not self._right:
            what, hint = f"{what}: those on disk are of an earlier one", self._advice()
            if is_last:
                return StoreError(what, hint=hint)
        elif is_last and not self._is_of_disk and self._right < self._odd:
            self._take_back()
            hint = "nothing that came is kept: run it again"
        status = 200 if is_last else None  # such as it came with, which is not tried again
        return Upstream(what, code="bad_response_body", status=status, hint=hint)

    def _advice(self) -> str:
        clear = f"nexhina cache clear --verb {self.verb} --model {self.model}"
        return f"`{clear}` forgets those on disk; cache=False, or another file, leaves them there"

    def _take_back(self) -> None:
        """Have no answers: those on disk become empty vectors, which have no length of use."""
        if self._cache is not None:
            places = np.flatnonzero(self._is_known).tolist()
            names = [self._names[place] for place in places if place not in self._split]
            self._cache.distrust(names)
            self._cache.put(dict.fromkeys(names, b""), verb=self.verb, model=self.model)
        self._is_known[:] = False

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
