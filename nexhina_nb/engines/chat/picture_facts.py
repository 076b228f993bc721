"""What a picture tells for a field: its size, format, colours, light and shapes, by the field's
name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from nexhina_nb.engines.chat.words import spaced, stem

if TYPE_CHECKING:
    from nexhina_nb.engines.vision import Look
    from nexhina_nb.engines.vision.regions import Region

RECORDS = "records"  # the kind of a list of objects
_AND = re.compile(r"\s*(?:,| and | or )\s*")
_COUNTING = re.compile(r"\b(?:number of|how many|count|number|num|total|of|n)\b")
_DARK, _BRIGHT = 0.35, 0.75  # of the lightness 0..1, as the picture's own sentence divides it
_CLEAR = 0.005  # the share of see-through pixels from which a picture counts as transparent


def fact(look: Look, name: str, kind: str) -> Any:
    """The value of a field of a JSON kind; None where the field asks for something else."""
    low = spaced(name)
    if kind in _NUMBERS and (many := count(look, _COUNTING.sub(" ", low))) is not None:
        return many
    for pattern, kinds, find in _FACTS:
        if kind in kinds and re.search(pattern, low):
            return find(look)
    return None


def colours(look: Look) -> list[str]:
    """The names of its colours, the commonest first."""
    return [name for name, _ in look.colours]


def light(look: Look) -> str:
    """Dark, medium or bright."""
    if look.brightness < _DARK:
        return "dark"
    return "bright" if look.brightness > _BRIGHT else "medium"


def ratio(look: Look) -> str:
    """Width to height in whole numbers, such as 16:9."""
    common = math.gcd(look.width, look.height)
    return f"{look.width // common}:{look.height // common}"


def size(look: Look) -> str:
    """Such as 640x480."""
    return f"{look.width}x{look.height}"


def count(look: Look, noun: str) -> int | None:
    """How many shapes a noun such as 'red circles' means; None for what is no shape."""
    found = matching(look, noun)
    return None if found is None else len(found)


def matching(look: Look, noun: str) -> list[Region] | None:
    """The shapes that 'red circles' or 'squares and stars' mean, the largest first; None for what
    is no shape.
    """
    parts = [_wanted(part) for part in _AND.split(noun.lower())]
    if None in parts:
        return None
    return [row for row in look.shapes if any(part and part(row) for part in parts)]


def _wanted(noun: str) -> Callable[[Region], bool] | None:
    words = [stem(word) for word in noun.split()]
    if not words or words[-1] not in _SHAPE_STEMS | _ANY_STEMS:
        return None
    tints = _TINT_STEMS & set(words)
    kinds = _BAR_STEMS if words[-1] in map(stem, _BARS) else {words[-1]}
    return lambda row: (
        (words[-1] in _ANY_STEMS or stem(row.shape) in kinds)
        and (not tints or bool(tints & {stem(word) for word in row.colour.split()}))
    )


def place(row: Region) -> str:
    """Where a shape lies: 'top left', 'left', 'centre', …"""
    down = ("top", "", "bottom")[_third(row.top, row.low)]
    across = ("left", "", "right")[_third(row.left, row.right)]
    return f"{down} {across}".strip() or "centre"


def _third(start: float, end: float) -> int:
    return min(2, int(1.5 * (start + end)))


def _records(look: Look) -> list[dict[str, Any]]:
    """What each shape tells for the fields of an object, in pixels where it is a measure."""
    return [
        {
            **dict.fromkeys(("shape", "type", "kind", "name", "label"), row.shape),
            **dict.fromkeys(("colour", "color", "fill"), row.colour),
            **dict.fromkeys(("position", "place", "location"), place(row)),
            "x": round((row.left + row.right) / 2 * look.width),
            "y": round((row.top + row.low) / 2 * look.height),
            "width": round((row.right - row.left) * look.width),
            "height": round((row.low - row.top) * look.height),
        }
        for row in look.shapes
    ]


def named(look: Look, task: str) -> list[str]:
    """The words of a task that name something a picture tells."""
    words = dict.fromkeys(re.findall(r"[A-Za-z_]{3,40}", task))
    return [word for word in words if any_fact(look, word) is not None]


def any_fact(look: Look, name: str) -> Any:
    """What a picture tells for a name without a kind, in whichever kind it tells it."""
    found = (fact(look, name, kind) for kind in ("integer", "array", "string", "boolean"))
    return next((value for value in found if value is not None), None)


_SHAPES = (
    "circle ellipse square rectangle triangle diamond pentagon hexagon octagon star heart cross "
    "arrow"
)
# What people call the rectangles of a chart.
_BARS = ("bar", "column")
SHAPE_WORDS = (*_SHAPES.split(), *_BARS)
_COLOURS = (
    "red green blue yellow orange purple violet pink brown black white grey gray cyan magenta teal "
    "turquoise navy olive maroon beige gold silver"
)
COLOUR_WORDS = tuple(_COLOURS.split())
_TINT_STEMS = {stem(word) for word in COLOUR_WORDS}
_SHAPE_STEMS = {stem(word) for word in SHAPE_WORDS}
_BAR_STEMS = {stem("rectangle"), stem("square")}
ANY_WORDS = ("shape", "object", "thing", "figure", "element", "form")
_ANY_STEMS = {stem(word) for word in ANY_WORDS}
_NUMBERS, _TEXT, _TRUTH, _LIST = ("number", "integer"), ("string",), ("boolean",), ("array",)
_FACTS: tuple[tuple[str, tuple[str, ...], Callable[[Look], Any]], ...] = (
    (r"\bwidth\b", _NUMBERS, lambda look: look.width),
    (r"\bheight\b", _NUMBERS, lambda look: look.height),
    (r"\bpixels?\b", _NUMBERS, lambda look: look.width * look.height),
    (r"\bframes?\b", _NUMBERS, lambda look: look.frames),
    (r"^(?:count|number|num|how many)$", _NUMBERS, lambda look: len(look.shapes)),
    (r"\baspect\b", ("number",), lambda look: round(look.width / look.height, 4)),
    (r"\baspect\b|\bratio\b", _TEXT, ratio),
    (r"\bbrightness\b|\blightness\b", ("number",), lambda look: round(look.brightness, 3)),
    (r"\bcontrast\b", ("number",), lambda look: round(look.contrast, 3)),
    (r"\b(?:brightness|lighting|light)\b", _TEXT, light),
    (r"\borientation\b", _TEXT, lambda look: look.orientation),
    (r"\b(?:size|dimensions?|resolution)\b", _TEXT, size),
    (r"\b(?:mime|media) type\b", _TEXT, lambda look: f"image/{look.format}"),
    (r"\b(?:format|file type)\b", _TEXT, lambda look: look.format),
    (r"\bbackground\b", _TEXT, lambda look: look.ground or None),
    (r"\bcolou?rs?\b|\bpalette\b", _TEXT, lambda look: next(iter(colours(look)), None)),
    (r"\bcolou?rs\b|\bpalette\b", _LIST, colours),
    (r"\bshapes\b", _LIST, lambda look: [row.shape for row in look.shapes]),
    (r"\b(?:shapes|objects|figures|elements)\b", (RECORDS,), _records),
    (r"\b(?:description|caption|summary|alt|alt text)\b", _TEXT, lambda look: look.sentence),
    (r"\bdark\b", _TRUTH, lambda look: light(look) == "dark"),
    (r"\bbright\b", _TRUTH, lambda look: light(look) == "bright"),
    (r"\b(?:transparent|transparency|alpha)\b", _TRUTH, lambda look: look.transparent >= _CLEAR),
    (r"\banimated\b", _TRUTH, lambda look: look.frames > 1),
    (r"\blandscape\b", _TRUTH, lambda look: look.orientation == "landscape"),
    (r"\bportrait\b", _TRUTH, lambda look: look.orientation == "portrait"),
    (r"\bsquare\b", _TRUTH, lambda look: look.orientation == "square"),
)
