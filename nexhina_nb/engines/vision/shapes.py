"""Which plain shape a region has, by laying it over the outlines that this package can draw."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageOps

from nexhina_nb.engines.images.outlines import outline

Mask = npt.NDArray[np.bool_]

_MATCH = 0.88  # share of pixels in common from which a region has a shape
_SIDE = 96
_SHAPES = (
    "circle",
    "square",
    "triangle",
    "diamond",
    "pentagon",
    "hexagon",
    "octagon",
    "star",
    "heart",
    "cross",
    "arrow",
)


def shape_of(mask: Mask) -> str:
    """The plain shape that covers nearly the same pixels as the mask, as they are or with its holes
    filled (another shape lies in it, or it is only an outline); else "shape".
    """
    height, width = mask.shape
    small = Image.fromarray(mask.astype(np.uint8) * 255).resize((_SIDE, _SIDE))
    small = small.point(lambda level: 255 * (level > 127))
    name = _likest(small) or _likest(_filled(small)) or "shape"
    is_even = 0.9 <= width / height <= 1.11
    stretched = {"circle": "ellipse", "square": "rectangle"}
    return name if is_even or name not in stretched else stretched[name]


def _filled(image: Image.Image) -> Image.Image:
    framed = ImageOps.expand(image, 1)
    ImageDraw.floodfill(framed, (0, 0), 128)
    return ImageOps.crop(framed.point(lambda level: 255 * (level != 128)), 1)


def _likest(image: Image.Image) -> str:
    """The shape that has at least `_MATCH` of its pixels in common with the image, or nothing."""
    seen = np.asarray(image) > 127
    best, name = 0.0, ""
    for shape, template in _templates():
        common = float((seen & template).sum() / max(1, (seen | template).sum()))
        if common > best:
            best, name = common, shape
    return name if best >= _MATCH else ""


@cache
def _templates() -> tuple[tuple[str, Mask], ...]:
    """Every shape that can be drawn, stretched over a small square, in four turns."""
    found = []
    for shape in _SHAPES:
        points = np.array(outline(shape))
        low, high = points.min(axis=0), points.max(axis=0)
        spread = (points - low) / (high - low) * (_SIDE - 1)
        image = Image.new("1", (_SIDE, _SIDE))
        ImageDraw.Draw(image).polygon([(float(x), float(y)) for x, y in spread], fill=1)
        mask = np.asarray(image)
        found += [(shape, np.rot90(mask, turn)) for turn in range(4)]
    return (*found, ("ring", _ring()))


def _ring() -> Mask:
    image = Image.new("1", (_SIDE, _SIDE))
    box = (0, 0, _SIDE - 1, _SIDE - 1)
    ImageDraw.Draw(image).ellipse(box, outline=1, width=round(_SIDE * 0.17))
    return np.asarray(image)
