"""A linear model over word frequencies: how much a text is worded like an abusive comment.

The table comes from alt-profanity-check by ``scripts/make_moderation.py``; words that name groups
of people were dropped, because the model had learnt to hold them for abuse.
"""

from __future__ import annotations

import json
import lzma
import math
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib import resources

Table = dict[str, tuple[float, float]]


def toxicity(words: Sequence[str]) -> float:
    """The probability from 0 to 1; 0 for a text of which the model knows no word."""
    bias, slope, offset, table = _model()
    total = squares = 0.0
    for word, count in Counter(words).items():
        if (row := table.get(word)) is not None:
            frequency, weight = row
            total += count * frequency * weight
            squares += (count * frequency) ** 2
    if not squares:
        return 0.0
    return 1 / (1 + math.exp(slope * (total / math.sqrt(squares) + bias) + offset))


@cache
def _model() -> tuple[float, float, float, Table]:
    data = resources.files("nexhina_nb.engines.moderation") / "data" / "toxicity.xz"
    held = json.loads(lzma.decompress(data.read_bytes()))
    step = held["step"]
    rows = zip(held["words"].split(), held["frequencies"], held["weights"], strict=True)
    table = {word: (frequency * step, weight * step) for word, frequency, weight in rows}
    return held["bias"], held["slope"], held["offset"], table
