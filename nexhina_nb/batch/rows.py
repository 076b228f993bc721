"""One answer for each different input of a column, however many rows it stands in: what embed, ask,
moderate and transcribe have in common as the `Work` of a batch.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import ClassVar, Generic, TypeVar

import numpy as np

from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import Cache
from nexhina_nb.batch.calls import Answer
from nexhina_nb.batch.inputs import STOPPED, Inputs
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.verdicts import in_words
from nexhina_nb.client.exchange import Flow
from nexhina_nb.client.explain import Asked, explain
from nexhina_nb.client.session import Session
from nexhina_nb.errors import APIError, NexhinaError

Part = tuple[int, ...]  # the places of some inputs
Value = TypeVar("Value")
Found = Sequence[tuple[int, Value]]  # index in the part, and what came for it


class RowWork(ABC, Generic[Value]):
    """The answers of a batch: which are known, which are to be asked for, where they go."""

    verb: ClassVar[str]
    path: ClassVar[str]

    def __init__(
        self, inputs: Inputs, model: str, address: Address, cache: Cache | None, tally: Tally
    ) -> None:
        self.inputs, self.model = inputs, model
        self._cache, self._tally = cache, tally
        self._names = [address.of(data) for data in self.contents()] if cache else []
        self._counts = inputs.counts()
        self._is_known = np.zeros(len(inputs.texts), np.bool_)
        self._lost: dict[int, str] = {}
        tally.failed += len(inputs.bad)

    # What a verb says.

    @abstractmethod
    def ask(self, session: Session, part: Part) -> Flow[Answer[Found[Value]]]:
        """The call for a part: one try."""

    @abstractmethod
    def pack(self, value: Value) -> bytes:
        """An answer as it is kept on disk."""

    @abstractmethod
    def unpack(self, data: bytes) -> Value:
        """An answer that was on disk."""

    @abstractmethod
    def put(self, place: int, value: Value) -> None:
        """Take the answer to the input at this place."""

    @abstractmethod
    def parts(self) -> Iterator[Part]:
        """What must be asked for, packed into requests."""

    def fitting(self, known: Iterator[tuple[int, Value]]) -> Iterator[tuple[int, Value]]:
        """Those answers on disk that are of use; the others are asked for again."""
        return known

    def check(self, found: Mapping[int, Value]) -> None:
        """Raise for an answer that must not be kept."""

    def contents(self) -> Iterator[bytes]:
        """The bytes that each input is known by."""
        return (text.encode() for text in self.inputs.texts)

    # What is the same for all.

    def look_up(self) -> None:
        """Take what is on disk."""
        if self._cache is None:
            return
        found = self._cache.find(self._names)
        for place, value in self.fitting((place, self.unpack(data)) for place, data in found):
            self._take(place, value)
            self._tally.found(int(self._counts[place]))

    def missing(self) -> list[int]:
        """The places of the inputs that must be asked for."""
        is_missing = ~self._is_known
        is_missing[list(self._lost)] = False
        return np.flatnonzero(is_missing).tolist()

    def keep(self, part: Part, answer: Answer[Found[Value]]) -> None:
        """On disk first, unless it is junk: it is paid for."""
        self._tally.billed(answer.bill)
        found = {part[index]: value for index, value in answer.value}
        self.check(found)
        if self._cache is not None:
            named = {self._names[place]: self.pack(value) for place, value in found.items()}
            self._cache.put(named, verb=self.verb, model=self.model)
        for place, value in found.items():
            self._take(place, value)
        self._tally.answered(int(self._counts[list(part)].sum()))

    def halves(self, part: Part) -> Sequence[Part]:
        """Two smaller parts."""
        middle = len(part) // 2
        return part[:middle], part[middle:]

    def is_single(self, part: Part) -> bool:
        """Whether it is one input."""
        return len(part) == 1

    def fail(self, part: Part, error: NexhinaError) -> None:
        """These inputs get no answer."""
        for place in part:
            self.lose(place, in_words(error))

    def lose(self, place: int, why: str) -> None:
        """This input gets no answer, for a reason that the error column tells."""
        self._lost[place] = why
        self._tally.failed += int(self._counts[place])

    def explain(self, session: Session, error: APIError) -> Flow[None]:
        """What to do about an error that ends the batch."""
        texts = list(islice(filter(None, self.inputs.texts), 1))  # those answered may be gone
        asked = Asked(self.model, texts=texts)
        return explain(session, error, asked, self.path)

    def errors(self) -> dict[int, str]:
        """Rows without an answer, and why."""
        return self.inputs.without_answer(self._reasons())

    def errors_so_far(self, why: str = STOPPED) -> dict[int, str]:
        """The same for a batch that did not come to its end: ``why`` says it of the rest."""
        waiting = dict.fromkeys(self.missing(), why)
        return self.inputs.without_answer({**waiting, **self._reasons()})

    def _reasons(self) -> Mapping[int, str]:
        return self._lost

    def _take(self, place: int, value: Value) -> None:
        self.put(place, value)
        self._is_known[place] = True
