"""Texts that are longer than the model takes: refused, cut off, or split into pieces whose vectors
are averaged.

Only where both the model's limit and its way of counting are known; else the gateway decides.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np

from nexhina_nb.batch.inputs import Inputs
from nexhina_nb.errors import BadInput
from nexhina_nb.pricing import tokens
from nexhina_nb.pricing.catalog import Catalog

TooLong = Literal["error", "truncate", "split"]


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a long text: its place among the inputs, and how many tokens it has."""

    place: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Fitted:
    """What became of the long texts, by their places: ``refused`` and why, or ``split``."""

    refused: dict[int, str] = field(default_factory=dict)
    split: dict[int, list[Piece]] = field(default_factory=dict)


def check(how: object) -> None:
    """Raises BadInput for a way that there is not."""
    if how not in get_args(TooLong):
        raise BadInput(f"too_long cannot be {how!r}", hint='"error", "truncate" or "split"')


def fit(inputs: Inputs, model: str, how: TooLong) -> Fitted:
    """Make the inputs fit the model: long texts are shortened in place, or get pieces: texts that
    are there, or new ones at the end of the inputs, which stand in no row.
    """
    made = Fitted()
    limit = Catalog.bundled().context_length(model)
    if limit is None or not tokens.is_exact(model):
        return made
    encoding = tokens.encoding_for(model)
    known: dict[str, int] = {}
    for place, ids in _long(inputs, encoding, limit):
        known = known or {text: at for at, text in enumerate(inputs.texts)}
        if how == "error":
            made.refused[place] = (
                f"context_length_exceeded: {len(ids):,} tokens, the model takes {limit:,}"
            )
        elif how == "truncate":
            text, _ = next(_pieces(ids, encoding, limit))
            inputs.texts[place], inputs.sizes[place] = text, len(text.encode())
        else:
            made.split[place] = [
                Piece(_place_of(text, inputs, known), count)
                for text, count in _pieces(ids, encoding, limit)
            ]
    if known and how == "truncate":
        _merge(inputs)
    return made


def _long(inputs: Inputs, encoding: str, limit: int) -> Iterator[tuple[int, list[int]]]:
    for place, size in enumerate(list(inputs.sizes)):
        # A token is at least one byte, so most texts need no counting.
        if size > limit and len(ids := tokens.encode(inputs.texts[place], encoding)) > limit:
            yield place, ids


def _pieces(ids: Sequence[int], encoding: str, limit: int) -> Iterator[tuple[str, int]]:
    start = 0
    while start < len(ids):
        text, count = _whole(ids[start : start + limit], encoding, limit)
        yield text, count
        start += count


def _whole(ids: Sequence[int], encoding: str, limit: int) -> tuple[str, int]:
    """The text of the longest run of tokens that ends with a whole character, and that the model
    counts as ``limit`` tokens at most; and how many tokens it was.
    """
    for count in range(len(ids), 0, -1):
        text = tokens.decode(ids[:count], encoding)
        if not text.endswith("�") and tokens.count(text, encoding) <= limit:
            return text, count
    return tokens.decode(ids, encoding), len(ids)


def _place_of(text: str, inputs: Inputs, known: dict[str, int]) -> int:
    """Where a text is among the inputs, perhaps from now on."""
    if text not in known:
        known[text] = len(inputs.texts)
        inputs.texts.append(text)
        inputs.sizes.append(len(text.encode()))
    return known[text]


def _merge(inputs: Inputs) -> None:
    """Have each text once again: several may be alike now that they are shorter."""
    places: dict[str, int] = {}
    moved = [places.setdefault(text, len(places)) for text in inputs.texts]
    sizes = dict(zip(inputs.texts, inputs.sizes, strict=True))
    inputs.texts[:], inputs.sizes[:] = places, [sizes[text] for text in places]
    rows = inputs.place >= 0
    inputs.place[rows] = np.asarray(moved, np.int64)[inputs.place[rows]]
