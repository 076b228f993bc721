"""A linear model over the vectors of `local/embed`: what a text is about, in words of its own.

It was fitted by ``scripts/make_moderation.py`` to the ``dev`` rows of
``tests/engines/data/moderation.json`` and, as examples of what is harmless, to Python's
documentation and to plain sentences about groups of people. It catches wordings that no rule
foresaw, and knows the broad categories only: several hundred sentences teach no finer distinctions.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from nexhina_nb.engines.embeddings import embed

if TYPE_CHECKING:  # listing the engines must not load NumPy
    from nexhina_nb.engines.base import Matrix


def likelihoods(texts: Sequence[str]) -> list[dict[str, float]]:
    """For each text a value from 0 to 1 for each broad category; blank texts get none."""
    import numpy as np  # noqa: PLC0415 - kept unloaded until the first text

    categories, weights, biases = _model()
    # Not a matrix product: that may give equal texts unequal last bits.
    vectors = embed(texts)
    pairs = zip(weights, biases, strict=True)
    sums = [np.add.reduce(vectors * row, axis=1) + bias for row, bias in pairs]
    values = (1 / (1 + np.exp(-np.stack(sums, axis=1)))).tolist()
    rows = zip(texts, values, strict=True)
    return [dict(zip(categories, row, strict=True)) if text.strip() else {} for text, row in rows]


@cache
def _model() -> tuple[list[str], Matrix, list[float]]:
    import numpy as np  # noqa: PLC0415 - kept unloaded until the first text

    data = resources.files("nexhina_nb.engines.moderation") / "data" / "meaning.json"
    held = json.loads(data.read_bytes())
    return list(held["weights"]), np.array([*held["weights"].values()], np.float32), held["biases"]
