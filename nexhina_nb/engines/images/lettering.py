"""Text in pictures: the largest size that fits, and the boards that it stands on."""

from __future__ import annotations

import importlib.util
import math
from functools import cache
from pathlib import Path

from PIL import ImageFont

from nexhina_nb.engines.images.canvas import Box, Canvas
from nexhina_nb.engines.images.colours import (
    NAMED,
    Colour,
    darker,
    lighter,
    luminance,
    mixed,
    readable_on,
)
from nexhina_nb.engines.images.layers import Layer
from nexhina_nb.engines.images.palettes import accents_of
from nexhina_nb.engines.images.plan import Lettering, Moment, Plan

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_SMALLEST = 6  # pixels


@cache
def _wide_font() -> Path | None:
    """Matplotlib's font, which has what Pillow's own lacks: every letter beyond ASCII."""
    found = importlib.util.find_spec("matplotlib")
    if not found or not found.submodule_search_locations:
        return None
    path = Path(found.submodule_search_locations[0], "mpl-data/fonts/ttf/DejaVuSans.ttf")
    return path if path.is_file() else None


def font_of(size: float) -> Font:
    """The font of all lettering, of that size in pixels."""
    pixels = max(_SMALLEST, round(size))
    wide = _wide_font()
    return ImageFont.truetype(str(wide), pixels) if wide else ImageFont.load_default(pixels)


def width_of(text: str, font: Font) -> float:
    """The width of one line in pixels."""
    return float(font.getlength(text)) if text else 0.0


def write(
    canvas: Canvas, text: str, x: float, y: float, size: float, colour: Colour, anchor: str = "mm"
) -> None:
    """Write one line with its anchor (Pillow's two letters) at (x, y)."""
    clean = "".join(letter for letter in text if letter.isprintable())
    if clean:
        font = font_of(size)
        canvas.pen.text((x, y), clean, font=font, fill=canvas.ink(colour), anchor=anchor)


def fit(text: str, width: float, height: float) -> tuple[list[str], float]:
    """The text in lines, and the largest size at which they fit the room."""
    low, high = float(_SMALLEST), max(_SMALLEST, height * 0.8)
    lines = _wrapped(text, width, low)
    for _ in range(9):
        middle = (low + high) / 2
        trial = _wrapped(text, width, middle)
        font = font_of(middle)
        widest = max((width_of(line, font) for line in trial), default=0)
        if widest <= width and len(trial) * middle * 1.25 <= height:
            low, lines = middle, trial
        else:
            high = middle
    return lines[: max(1, int(height / (low * 1.25)))], low


def _wrapped(text: str, width: float, size: float) -> list[str]:
    font = font_of(size)
    lines: list[str] = []
    for paragraph in text.splitlines() or [""]:
        line = ""
        for word in paragraph.split():
            longer = f"{line} {word}".strip()
            if line and width_of(longer, font) > width:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    return lines


def write_block(canvas: Canvas, text: str, box: Box, colour: Colour, shown: float = 1.0) -> None:
    """Write the text as large as its box allows, centred; ``shown`` is the share of its letters."""
    left, top, right, low = box
    lines, size = fit(text, right - left, low - top)
    start = (top + low) / 2 - (len(lines) - 1) * size * 0.625
    left_over = math.ceil(sum(map(len, lines)) * shown)
    for row, line in enumerate(lines):
        part, left_over = line[:left_over], max(0, left_over - len(line))
        x = (left + right) / 2 - width_of(line, font_of(size)) / 2
        write(canvas, part, x, start + row * size * 1.25, size, colour, "lm")


def layer_of(plan: Plan, lettering: Lettering, *, over_scenery: bool) -> Layer:
    """The text of a plan on its board; over scenery the board is smaller and stands low."""

    def paint(canvas: Canvas, moment: Moment) -> None:
        shown = min(1.0, moment.progress * 1.4)
        box = _box(canvas, low=over_scenery or bool(plan.shapes))
        colour = _BOARDS[lettering.board](canvas, box, plan, lettering)
        inner = _inset(box, 0.1 if lettering.board else 0.02)
        if lettering.board == "neon":
            _halo(canvas, lettering.text, inner, colour, shown)
        write_block(canvas, lettering.text, inner, colour, shown)

    return Layer("lettering", paint, moves=True)


def _box(canvas: Canvas, *, low: bool) -> Box:
    across, down = canvas.width, canvas.height
    if low:
        return round(across * 0.2), round(down * 0.66), round(across * 0.8), round(down * 0.9)
    return round(across * 0.1), round(down * 0.26), round(across * 0.9), round(down * 0.74)


def _inset(box: Box, share: float) -> Box:
    left, top, right, low = box
    edge = round(min(right - left, low - top) * share)
    return left + edge, top + edge, right - edge, low - edge


def _ink(lettering: Lettering, ground: Colour) -> Colour:
    asked = NAMED.get(lettering.colour)
    if asked and abs(luminance(asked) - luminance(ground)) > 0.12:
        return asked
    return readable_on(ground)


def _sign(canvas: Canvas, box: Box, plan: Plan, lettering: Lettering) -> Colour:
    """A framed board on two posts."""
    wood: Colour = (150, 102, 62)
    left, top, right, low = box
    post = (right - left) * 0.035
    for share in (0.18, 0.82):
        x = left + (right - left) * share
        canvas.rectangle(x - post / 2, low, x + post / 2, canvas.height, darker(wood, 0.35))
    radius = (low - top) * 0.08
    shade = (left + post * 0.3, top + post * 0.4, right + post * 0.3, low + post * 0.4)
    canvas.rounded(shade, radius, darker(wood, 0.6))
    canvas.rounded(box, radius, darker(wood, 0.2))
    board: Colour = (250, 240, 216)
    canvas.rounded(_inset(box, 0.05), radius * 0.7, board)
    return _ink(lettering, board)


def _poster(canvas: Canvas, box: Box, plan: Plan, lettering: Lettering) -> Colour:
    """A plain card with two rules."""
    left, top, right, low = box
    accent = accents_of(plan)[2]
    canvas.rounded(box, (low - top) * 0.05, (252, 250, 245))
    edge = (low - top) * 0.05
    for y in (top + edge, low - edge * 1.6):
        canvas.rectangle(left + edge, y, right - edge, y + edge * 0.5, accent)
    return _ink(lettering, (252, 250, 245))


def _neon(canvas: Canvas, box: Box, plan: Plan, lettering: Lettering) -> Colour:
    """A dark plate with a glowing rim."""
    glow = NAMED.get(lettering.colour, (255, 70, 160))
    canvas.rounded(box, (box[3] - box[1]) * 0.12, (20, 16, 34))
    rim = max(1, round((box[3] - box[1]) * 0.018))
    inner = _inset(box, 0.05)
    radius = (box[3] - box[1]) * 0.1
    ink = canvas.ink(lighter(glow, 0.25))
    canvas.pen.rounded_rectangle(inner, radius=radius, outline=ink, width=rim)
    return lighter(glow, 0.35)


def _halo(canvas: Canvas, text: str, box: Box, colour: Colour, shown: float) -> None:
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    canvas.glow(x, y, (box[2] - box[0]) * 0.42, mixed(colour, (255, 0, 120), 0.2), 0.3 * shown)


def _bare(canvas: Canvas, box: Box, plan: Plan, lettering: Lettering) -> Colour:
    """No board: the colour is chosen by what is behind the middle."""
    middle = canvas.image.getpixel(((box[0] + box[2]) // 2, (box[1] + box[3]) // 2))
    red, green, blue = middle[:3] if isinstance(middle, tuple) else (255, 255, 255)
    return _ink(lettering, (red, green, blue))


_BOARDS = {"": _bare, "sign": _sign, "poster": _poster, "neon": _neon}
