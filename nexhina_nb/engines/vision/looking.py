"""What a picture looks like, as facts and as a few sentences."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from nexhina_nb.engines.images import files
from nexhina_nb.engines.images.colours import name_table, nearest, perceptual
from nexhina_nb.engines.vision.regions import Region, ground_of, regions_of
from nexhina_nb.engines.vision.wording import worded

_SIDE = 256  # pixels on the longer side for colours and light
_SHAPE_SIDE = 640  # likewise for shapes

Tones = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """What the pixels show. Shares and levels are 0..1."""

    width: int
    height: int
    format: str
    mode: str
    frames: int
    transparent: float  # the share of see-through pixels
    colours: tuple[tuple[str, float], ...]  # name and share, the largest first
    brightness: float
    contrast: float
    colourful: float
    is_grey: bool
    layout: tuple[tuple[str, float], ...]  # the lightness of each part of the picture
    centre: str  # the colour in the middle
    ground: str  # the plain colour round everything, or nothing
    shapes: tuple[Region, ...]
    kind: str  # photo-like, drawing-like, chart-like, text-like, plain or smooth

    @property
    def orientation(self) -> str:
        """Landscape, portrait or square."""
        if abs(self.width - self.height) <= 0.02 * max(self.width, self.height):
            return "square"
        return "landscape" if self.width > self.height else "portrait"

    @property
    def counted_shapes(self) -> tuple[tuple[int, str, str], ...]:
        """How many, of which colour, of which shape: the most frequent first."""
        tally = Counter((shape.colour, shape.shape) for shape in self.shapes)
        return tuple((count, colour, shape) for (colour, shape), count in tally.most_common())

    @property
    def sentence(self) -> str:
        """Two to four plain English sentences."""
        return worded(self.facts)

    @property
    def facts(self) -> dict[str, Any]:
        """Everything as plain values that JSON can hold."""
        values = asdict(self)
        values["colours"] = dict(self.colours)
        values["layout"] = dict(self.layout)
        values["orientation"] = self.orientation
        values["counted_shapes"] = [list(row) for row in self.counted_shapes]
        return values


def look(data: bytes) -> Look:
    """Look at the picture in these bytes; `BadRequest` (param ``image``) when there is none."""
    picture = files.inspected(data)
    plain = files.plain(picture.image)
    transparent = _clear_share(plain)
    opaque = files.opaque(plain)
    small = np.asarray(_shrunk(opaque, _SIDE))
    large = np.asarray(_shrunk(opaque, _SHAPE_SIDE))
    tones = perceptual(small)
    chroma = np.hypot(tones[..., 1], tones[..., 2])
    colours = _shares(small)
    shapes = regions_of(large)
    ground = ground_of(large)
    rounded = Image.fromarray(small).resize((3, 3), Image.Resampling.BOX).getpixel((1, 1))
    return Look(
        width=plain.width,
        height=plain.height,
        format=picture.format.lower(),
        mode=picture.image.mode,
        frames=picture.frames,
        transparent=transparent,
        colours=colours,
        brightness=float(tones[..., 0].mean()),
        contrast=float(tones[..., 0].std()),
        colourful=float(chroma.mean()),
        is_grey=float(np.quantile(chroma, 0.99)) < 0.03,
        layout=_layout(tones[..., 0]),
        centre=_name(rounded),
        ground=_name(ground) if ground else "",
        shapes=shapes,
        kind=_kind(large, shapes),
    )


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    if max(image.size) <= side:
        return image
    share = side / max(image.size)
    size = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    return image.resize(size, Image.Resampling.BOX)


def _clear_share(image: Image.Image) -> float:
    if image.mode != "RGBA":
        return 0.0
    return float((np.asarray(image.getchannel("A")) < 128).mean())


def _name(colour: Any) -> str:
    return name_table()[0][int(nearest(np.array([colour]))[0])]


def _shares(pixels: npt.NDArray[np.uint8]) -> tuple[tuple[str, float], ...]:
    """The colour names with at least two hundredths of the picture."""
    names = name_table()[0]
    counts = np.bincount(nearest(pixels.reshape(-1, 3)), minlength=len(names))
    shares = counts / counts.sum()
    rows = [(names[row], round(float(shares[row]), 3)) for row in np.argsort(-shares)]
    return tuple((name, share) for name, share in rows if share >= 0.02)[:6]


def _layout(light: Tones) -> tuple[tuple[str, float], ...]:
    height, width = light.shape
    parts = {
        "left": light[:, : max(1, width // 3)],
        "right": light[:, -max(1, width // 3) :],
        "top": light[: max(1, height // 3)],
        "bottom": light[-max(1, height // 3) :],
        "centre": light[height // 3 : height - height // 3, width // 3 : width - width // 3],
    }
    return tuple((name, round(float(part.mean()), 3)) for name, part in parts.items())


def _kind(pixels: npt.NDArray[np.uint8], shapes: tuple[Region, ...]) -> str:
    """What sort of picture this is, by how its neighbouring pixels differ."""
    if int((pixels.max(axis=(0, 1)) - pixels.min(axis=(0, 1))).max()) <= 8:
        return "plain"
    levels = pixels.astype(np.int16)
    steps = np.concatenate(
        [np.abs(np.diff(levels, axis=axis)).max(axis=-1).ravel() for axis in (0, 1)]
    )
    flat, edges = float((steps == 0).mean()), float((steps > 60).mean())
    if _has_bars(shapes):
        return "chart-like"
    if flat > 0.6:
        is_text = edges > 0.035 and len(shapes) != 1 and _is_two_toned(pixels)
        return "text-like" if is_text else "drawing-like"
    if edges < 0.001 and float((steps <= 4).mean()) > 0.97:
        return "smooth"
    return "photo-like" if flat < 0.35 else "drawing-like"


def _is_two_toned(pixels: npt.NDArray[np.uint8]) -> bool:
    return sum(share for _, share in _shares(pixels)[:2]) > 0.85


def _has_bars(shapes: tuple[Region, ...]) -> bool:
    """At least two upright rectangles on one base line, and of different heights."""
    bars = [shape for shape in shapes if shape.shape in ("rectangle", "square")]
    lows = [bar for bar in bars if abs(bar.low - bars[0].low) < 0.02]
    return len(lows) > 1 and max(b.top for b in lows) - min(b.top for b in lows) > 0.02
