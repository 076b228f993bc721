"""The surface that everything is drawn on: larger than the picture, so that edges come out smooth.

Lengths are in its own pixels; painters measure by `width`, `height` and `unit`, the shorter side.
A clear canvas holds premultiplied colours, so that half covered edges and soft light stay right.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from nexhina_nb.engines.images.colours import Colour

Point = tuple[float, float]
Box = tuple[int, int, int, int]
Bounds = tuple[float, float, float, float]

MOST_PIXELS = 17_000_000  # of a surface: 2048 × 2048, four times


def oversampling(size: tuple[int, int], most: int = MOST_PIXELS) -> int:
    """How many times larger than its picture a surface may be."""
    return 2 if size[0] * size[1] * 4 <= most else 1


class Canvas:
    """A picture in the making."""

    def __init__(self, size: tuple[int, int], *, scale: int = 2, clear: bool = False) -> None:
        self.size, self.scale = size, scale
        surface = (size[0] * scale, size[1] * scale)
        self._show(Image.new("RGBa", surface) if clear else Image.new("RGB", surface, "white"))

    def _show(self, image: Image.Image) -> None:
        self.image = image
        self.pen = ImageDraw.Draw(image)
        self.width, self.height = image.size
        self.unit = min(image.size)

    def finished(self) -> Image.Image:
        """The picture at its own size, RGB or (from a clear canvas) RGBA."""
        image = self.image.reduce(self.scale) if self.scale > 1 else self.image.copy()
        return image.convert("RGBA") if image.mode == "RGBa" else image

    def replace(self, image: Image.Image) -> None:
        """Put a picture of any size in place of everything, edge to edge."""
        self._show(image.convert(self.image.mode).resize((self.width, self.height)))

    def ink(self, colour: Colour) -> tuple[int, ...]:
        """The colour as this surface stores it."""
        return colour if self.image.mode == "RGB" else (*colour, 255)

    def polygon(self, points: Sequence[Point], colour: Colour) -> None:
        self.pen.polygon(points, fill=self.ink(colour))

    def rectangle(self, left: float, top: float, right: float, low: float, colour: Colour) -> None:
        if right >= left and low >= top:
            self.pen.rectangle((left, top, right, low), fill=self.ink(colour))

    def rounded(self, box: Sequence[float], radius: float, colour: Colour) -> None:
        self.pen.rounded_rectangle(tuple(box), radius=radius, fill=self.ink(colour))

    def ellipse(self, x: float, y: float, across: float, down: float, colour: Colour) -> None:
        """An ellipse round (x, y) with the two radii."""
        box = (x - across, y - down, x + across, y + down)
        self.pen.ellipse(box, fill=self.ink(colour))

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        self.ellipse(x, y, radius, radius, colour)

    def line(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        self.pen.line(
            list(points), fill=self.ink(colour), width=max(1, round(width)), joint="curve"
        )

    def gradient(self, stops: Sequence[Colour], top: float = 0, low: float | None = None) -> None:
        """Colours blended from top to low over the whole width, evenly spaced."""
        start, end = max(0, int(top)), min(self.height, int(self.height if low is None else low))
        if end <= start:
            return
        where = np.linspace(0, len(stops) - 1, end - start)
        bands = [np.interp(where, range(len(stops)), part) for part in zip(*stops, strict=True)]
        column = np.stack(bands, axis=1).round().astype(np.uint8)[:, None, :]
        strip = Image.fromarray(column).resize((self.width, end - start), Image.Resampling.NEAREST)
        self.image.paste(strip.convert(self.image.mode), (0, start))

    def glow(self, x: float, y: float, radius: float, colour: Colour, strength: float) -> None:
        """Light that fades outwards from a point."""
        side = max(2, round(radius * 2))
        fading = Image.radial_gradient("L").point(
            lambda far: round(max(0.0, 1 - far / 181) ** 2.2 * 255 * strength)
        )
        self.stamp(fading.resize((side, side), Image.Resampling.BILINEAR), x, y, colour)

    def stamp(self, mask: Image.Image, x: float, y: float, colour: Colour) -> None:
        """Paint the colour through a mask centred on (x, y)."""
        corner = (round(x - mask.width / 2), round(y - mask.height / 2))
        self.image.paste(self.ink(colour), (*corner, *_far(corner, mask)), mask)

    def veil(
        self, points: Sequence[Point], colour: Colour, strength: float, blur: float = 0
    ) -> None:
        """A see-through polygon, blurred if asked."""
        xs, ys = zip(*points, strict=True)

        def draw(pen: ImageDraw.ImageDraw, left: float, top: float) -> None:
            pen.polygon([(x - left, y - top) for x, y in points], fill=255)

        self._soften((min(xs), min(ys), max(xs), max(ys)), draw, colour, strength, blur)

    def puff(
        self, boxes: Sequence[Bounds], colour: Colour, strength: float, blur: float = 0
    ) -> None:
        """See-through ellipses that run together into one."""
        lefts, tops, rights, lows = zip(*boxes, strict=True)

        def draw(pen: ImageDraw.ImageDraw, left: float, top: float) -> None:
            for box in boxes:
                pen.ellipse(_shifted(box, left, top), fill=255)

        whole = (min(lefts), min(tops), max(rights), max(lows))
        self._soften(whole, draw, colour, strength, blur)

    def arch(self, box: Bounds, end: float, colour: Colour, strength: float, width: float) -> None:
        """A see-through arc from the left over the top as far as ``end`` (180 to 360 degrees)."""

        def draw(pen: ImageDraw.ImageDraw, left: float, top: float) -> None:
            pen.arc(_shifted(box, left, top), 180, end, fill=255, width=max(1, round(width)))

        self._soften(box, draw, colour, strength, width * 0.1)

    def _soften(
        self,
        box: Bounds,
        draw: Callable[[ImageDraw.ImageDraw, float, float], None],
        colour: Colour,
        strength: float,
        blur: float,
    ) -> None:
        """Paint what ``draw(pen, left, top)`` puts on a mask that begins at (left, top)."""
        edge = blur * 2
        left, top = max(0, int(box[0] - edge)), max(0, int(box[1] - edge))
        right = min(self.width, int(box[2] + edge) + 1)
        low = min(self.height, int(box[3] + edge) + 1)
        if right <= left or low <= top:
            return
        mask = Image.new("L", (right - left, low - top))
        draw(ImageDraw.Draw(mask), left, top)
        mask = _blurred(mask, blur).point(lambda value: round(value * strength))
        self.image.paste(self.ink(colour), (left, top, right, low), mask)


def _shifted(box: Bounds, left: float, top: float) -> Bounds:
    return box[0] - left, box[1] - top, box[2] - left, box[3] - top


def _far(corner: tuple[int, int], mask: Image.Image) -> tuple[int, int]:
    return corner[0] + mask.width, corner[1] + mask.height


def _blurred(mask: Image.Image, blur: float) -> Image.Image:
    """A blur that costs the same for any radius: done small, where nobody can tell."""
    if blur < 1:
        return mask
    shrink = max(1, int(blur // 3))
    small = mask.reduce(shrink) if shrink > 1 else mask
    soft = small.filter(ImageFilter.GaussianBlur(blur / shrink))
    return soft.resize(mask.size, Image.Resampling.BILINEAR)
