"""Connected regions of one colour on a plain ground."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from nexhina_nb.engines.images.colours import Colour, name_of, perceptual
from nexhina_nb.engines.vision.shapes import Mask, shape_of

Pixels = npt.NDArray[np.uint8]

MOST_RUNS = 12_000  # more runs of one colour than this: no plain drawing
MOST_REGIONS = 60
LEAST_SHARE = 0.0008  # of the picture: smaller regions are specks
_ALIKE = 0.05  # OKLab distance below which colours count as one


@dataclass(frozen=True, slots=True)
class Region:
    """One region: shape, colour name, bounds as shares of the picture, and share of its area."""

    shape: str
    colour: str
    left: float
    top: float
    right: float
    low: float
    share: float


def ground_of(pixels: Pixels) -> Colour | None:
    """The colour along nearly the whole rim, or None when there is no such plain ground."""
    rim = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    middle = np.median(rim, axis=0)
    near = np.linalg.norm(perceptual(rim) - perceptual(middle), axis=-1) < _ALIKE
    if near.mean() < 0.9:
        return None
    red, green, blue = (int(part) for part in middle)
    return red, green, blue


def regions_of(pixels: Pixels) -> tuple[Region, ...]:
    """The shapes on a plain ground, large ones first; none when the picture is not so plain."""
    ground = ground_of(pixels)
    if ground is None:
        return ()
    labels = _colour_labels(pixels, ground)
    found = _components(labels)
    least = LEAST_SHARE * labels.size
    kept = [rows for rows in found if rows[:, 2].sum() - rows[:, 1].sum() >= least]
    if len(kept) > MOST_REGIONS:
        return ()
    plain = name_of(ground)
    regions = [_region(rows, pixels, ground) for rows in kept]
    regions = [region for region in regions if region.colour != plain]
    return tuple(sorted(regions, key=lambda region: -region.share))


def _colour_labels(pixels: Pixels, ground: Colour) -> npt.NDArray[np.int32]:
    """A number per flat colour; 0 for the ground and for the mixed pixels along edges."""
    coarse = (pixels >> 4).astype(np.int32)
    labels = (coarse[..., 0] << 8 | coarse[..., 1] << 4 | coarse[..., 2]) + 1
    away = np.linalg.norm(perceptual(pixels) - perceptual(np.array(ground)), axis=-1) >= _ALIKE
    flat = np.ones_like(away)
    steep = np.abs(np.diff(pixels.astype(np.int16), axis=0)).max(axis=-1) > 24
    flat[1:] &= ~steep
    flat[:-1] &= ~steep
    steep = np.abs(np.diff(pixels.astype(np.int16), axis=1)).max(axis=-1) > 24
    flat[:, 1:] &= ~steep
    flat[:, :-1] &= ~steep
    return np.where(away & flat, labels, 0)


def _components(labels: npt.NDArray[np.int32]) -> list[npt.NDArray[np.int64]]:
    """Connected regions as rows (y, start, end), by joining runs of one row with the next's."""
    table, tones = _runs(labels)
    if len(table) > MOST_RUNS:
        return []
    parents = list(range(len(table)))

    def root(run: int) -> int:
        while parents[run] != run:
            parents[run] = parents[parents[run]]
            run = parents[run]
        return run

    for above, below in _touching(table, labels.shape[0]):
        if tones[above] == tones[below]:
            parents[root(below)] = root(above)
    groups: dict[int, list[int]] = {}
    for run in range(len(table)):
        groups.setdefault(root(run), []).append(run)
    return [table[runs] for runs in groups.values()]


def _touching(table: npt.NDArray[np.int64], height: int) -> Iterator[tuple[int, int]]:
    """Pairs of runs, one right above the other, that share a column."""
    first = np.searchsorted(table[:, 0], np.arange(height + 1)).tolist()
    starts, ends = table[:, 1].tolist(), table[:, 2].tolist()
    for y in range(1, height):
        above, below = first[y - 1], first[y]
        while above < first[y] and below < first[y + 1]:
            if starts[above] < ends[below] and starts[below] < ends[above]:
                yield above, below
            if ends[above] < ends[below]:
                above += 1
            else:
                below += 1


def _runs(
    labels: npt.NDArray[np.int32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32]]:
    """Stretches of one label along the rows: (row, start, end), and the label of each."""
    framed = np.pad(labels, ((0, 0), (1, 1)))
    y, x = np.nonzero(framed[:, 1:] != framed[:, :-1])
    tones = framed[y, x + 1]
    opens = np.flatnonzero(tones)
    return np.stack([y[opens], x[opens], x[opens + 1]], axis=1), tones[opens]


def _region(rows: npt.NDArray[np.int64], pixels: Pixels, ground: Colour) -> Region:
    whole = np.zeros(pixels.shape[:2], np.bool_)
    for y, start, end in rows:
        whole[y, start:end] = True
    colour = np.median(pixels[whole], axis=0)
    mask, (left, top) = _with_edges(whole, pixels, colour, np.array(ground, float))
    height, width = pixels.shape[0], pixels.shape[1]
    return Region(
        shape=shape_of(mask),
        colour=name_of((int(colour[0]), int(colour[1]), int(colour[2]))),
        left=left / width,
        top=top / height,
        right=(left + mask.shape[1]) / width,
        low=(top + mask.shape[0]) / height,
        share=float(mask.sum()) / (width * height),
    )


def _with_edges(
    whole: Mask, pixels: Pixels, colour: npt.NDArray[Any], ground: npt.NDArray[Any]
) -> tuple[Mask, tuple[int, int]]:
    """The region cut out, with those mixed pixels round it that are more of its colour than of
    the ground's, and its corner.
    """
    image = Image.fromarray(whole.astype(np.uint8) * 255).filter(ImageFilter.MaxFilter(5))
    left, top, right, low = image.getbbox() or (0, 0, image.width, image.height)
    near = np.asarray(image)[top:low, left:right] > 0
    way = colour - ground
    share = (pixels[top:low, left:right] - ground) @ way / max(1.0, float(way @ way))
    mask: Mask = whole[top:low, left:right] | (near & (share > 0.5))
    columns = np.flatnonzero(mask.any(axis=0))
    lines = np.flatnonzero(mask.any(axis=1))
    part: Mask = mask[lines[0] : lines[-1] + 1, columns[0] : columns[-1] + 1]
    return part, (left + int(columns[0]), top + int(lines[0]))
