"""Vectors: a float32 matrix that knows what it cost, and the assembly of one from the answers of
several requests.

This module loads NumPy, so `core` imports it only when something is embedded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pybase64

from nexhina_nb.client.cost import Cost, cost_of, total
from nexhina_nb.client.exchange import Response
from nexhina_nb.errors import Upstream
from nexhina_nb.pricing.cost import Tokens
from nexhina_nb.wire import Usage
from nexhina_nb.wire.extensions import QUOTA_HEADER

_MOST_FIGURES = 64  # shown in a notebook; of more, the first and the last ones of a row


@dataclass(frozen=True, slots=True)
class Facts:
    """What the call that made some vectors said; ``raw`` holds one answer per request, without the
    vectors.
    """

    model: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    request_id: str | None = None
    raw: tuple[dict[str, Any], ...] = ()


class Vectors(np.ndarray[Any, np.dtype[np.float32]]):
    """Embeddings, shape (n, d), float32, one row per text in the order given.

    An array like any other, which also carries ``usage``, ``cost``, ``model``, ``request_id`` and
    ``raw``. Slices keep the facts of the call that they came from; results of arithmetic are plain
    arrays.
    """

    facts: Facts

    @classmethod
    def of(cls, matrix: npt.NDArray[np.float32], facts: Facts) -> Self:
        """The matrix, seen as Vectors, without a copy."""
        vectors = matrix.view(cls)
        vectors.facts = facts
        return vectors

    def __array_finalize__(self, source: Any) -> None:
        self.facts = getattr(source, "facts", Facts())

    def __array_wrap__(self, array: Any, context: Any = None, return_scalar: bool = False) -> Any:
        return array[()] if return_scalar else np.asarray(array)

    def __reduce__(self) -> Any:
        parts: Any = super().__reduce__()
        make, arguments, state = parts
        return make, arguments, (state, self.facts)

    def __setstate__(self, state: Any) -> None:
        numbers, self.facts = state
        super().__setstate__(numbers)

    @property
    def usage(self) -> Usage | None:
        """Tokens of all requests of the call together."""
        return self.facts.usage

    @property
    def cost(self) -> Cost | None:
        """Price of all requests of the call together."""
        return self.facts.cost

    @property
    def model(self) -> str | None:
        """The model that made the vectors."""
        return self.facts.model

    @property
    def request_id(self) -> str | None:
        """The gateway's id of the (last) request."""
        return self.facts.request_id

    @property
    def raw(self) -> tuple[dict[str, Any], ...]:
        """The answers, one per request, with the vectors taken out."""
        return self.facts.raw

    def __repr__(self) -> str:
        shape = " × ".join(str(length) for length in self.shape)
        return f"<Vectors {shape} {self.dtype}, model {self.model}>"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        figures = np.array2string(np.asarray(self), threshold=_MOST_FIGURES)
        text = f"{' × '.join(map(str, self.shape))} {self.dtype}\n{figures}"
        cost = self.cost.as_json() if self.cost else None
        facts = {"model": self.model, "request_id": self.request_id, "cost": cost}
        return {"text/plain": text}, {"nexhina": facts}


class Assembly:
    """One matrix, filled from answers: allocated once, when the first vector tells its length."""

    def __init__(self, rows: int, model: str) -> None:
        self._rows = rows
        self._model = model
        self._matrix: npt.NDArray[np.float32] | None = None
        self._answers: list[dict[str, Any]] = []
        self._billed: list[str | None] = []
        self._request_id: str | None = None

    def add(self, answer: Mapping[str, Any], response: Response, start: int, count: int) -> None:
        """Put the vectors of one answer (contract 1.22) into the rows from ``start`` on.

        Raises Upstream unless there is exactly one vector per text, all of one length.
        """
        rest = dict(answer)
        data = rest.pop("data", None)
        self._answers.append(rest)
        self._billed.append(response.headers.get(QUOTA_HEADER))
        self._request_id = response.request_id
        for index, vector in vectors_of(data, count):
            self._row(vector, start + index)

    def _row(self, vector: npt.NDArray[np.float32], row: int) -> None:
        if self._matrix is None:
            self._matrix = np.empty((self._rows, len(vector)), np.float32)
        if len(vector) != self._matrix.shape[1]:
            raise _junk(f"vectors of {self._matrix.shape[1]} and of {len(vector)} numbers")
        self._matrix[row] = vector

    def finish(self) -> Vectors:
        """The full matrix, with the facts of all answers together."""
        assert self._matrix is not None
        said = self._answers[-1].get("model")
        model = said if isinstance(said, str) and said else self._model
        usages = [_usage(answer) for answer in self._answers]
        pairs = zip(self._billed, usages, strict=True)
        cost = total(cost_of(billed, model, usage) for billed, usage in pairs)
        facts = Facts(model, _sum(usages), cost, self._request_id, tuple(self._answers))
        return Vectors.of(self._matrix, facts)


def _usage(answer: Mapping[str, Any]) -> Usage | None:
    said = answer.get("usage")
    return Usage.read(said) if isinstance(said, Mapping) else None


def _sum(usages: Sequence[Usage | None]) -> Usage | None:
    known = [usage for usage in usages if usage is not None]
    if len(known) < len(usages):
        return None  # a part of the whole would pass for the whole
    if len(known) == 1:
        return known[0]
    counts = [Tokens.from_usage(usage.dump()) for usage in known]
    prompt = sum(count.prompt for count in counts)
    return Usage(prompt_tokens=prompt, completion_tokens=0, total_tokens=prompt)


@np.errstate(over="ignore")  # numbers too large for float32 become infinite, which is refused
def vectors_of(data: Any, count: int) -> list[tuple[int, npt.NDArray[np.float32]]]:
    """Index and vector of each entry of an answer's ``data``, in the order of the answer.

    Raises Upstream unless there is exactly one vector per text, of finite numbers.
    """
    if not isinstance(data, list) or len(data) != count:
        came = len(data) if isinstance(data, list) else "no"
        raise _junk(f"{came} vectors came for {count} texts")
    seen, found = [False] * count, []
    for position, item in enumerate(data):
        index, vector = _read(item, position)
        if not 0 <= index < count or seen[index]:
            raise _junk(f"vector {position} has the index {index}")
        seen[index] = True
        found.append((index, vector))
    return found


def _read(item: Any, position: int) -> tuple[int, npt.NDArray[np.float32]]:
    if not isinstance(item, dict):
        raise _junk(f"vector {position} is no object")
    index, embedding = item.get("index", position), item.get("embedding")
    if not isinstance(index, int):
        raise _junk(f"vector {position} has the index {index!r}")
    return index, _numbers(embedding, position)


def _numbers(embedding: str | Sequence[float] | Any, position: int) -> npt.NDArray[np.float32]:
    try:
        if isinstance(embedding, str):
            vector = np.frombuffer(pybase64.b64decode(embedding, validate=True), "<f4")
        else:
            vector = np.asarray(embedding, np.float32)
    except (ValueError, TypeError, OverflowError):
        raise _junk(f"vector {position} cannot be read") from None
    if vector.ndim != 1 or not vector.size:
        raise _junk(f"vector {position} is empty or no list of numbers")
    vector = vector.astype(np.float32, copy=False)
    if not _is_finite(vector):
        raise _junk(f"vector {position} holds what is no finite number")
    return vector


def _is_finite(vector: npt.NDArray[np.float32]) -> bool:
    # The product takes a third of the time; that of large numbers may be infinite too.
    return math.isfinite(vector.dot(vector)) or bool(np.isfinite(vector).all())


def _junk(what: str) -> Upstream:
    return Upstream(f"the embeddings that came make no sense: {what}", code="bad_response_body")
