"""Another sample rate, by windowed-sinc interpolation, piece by piece.

The gateway's speech formats want 24 kHz and the recogniser 16 kHz, with or without PyAV. A Kaiser
window over 16 zero crossings keeps what folds back under the hearing of a speech engine.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from nexhina_nb.engines.sound.samples import Sound, joined

if TYPE_CHECKING:  # listing the engines must not load NumPy
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float32]

_CROSSINGS = 16  # zero crossings of the sinc on each side
_PASSED = 0.92  # of the narrower band; the rest is the filter's slope
_PHASES = 512  # positions between two samples that a filter is made for
_BLOCK = 8_192  # samples computed at once: some megabytes of windows
_KAISER_BETA = 8.0


def resample(pieces: Iterable[Sound], rate: int) -> Iterator[Sound]:
    """The same sound at ``rate`` samples a second, in pieces of other lengths.

    Neighbours of one rate are taken for one sound: no seam is heard between them.
    """
    for source, group in groupby(pieces, attrgetter("rate")):
        if source == rate:
            yield from group
        else:
            yield from _converted((piece.samples for piece in group), source, rate)


def resampled(sound: Sound, rate: int) -> Sound:
    """A whole sound at ``rate`` samples a second."""
    return sound if sound.rate == rate else joined(resample([sound], rate), rate)


def _converted(
    pieces: Iterable[npt.NDArray[np.int16]], source: int, target: int
) -> Iterator[Sound]:
    """Sample n of the result lies at n × source / target, counted in integers so that hours do not
    drift.
    """
    import numpy as np  # noqa: PLC0415 - loaded by now

    filters = _filters(source, target)
    half = filters.shape[1] // 2
    held = np.zeros(half - 1, np.float32)  # the input from `first` on; silence before it begins
    first, made, heard = 1 - half, 0, 0
    for samples in pieces:
        heard += len(samples)
        held = np.concatenate([held, samples.astype(np.float32)])
        ready = max(made, -((half - first - len(held)) * target // source))
        for start in range(made, ready, _BLOCK):
            end = min(start + _BLOCK, ready)
            yield Sound(_interpolated(held, first, range(start, end), (source, target)), target)
        made = ready
        spent = max(0, made * source // target - half + 1 - first)
        held, first = held[spent:], first + spent
    held = np.concatenate([held, np.zeros(2 * half, np.float32)])
    rest = range(made, -(-heard * target // source))
    if rest:
        yield Sound(_interpolated(held, first, rest, (source, target)), target)


def _interpolated(
    held: Floats, first: int, wanted: range, rates: tuple[int, int]
) -> npt.NDArray[np.int16]:
    import numpy as np  # noqa: PLC0415 - loaded by now

    source, target = rates
    filters = _filters(source, target)
    whole, rest = np.divmod(np.arange(wanted.start, wanted.stop, dtype=np.int64) * source, target)
    phase = rest * len(filters) // target
    width = filters.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(held, width)[whole - width // 2 + 1 - first]
    sums = np.einsum("ij,ij->i", windows, filters[phase])
    clipped: npt.NDArray[np.int16] = np.clip(np.rint(sums), -32_768, 32_767).astype(np.int16)
    return clipped


@lru_cache(maxsize=8)
def _filters(source: int, target: int) -> Floats:
    """One filter per phase, (phases, taps) float32; each sums to 1."""
    import numpy as np  # noqa: PLC0415 - loaded by now

    phases = min(_PHASES, target // math.gcd(source, target))
    scale = min(1.0, target / source) * _PASSED
    half = math.ceil(_CROSSINGS / scale)
    distance = np.arange(1 - half, half + 1) - np.arange(phases)[:, None] / phases
    inside = np.sqrt(np.clip(1 - (distance / half) ** 2, 0, None))
    kernel = np.sinc(scale * distance) * np.i0(_KAISER_BETA * inside)
    filters: Floats = (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)
    return filters
