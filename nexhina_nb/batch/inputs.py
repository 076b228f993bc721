"""A column of a frame as what is to be asked: each text once, and what is wrong with the other
rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from nexhina_nb.client.texts import MAX_BYTES, is_missing
from nexhina_nb.errors import BadInput
from nexhina_nb.pricing import tokens
from nexhina_nb.pricing.catalog import Catalog


@dataclass(frozen=True, slots=True)
class Inputs:
    """Rows → texts. ``texts`` are the different ones in order of appearance, ``place`` says for
    each row which one it has (-1: none), ``bad`` why.

    ``sizes`` are the bytes of each text.
    """

    place: npt.NDArray[np.int64]
    texts: list[str] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    bad: dict[int, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """How many rows there are."""
        return len(self.place)

    def first(self) -> npt.NDArray[np.int64]:
        """The first row of each text."""
        first = np.empty(len(self.texts), np.int64)
        rows = np.flatnonzero(self.place >= 0)[::-1]
        first[self.place[rows]] = rows
        return first

    def counts(self) -> npt.NDArray[np.int64]:
        """In how many rows each text stands."""
        return np.bincount(self.place[self.place >= 0], minlength=len(self.texts))

    def without_answer(self, reasons: Mapping[int, str]) -> dict[int, str]:
        """The rows that come to nothing, and why: the bad ones, and those of the texts that
        ``reasons`` names by their places.
        """
        # All texts in one pass: there may be as many as there are rows.
        rows = np.flatnonzero(np.isin(self.place, list(reasons)))
        of_texts = zip(rows.tolist(), self.place[rows].tolist(), strict=True)
        return self.bad | {row: reasons[place] for row, place in of_texts}


def read(values: Iterable[Any], what: str) -> Inputs:
    """Sort the values of a column. Raises BadInput if it holds something, but no text at all."""
    values = list(values)
    inputs = Inputs(np.full(len(values), -1, np.int64))
    places: dict[str, int] = {}
    others = set()
    for row, value in enumerate(values):
        found = places.get(value) if isinstance(value, str) else None
        if found is None:
            problem, found = _take(value, inputs, places)
            if problem:
                inputs.bad[row] = problem
                others |= set() if problem in _NOTHING else {type(value).__name__}
        inputs.place[row] = found
    if others and not inputs.texts:
        raise BadInput(
            f"{what} holds no texts but {' and '.join(sorted(others))}",
            hint="name a column of texts, or convert it with str first",
        )
    return inputs


MISSING, EMPTY = "missing: there is no text", "empty: the text is empty"
STOPPED = "not_done: the batch was stopped before"
_NOTHING = {MISSING, EMPTY}


def _take(value: Any, inputs: Inputs, places: dict[str, int]) -> tuple[str, int]:
    if not isinstance(value, str):
        if is_missing(value):
            return MISSING, -1
        return f"not_a_text: a {type(value).__name__} stands where a text should", -1
    if not value:
        return EMPTY, -1
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return "not_a_text: half a character (a lone surrogate) is in it", -1
    places[value] = len(inputs.texts)
    inputs.texts.append(value)
    inputs.sizes.append(size)
    return "", places[value]


def too_long(inputs: Inputs, model: str) -> Iterator[tuple[int, str]]:
    """Texts that do not fit the model, where both its limit and its way of counting are known."""
    limit = Catalog.bundled().context_length(model)
    if limit is None or not tokens.is_exact(model):
        return
    encoding = tokens.encoding_for(model)
    for place, size in enumerate(inputs.sizes):
        # A token is at least one byte, so most texts need no counting.
        if size > limit and (count := tokens.count(inputs.texts[place], encoding)) > limit:
            yield place, f"context_length_exceeded: {count:,} tokens, the model takes {limit:,}"


def pack(places: Sequence[int], inputs: Inputs, most: int) -> Iterator[tuple[int, ...]]:
    """The texts at these places, in runs of ``most`` at most that one request may carry."""
    run: list[int] = []
    size = 0
    for place in places:
        length = inputs.sizes[place]
        if run and (len(run) >= most or size + length > MAX_BYTES):
            yield tuple(run)
            run, size = [], 0
        run.append(place)
        size += length
    if run:
        yield tuple(run)
