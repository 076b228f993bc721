"""Colours: their plain names, how far apart the eye sees them, and how they mix.

One table serves drawing and looking, so that what was asked for as "teal" is also seen as teal.
"""

from __future__ import annotations

import colorsys
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

Colour = tuple[int, int, int]
Floats = npt.NDArray[np.float32]

NAMED: dict[str, Colour] = {
    "black": (20, 20, 24),
    "white": (255, 255, 255),
    "grey": (128, 128, 128),
    "silver": (168, 170, 174),
    "light grey": (205, 208, 212),
    "dark grey": (66, 68, 74),
    "red": (221, 40, 40),
    "dark red": (128, 20, 28),
    "orange": (245, 140, 30),
    "brown": (128, 78, 40),
    "beige": (232, 216, 184),
    "gold": (218, 170, 40),
    "yellow": (250, 218, 50),
    "olive": (120, 120, 40),
    "lime": (160, 215, 50),
    "green": (46, 150, 66),
    "light green": (150, 215, 150),
    "dark green": (22, 78, 44),
    "mint": (170, 235, 205),
    "teal": (20, 128, 128),
    "turquoise": (64, 200, 196),
    "cyan": (30, 210, 240),
    "light blue": (150, 200, 240),
    "sky blue": (88, 168, 232),
    "blue": (40, 90, 205),
    "dark blue": (20, 34, 92),
    "indigo": (72, 48, 150),
    "purple": (128, 60, 170),
    "lavender": (196, 178, 232),
    "magenta": (210, 40, 150),
    "pink": (245, 150, 185),
    "salmon": (245, 140, 118),
    "maroon": (92, 22, 52),
}


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """The colour ``share`` of the way from ``one`` to ``other``."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def lighter(colour: Colour, share: float) -> Colour:
    """The colour, ``share`` of the way to white."""
    return mixed(colour, (255, 255, 255), share)


def darker(colour: Colour, share: float) -> Colour:
    """The colour, ``share`` of the way to a bluish black."""
    return mixed(colour, (8, 8, 20), share)


def from_hue(hue: float, saturation: float, value: float) -> Colour:
    """The colour of a hue in turns, with saturation and value in 0..1."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 1, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def luminance(colour: Colour) -> float:
    """How light the eye sees the colour, 0..1."""
    red, green, blue = colour
    return (0.299 * red + 0.587 * green + 0.114 * blue) / 255


def readable_on(ground: Colour) -> Colour:
    """A near black or a white, whichever stands out more on ``ground``."""
    return (250, 250, 250) if luminance(ground) < 0.55 else (28, 30, 38)


def perceptual(pixels: npt.NDArray[Any]) -> Floats:
    """Pixels (…, 3) of 0..255 in OKLab, where equal distances look equally different."""
    share = np.asarray(pixels, np.float32) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    cones = linear @ np.array(
        [
            [0.4122214708, 0.2119034982, 0.0883024619],
            [0.5363325363, 0.6806995451, 0.2817188376],
            [0.0514459929, 0.1073969566, 0.6299787005],
        ],
        np.float32,
    )
    lab: Floats = np.cbrt(cones) @ np.array(
        [
            [0.2104542553, 1.9779984951, 0.0259040371],
            [0.7936177850, -2.4285922050, 0.7827717662],
            [-0.0040720468, 0.4505937099, -0.8086757660],
        ],
        np.float32,
    )
    return lab


@cache
def name_table() -> tuple[tuple[str, ...], Floats]:
    """The names, and their colours in OKLab."""
    return tuple(NAMED), perceptual(np.array(list(NAMED.values())))


def nearest(pixels: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """For pixels (n, 3), the row of `name_table` that looks most like each."""
    _, table = name_table()
    lab = perceptual(pixels)
    # hue counts for more than lightness: no shade of grey may be called a colour
    weight = np.array([1.0, 1.5, 1.5], np.float32)
    distances = (((lab[:, None, :] - table[None]) * weight) ** 2).sum(axis=2)
    rows: npt.NDArray[np.intp] = distances.argmin(axis=1)
    return rows


def name_of(colour: Colour) -> str:
    """The plain name of a colour."""
    names, _ = name_table()
    return names[int(nearest(np.array([colour]))[0])]
