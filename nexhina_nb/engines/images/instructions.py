"""What an edit asks for, as steps: "rotate it left, make it warmer and add a border"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image, ImageOps

from nexhina_nb.engines.images import adjustments
from nexhina_nb.engines.images.colours import NAMED
from nexhina_nb.engines.images.vocabulary import sense

Change = Callable[[Image.Image], Image.Image]


@dataclass(frozen=True, slots=True)
class Step:
    """One change of a whole picture; one that moves pixels moves the transparency along."""

    change: Change
    moves: bool = False


_TONES: dict[str, Change] = {
    r"black[ -]and[ -]white|gr[ae]y ?scale|monochrome|desaturate\w*": adjustments.grayscale,
    r"schwarz[ -]?wei(?:ß|ss)|noir et blanc": adjustments.grayscale,
    r"sepia|vintage|retro|old[ -]fashioned": adjustments.sepia,
    r"invert\w*|negative": adjustments.invert,
    r"blur\w*|out of focus": adjustments.blur,
    r"sharp\w*|crisp\w*": adjustments.sharpen,
    r"bright\w*|lighten\w*|lighter": adjustments.brighter,
    r"darken\w*|darker": adjustments.darken,
    r"(?:make it|turn it into|into) (?:a |the )?night": adjustments.nightly,
    r"(?:more |higher |increase (?:the )?)contrast": adjustments.contrasted,
    r"vivid|vibrant|saturate\w*|more colou?rful": adjustments.vivid,
    r"pale\w*|faded|muted": adjustments.pale,
    r"warm\w*": adjustments.warmer,
    r"cool\w*|colder": adjustments.cooler,
    r"mirror\w*|flip\w* (?:it )?horizontal\w*": adjustments.mirror,
    r"flip\w*(?! (?:it )?horizontal)|upside[ -]down": adjustments.flip,
    r"pixel\w*": adjustments.pixelate,
    r"outlin\w*|edges|sketch\w*|contours?": adjustments.outline,
    r"posteri[sz]e\w*": adjustments.posterize,
    r"water ?colou?r\w*": adjustments.soften,
}
_MOVING = frozenset({adjustments.mirror, adjustments.flip})
_ROTATE = (
    r"rotate\w*|rotating|rotation|"
    r"turn(?= (?:it |the (?:picture|image|photo) )?(?:by|left|right|\d|clockwise))"
)
_CROP = r"crop\w*|square(?= (?:format|picture|image))"
_ZOOM = r"zoom\w*(?! out)|closer"
_BORDER = r"(?:(\w+) )?(?:border|frame)\b"
_TINT = r"(?:more|tint\w*(?: it)?|make (?:it|everything)(?: more)?|tone it) (\w+)"


def steps_of(prompt: str) -> list[Step]:
    """The changes to the whole picture that a prompt asks for, in its order.

    Each kind of change is made once: every turn makes the picture larger, and a prompt has room for
    hundreds.
    """
    text = prompt.lower()
    found: list[tuple[int, Step]] = []
    for pattern, change in _TONES.items():
        step = Step(change, moves=change in _MOVING)
        found += [(match.start(), step) for match in _all(pattern, text)[:1]]
    for match in _all(_ROTATE, text)[:1]:
        found.append((match.start(), Step(_turned(text[match.start() :]), moves=True)))
    found += [(match.start(), Step(squared, moves=True)) for match in _all(_CROP, text)[:1]]
    found += [(match.start(), Step(_nearer, moves=True)) for match in _all(_ZOOM, text)[:1]]
    found += [(match.start(), Step(_bordered(match[1]))) for match in _all(_BORDER, text)[:1]]
    tints = ((match.start(), sense("colours", match[1])) for match in _all(_TINT, text))
    found += [(start, Step(_tinted(colour))) for start, colour in tints if colour][:1]
    return [step for _, step in sorted(found, key=lambda pair: pair[0])]


def _all(pattern: str, text: str) -> list[re.Match[str]]:
    return list(re.finditer(rf"\b(?:{pattern})", text))


def _turned(text: str) -> Change:
    """A turn by the angle in the text, clockwise unless it says left."""
    number = re.search(r"(\d{1,3})", text[:60])
    angle = int(number[1]) if number else 90
    is_left = re.search(r"\b(?:left|counter|anti)", text[:60])
    turn = angle if is_left else -angle

    def change(image: Image.Image) -> Image.Image:
        return image.rotate(turn, expand=True, resample=Image.Resampling.BICUBIC, fillcolor="white")

    return change


def squared(image: Image.Image) -> Image.Image:
    """The middle of the picture as a square."""
    side = min(image.size)
    return ImageOps.fit(image, (side, side))


def _nearer(image: Image.Image) -> Image.Image:
    across, down = image.width / 6, image.height / 6
    box = (across, down, image.width - across, image.height - down)
    return image.resize(image.size, Image.Resampling.BICUBIC, box=box)


def _bordered(word: str | None) -> Change:
    colour = NAMED[sense("colours", word or "") or "white"]

    def change(image: Image.Image) -> Image.Image:
        framed = image.copy()
        edge = max(2, round(min(image.size) * 0.04))
        inner = (edge, edge, image.width - edge, image.height - edge)
        framed.paste(colour, (0, 0, *image.size))
        framed.paste(image.crop(inner), inner[:2])
        return framed

    return change


def _tinted(name: str) -> Change:
    def change(image: Image.Image) -> Image.Image:
        return adjustments.tinted(image, NAMED[name])

    return change
