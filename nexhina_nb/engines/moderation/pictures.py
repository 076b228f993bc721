"""Hints from the colours of a picture: how much looks like skin, how much like blood.

Nothing is recognised. A desert looks like skin and a sunset like blood, and skin is told by its hue
under white light, which fits some people better than others. So the scores stay low (at most
`MOST`, below every threshold), and two categories, of intent and of instructions, get 0: colours
say nothing of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexhina_nb.engines.moderation.categories import PICTURE_CATEGORIES

if TYPE_CHECKING:  # listing the engines must not load NumPy or Pillow
    import numpy as np
    import numpy.typing as npt

    Bits = npt.NDArray[np.bool_]
    Plane = npt.NDArray[np.float32]

MOST = 0.35
_SIDE = 160  # shares of colours need no more pixels
# Flat colour is a drawing, a flag or a sign: the spread of brightness in real skin and blood.
_FLAT, _LIVELY = 2.0, 12.0


def judge_picture(data: bytes) -> dict[str, float]:
    """A score for each of the six categories that take images, never above `MOST`.

    Raises BadRequest for what is no picture, or has too many pixels.
    """
    red, green, blue = _planes(data)
    brightness = 0.299 * red + 0.587 * green + 0.114 * blue
    skin = _share(_skin(red, green, blue), brightness)
    blood = _share(_blood(red, green, blue), brightness)
    dark = float((brightness < 70).mean())
    bleeding = _rise(blood, 0.06, 0.4) * (0.6 + 0.4 * _rise(dark, 0.1, 0.6))
    strength = {
        "sexual": _rise(skin, 0.35, 0.85),
        "violence/graphic": bleeding,
        "violence": 0.8 * bleeding,
        "self-harm": 0.4 * min(_rise(skin, 0.1, 0.4), bleeding),
    }
    return {name: round(MOST * strength.get(name, 0.0), 6) for name in PICTURE_CATEGORIES}


def _planes(data: bytes) -> tuple[Plane, Plane, Plane]:
    """Red, green and blue from 0 to 255, on white where the picture is transparent."""
    # What opens pictures needs NumPy and Pillow: kept unloaded until the first one.
    import numpy as np  # noqa: PLC0415 - see above

    from nexhina_nb.engines.images import files  # noqa: PLC0415 - see above

    picture = files.plain(files.opened(data))
    picture.thumbnail((_SIDE, _SIDE))
    pixels = np.asarray(files.opaque(picture), np.float32)
    return pixels[..., 0], pixels[..., 1], pixels[..., 2]


def _skin(red: Plane, green: Plane, blue: Plane) -> Bits:
    """Hues of skin from pale to dark, in the plane of colour differences (Cb, Cr)."""
    cb = 128 - 0.169 * red - 0.331 * green + 0.5 * blue
    cr = 128 + 0.5 * red - 0.419 * green - 0.081 * blue
    hue: Bits = (cb > 77) & (cb < 127) & (cr > 135) & (cr < 173)
    return hue & (red > 50) & (red > green) & (green > 0.45 * red)


def _blood(red: Plane, green: Plane, blue: Plane) -> Bits:
    """Deep red without a tint of orange or pink."""
    deep: Bits = (red > 60) & (red < 190) & (green < 0.38 * red) & (blue < 0.42 * red)
    return deep


def _share(chosen: Bits, brightness: Plane) -> float:
    """The share of the picture, less where the chosen pixels are all alike."""
    if not chosen.any():
        return 0.0
    spread = float(brightness[chosen].std())
    return float(chosen.mean()) * (0.3 + 0.7 * _rise(spread, _FLAT, _LIVELY))


def _rise(value: float, low: float, high: float) -> float:
    return min(1.0, max(0.0, (value - low) / (high - low)))
