"""A column of a frame as what is to be asked: each text once, and what is wrong with the other
rows.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from nexhina_nb.client.texts import MAX_TOKENS, is_missing
from nexhina_nb.errors import BadInput
from nexhina_nb.pricing import tokens


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
        """The first row of each text; -1 for one that stands in no row."""
        first = np.full(len(self.texts), -1, np.int64)
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
    inputs, rows = Inputs(np.empty(0, np.int64)), array("q")
    places: dict[str, int] = {}
    others = set()
    for row, value in enumerate(values):
        found = places.get(value) if isinstance(value, str) else None
        if found is None:
            problem, found = _take(value, inputs, places)
            if problem:
                inputs.bad[row] = problem
                if problem not in _NOTHING and not isinstance(value, str):
                    others.add(type(value).__name__)
        rows.append(found)
    if others and not inputs.texts:
        raise BadInput(
            f"{what} holds no texts but {' and '.join(sorted(others))}",
            hint="name a column of texts, or convert it with str first",
        )
    return replace(inputs, place=np.array(rows, np.int64))


MISSING, EMPTY = "missing: there is no text", "empty: the text is empty"
STOPPED = "not_done: the batch was stopped before"
LATE = "not_done: the deadline came first"
_NOTHING = {MISSING, EMPTY}


def _take(value: Any, inputs: Inputs, places: dict[str, int]) -> tuple[str, int]:
    if not isinstance(value, str):
        if is_missing(value):
            return MISSING, -1
        kind = type(value).__name__
        article = "an" if kind[0] in "aeioAEIO" else "a"
        return f"not_a_text: {article} {kind} stands where a text should", -1
    if not value or value.isspace():  # models make something up for it, and bill it
        return EMPTY, -1
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        return "not_a_text: half a character (a lone surrogate) is in it", -1
    places[value] = len(inputs.texts)
    inputs.texts.append(value)
    inputs.sizes.append(size)
    return "", places[value]


def pack(
    places: Sequence[int], inputs: Inputs, most: int, model: str = ""
) -> Iterator[tuple[int, ...]]:
    """The inputs at these places, in runs of ``most`` at most that one request may carry.

    Services limit the tokens of a request. A token is one byte at least, so bytes will do for them
    as long as they make no run shorter than it need be.
    """
    weights: Sequence[int] = inputs.sizes
    if sum(inputs.sizes[place] for place in places) > MAX_TOKENS * (len(places) / most):
        weights = _in_tokens(places, inputs, model)
    run: list[int] = []
    weight = 0
    for place in places:
        if run and (len(run) >= most or weight + weights[place] > MAX_TOKENS):
            yield tuple(run)
            run, weight = [], 0
        run.append(place)
        weight += weights[place]
    if run:
        yield tuple(run)


def _in_tokens(places: Sequence[int], inputs: Inputs, model: str) -> Sequence[int]:
    if not tokens.is_exact(model):
        return inputs.sizes
    encoding = tokens.encoding_for(model)
    counts = tokens.count_many((inputs.texts[place] for place in places), encoding)
    weights = list(inputs.sizes)
    for place, count in zip(places, counts, strict=True):
        weights[place] = count
    return weights
