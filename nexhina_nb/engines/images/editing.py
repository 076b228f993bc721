"""Edits: a hole in a mask filled from the prompt, or the whole picture changed as it asks."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from PIL import Image, ImageOps

from nexhina_nb.engines.images import files
from nexhina_nb.engines.images.canvas import Canvas, oversampling
from nexhina_nb.engines.images.composition import (
    has_landscape,
    layers_of,
    names_only_objects,
)
from nexhina_nb.engines.images.healing import healed_hole
from nexhina_nb.engines.images.instructions import steps_of
from nexhina_nb.engines.images.painting import LEAST_SIDE, MOST_SIDE, checked_size, unfinished
from nexhina_nb.engines.images.plan import AT_REST, Plan
from nexhina_nb.engines.images.reading import read
from nexhina_nb.errors import BadRequest

MOST_PICTURES = 16

_ADDS = re.compile(r"\b(?:add|put|place|draw|insert|write|paint|with)\b", re.IGNORECASE)
# What needs an object to be found in the picture, which this engine cannot.
_SEEKS = re.compile(r"^\W*(?:please )?(?:remove|erase|delete|make|turn|recolou?r)\b", re.IGNORECASE)
_REMOVES = re.compile(r"\b(?:remove|erase|delete|clean|nothing|empty)\b", re.IGNORECASE)


def edit(
    prompt: str,
    pictures: Sequence[bytes],
    mask: bytes | None = None,
    size: tuple[int, int] | None = None,
    *,
    seed: int = 0,
    stages: int = 0,
) -> Iterator[Image.Image]:
    """Yield ``stages`` unfinished pictures, then the edited one; without a size at its own.

    A mask is a picture of the same size as the first one: where it is transparent the prompt is
    drawn, and every other pixel stays as it was. Several pictures without a mask are first put
    side by side.
    """
    if not 0 < len(pictures) <= MOST_PICTURES:
        raise BadRequest(
            f"An edit takes 1 to {MOST_PICTURES} pictures, not {len(pictures)}.", param="image"
        )
    size = checked_size(size) if size else None
    if mask is not None:
        original = files.plain(files.opened(pictures[0]))
        kept = _kept(mask, original)
        result = _filled(prompt, original, kept, seed)
    else:
        original = _together(pictures)
        kept = Image.new("L", original.size, 0)
        result = _changed(prompt, original, seed)
    for stage in range(stages):
        rough = unfinished(_like(original, result.size, result.mode), stage, stages)
        part = Image.blend(rough, result, (stage + 1) / (stages + 1))
        if mask is not None:
            part = Image.composite(original, part, kept)
        yield _fitted(part, size)
    yield _fitted(result, size)


def _like(image: Image.Image, size: tuple[int, int], mode: str) -> Image.Image:
    return image.resize(size).convert(mode)


def _fitted(image: Image.Image, size: tuple[int, int] | None) -> Image.Image:
    return image if size is None or image.size == size else ImageOps.fit(image, size)


def _kept(mask: bytes, original: Image.Image) -> Image.Image:
    """The mask's alpha: 255 where the picture stays."""
    image = files.opened(mask, "mask")
    if image.size != original.size:
        raise BadRequest(
            f"The mask has {image.width}x{image.height} pixels, the picture "
            f"{original.width}x{original.height}.",
            param="mask",
            hint="make the mask as large as the picture",
        )
    if not files.has_transparency(image):
        raise BadRequest(
            "The mask has no transparency.",
            param="mask",
            hint="make it transparent where the picture is to be edited (a PNG with alpha)",
        )
    return image.convert("RGBA").getchannel("A")


def _filled(prompt: str, original: Image.Image, kept: Image.Image, seed: int) -> Image.Image:
    box = kept.point(lambda alpha: 255 if alpha < 255 else 0).getbbox()
    if box is None:
        return original.copy()
    patch = _patch(prompt, original, kept, box, seed).convert(original.mode)
    drawn = original.copy()
    drawn.paste(patch, box[:2])
    return Image.composite(original, drawn, kept)


def _patch(
    prompt: str,
    original: Image.Image,
    kept: Image.Image,
    box: tuple[int, int, int, int],
    seed: int,
) -> Image.Image:
    """What goes into the hole: a whole scene, or the things named on the healed surroundings."""
    plan = read(prompt, seed)
    size = (box[2] - box[0], box[3] - box[1])
    steps = steps_of(prompt)
    removes = bool(_REMOVES.search(prompt))
    if steps and not _ADDS.search(prompt):
        changed = original.crop(box).convert("RGB")
        for step in steps:
            changed = step.change(changed)
        return ImageOps.fit(changed, size)
    if not removes and not names_only_objects(plan):
        return _painted(plan, size)
    ground = healed_hole(files.opaque(original), kept, box)
    return ground if removes else _painted(_filling(plan), size, over=ground)


def _filling(plan: Plan) -> Plan:
    """The plan with its things large and in the middle, as a hole asks for."""
    scenery = tuple(
        replace(thing, size=thing.size or "large", place=thing.place or (0, 0))
        for thing in plan.scenery
    )
    return replace(plan, scenery=scenery)


def _painted(plan: Plan, size: tuple[int, int], over: Image.Image | None = None) -> Image.Image:
    """The plan at any size: whole, or its things over a picture."""
    shrink = min(1.0, MOST_SIDE / max(size))
    inner = (
        max(LEAST_SIDE, round(size[0] * shrink)),
        max(LEAST_SIDE, round(size[1] * shrink)),
    )
    canvas = Canvas(inner, scale=oversampling(inner))
    if over is not None:
        canvas.replace(over)
    for layer in layers_of(plan, backdrop=over is None):
        layer.paint(canvas, AT_REST)
    painted = canvas.finished()
    return painted if painted.size == size else painted.resize(size)


def _changed(prompt: str, original: Image.Image, seed: int) -> Image.Image:
    """The whole picture changed: by the steps asked for, with the things added to it."""
    steps = steps_of(prompt)
    if not steps and _SEEKS.match(prompt):
        raise BadRequest(
            "local/image finds no objects in a picture, so it cannot change one.",
            param="prompt",
            hint="mark the part with a mask, or ask for a change of the whole picture, such as "
            "grey, warmer, blurred, mirrored or at night",
        )
    image = original.convert("RGB")
    alpha = original.getchannel("A") if original.mode == "RGBA" else None
    for step in steps:
        image = step.change(image)
        alpha = step.change(alpha) if alpha and step.moves else alpha
    image = _added(prompt, image, seed, is_changed=bool(steps))
    if alpha:
        image.putalpha(alpha)
    return image


def _added(prompt: str, image: Image.Image, seed: int, *, is_changed: bool) -> Image.Image:
    """The things that a prompt names drawn over a picture; if it names none, its mood blended in.

    Once steps were taken, only what is said to be added is drawn: "make the sky brighter" is not.
    """
    adding = _ADDS.search(prompt)
    plan = read(prompt[adding.end() :] if adding else prompt, seed)
    if plan.lettering and not adding:
        return _painted(_only_text(plan), image.size, over=image)
    fits = names_only_objects(plan) or (has_landscape(plan) and not plan.thing("sky"))
    if fits and (adding or not is_changed):
        return _painted(plan, image.size, over=image)
    return image if is_changed else Image.blend(image, _painted(plan, image.size), 0.45)


def _only_text(plan: Plan) -> Plan:
    return Plan(plan.prompt, plan.seed, lettering=plan.lettering, colours=plan.colours)


def _together(pictures: Sequence[bytes]) -> Image.Image:
    """One picture, or several in a grid of cells as large as the first; opened one at a time."""
    first = files.plain(files.opened(pictures[0]))
    if len(pictures) == 1:
        return first
    columns = math.ceil(math.sqrt(len(pictures)))
    rows = math.ceil(len(pictures) / columns)
    shrink = min(1.0, MOST_SIDE / (first.width * columns), MOST_SIDE / (first.height * rows))
    cell = (max(1, round(first.width * shrink)), max(1, round(first.height * shrink)))
    grid = Image.new("RGB", (cell[0] * columns, cell[1] * rows), "white")
    for row, data in enumerate(pictures):
        place = ((row % columns) * cell[0], (row // columns) * cell[1])
        picture = files.opaque(files.plain(files.opened(data)) if row else first)
        grid.paste(ImageOps.pad(picture, cell, color="white"), place)
    return grid
