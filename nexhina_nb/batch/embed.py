"""Texts of a column → vectors, in one matrix that is allocated once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nexhina_nb.batch import calls
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import Cache
from nexhina_nb.batch.calls import Answer, Vectors
from nexhina_nb.batch.columns import Matrix, VectorColumn
from nexhina_nb.batch.inputs import STOPPED, Inputs, pack, too_long
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.verdicts import in_words
from nexhina_nb.client.exchange import Flow
from nexhina_nb.client.explain import Asked, explain
from nexhina_nb.client.session import Session
from nexhina_nb.errors import APIError, NexhinaError, StoreError, Upstream

MOST_TEXTS = 256  # in one request: more bring little, and make the loss larger if one fails
LEAST_TEXTS = 64  # below that, more requests at once cost more than they bring
AT_ONCE = 8  # requests that a small batch is cut into
_CHUNK = 4096

Part = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Embedding:
    """What is asked of the model."""

    model: str
    dimensions: int | None = None
    batch_size: int | None = None


class EmbedWork:
    """The vectors of a batch: which are known, which are to be asked for, where they go."""

    def __init__(
        self, inputs: Inputs, wanted: Embedding, address: Address, cache: Cache | None, tally: Tally
    ) -> None:
        self._inputs, self._wanted, self._tally = inputs, wanted, tally
        self._cache = cache
        self._names = [address.of(text.encode()) for text in inputs.texts] if cache else []
        self._first, self._counts = inputs.first(), inputs.counts()
        self._matrix: Matrix | None = None
        self._is_known = np.zeros(len(inputs.texts), np.bool_)
        self._lost: dict[int, str] = {}
        self._has_old = False
        tally.failed += len(inputs.bad)

    def look_up(self) -> None:
        """Take what is on disk, and sort out what no model would take."""
        for place, why in too_long(self._inputs, self._wanted.model):
            self._lose(place, why)
        if self._cache is None:
            return
        for place, value in self._cache.find(self._names):
            vector = np.frombuffer(value, "<f4")
            self._has_old = True
            self._check({len(vector)})
            self._put(place, vector)
            self._tally.found(int(self._counts[place]))

    def missing(self) -> list[int]:
        """The places of the texts that must be asked for."""
        is_missing = ~self._is_known
        is_missing[list(self._lost)] = False
        return np.flatnonzero(is_missing).tolist()

    def parts(self) -> Iterator[Part]:
        """What must be asked for, packed into requests."""
        missing = self.missing()
        most = self._wanted.batch_size
        if most is None:
            most = min(MOST_TEXTS, max(LEAST_TEXTS, -(-len(missing) // AT_ONCE)))
        return pack(missing, self._inputs, most)

    def ask(self, session: Session, part: Part) -> Flow[Answer[Vectors]]:
        """The call for a part."""
        texts = [self._inputs.texts[place] for place in part]
        return calls.embed(session, self._wanted.model, texts, self._wanted.dimensions)

    def keep(self, part: Part, answer: Answer[Vectors]) -> None:
        """On disk first, then into the matrix."""
        self._tally.billed(answer.bill)
        vectors = {part[index]: vector for index, vector in answer.value}
        self._check({len(vector) for vector in vectors.values()})
        if self._cache is not None:
            named = {self._names[place]: vector for place, vector in vectors.items()}
            self._cache.put({name: vector.tobytes() for name, vector in named.items()})
        for place, vector in vectors.items():
            self._put(place, vector)
        self._tally.answered(int(self._counts[list(part)].sum()))

    def halves(self, part: Part) -> Sequence[Part]:
        """Two smaller parts."""
        middle = len(part) // 2
        return part[:middle], part[middle:]

    def is_single(self, part: Part) -> bool:
        """Whether it is one text."""
        return len(part) == 1

    def fail(self, part: Part, error: NexhinaError) -> None:
        """These texts get no vector."""
        for place in part:
            self._lose(place, in_words(error))

    def explain(self, session: Session, error: APIError) -> Flow[None]:
        """What to do about an error that ends the batch."""
        asked = Asked(self._wanted.model, texts=self._inputs.texts[:1])
        return explain(session, error, asked, calls.EMBED_PATH)

    def column(self) -> VectorColumn:
        """The vectors row by row, those of equal texts copied to each of their rows."""
        matrix = self._matrix
        if matrix is None:
            matrix = np.empty((self._inputs.total, self.length), np.float32)
        place = self._inputs.place
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

    def errors(self) -> dict[int, str]:
        """Rows without a vector, and why."""
        return self._inputs.without_answer(self._lost)

    def errors_so_far(self) -> dict[int, str]:
        """The same for a batch that was stopped."""
        return self._inputs.without_answer(dict.fromkeys(self.missing(), STOPPED) | self._lost)

    def _check(self, lengths: set[int]) -> None:
        if self._matrix is not None:
            lengths = lengths | {self._matrix.shape[1]}
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

    def _put(self, place: int, vector: npt.NDArray[np.float32]) -> None:
        if self._matrix is None:
            self._matrix = np.empty((self._inputs.total, len(vector)), np.float32)
        self._matrix[self._first[place]] = vector
        self._is_known[place] = True

    def _lose(self, place: int, why: str) -> None:
        self._lost[place] = why
        self._tally.failed += int(self._counts[place])
