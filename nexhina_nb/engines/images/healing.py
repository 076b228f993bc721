"""Holes closed from their surroundings: each pixel takes the colours around it, near ones most."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from PIL import Image

_Array = npt.NDArray[np.float32]


MOST_PIXELS = 1_000_000  # worked on: what is filled in is smooth, so a small one can be enlarged


def healed_hole(
    image: Image.Image, kept: Image.Image, box: tuple[int, int, int, int]
) -> Image.Image:
    """The part of an RGB picture in ``box``, with all that ``kept`` does not hold at 255 painted
    over from around it.
    """
    edge = max(16, max(box[2] - box[0], box[3] - box[1]) // 8)
    left, top = max(0, box[0] - edge), max(0, box[1] - edge)
    right, low = min(image.width, box[2] + edge), min(image.height, box[3] + edge)
    shrink = max(1, math.ceil(math.sqrt((right - left) * (low - top) / MOST_PIXELS)))
    around = (left, top, right, low)
    filled = _healed(image.crop(around).reduce(shrink), kept.crop(around).reduce(shrink))
    if shrink > 1:
        filled = filled.resize((right - left, low - top), Image.Resampling.BICUBIC)
    return filled.crop((box[0] - left, box[1] - top, box[2] - left, box[3] - top))


def _healed(image: Image.Image, kept: Image.Image) -> Image.Image:
    pixels = np.asarray(image, np.float32)
    weight = (np.asarray(kept)[..., None] == 255).astype(np.float32)
    filled = _pushed(pixels * weight, weight)
    return Image.fromarray(filled.round().clip(0, 255).astype(np.uint8))


def _pushed(colour: _Array, weight: _Array) -> _Array:
    """Known colours stay; unknown ones come from a picture half as large, healed first.

    ``colour`` (h, w, 3) is already multiplied by ``weight`` (h, w, 1).
    """
    known = colour / np.maximum(weight, 1e-6)
    height, width = weight.shape[:2]
    if weight.min() >= 1 or max(height, width) == 1:
        return np.where(weight.max() > 0, known, 255).astype(np.float32)
    coarse = _pushed(*_halved(colour, weight))
    grown = _doubled(coarse, (height, width))
    share = np.minimum(weight, 1)
    filled: _Array = known * share + grown * (1 - share)
    return filled


def _halved(colour: _Array, weight: _Array) -> tuple[_Array, _Array]:
    height, width = weight.shape[:2]
    odd = ((0, height % 2), (0, width % 2), (0, 0))
    parts = []
    for field in (colour, weight):
        even = np.pad(field, odd)
        parts.append(even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2])
    total = np.maximum(parts[1], 1e-6)
    full = np.minimum(parts[1], 1)
    return (parts[0] / total * full).astype(np.float32), full.astype(np.float32)


def _doubled(coarse: _Array, size: tuple[int, int]) -> _Array:
    height, width = size
    bands = [
        np.asarray(
            Image.fromarray(coarse[..., band]).resize((width, height), Image.Resampling.BILINEAR)
        )
        for band in range(3)
    ]
    return np.stack(bands, axis=-1)
