"""Pictures from a prompt: the plan's layers painted back to front."""

from __future__ import annotations

import math
from collections.abc import Iterator

from PIL import Image, ImageFilter

from nexhina_nb.engines.images.adjustments import styled
from nexhina_nb.engines.images.canvas import Canvas, oversampling
from nexhina_nb.engines.images.composition import describe_plan, layers_of
from nexhina_nb.engines.images.plan import AT_REST
from nexhina_nb.engines.images.reading import read
from nexhina_nb.errors import BadRequest

LEAST_SIDE, MOST_SIDE = 64, 2048


def checked_size(size: tuple[int, int]) -> tuple[int, int]:
    """The size, or `BadRequest` when a side is out of bounds."""
    if not all(LEAST_SIDE <= side <= MOST_SIDE for side in size):
        raise BadRequest(
            f"The size {size[0]}x{size[1]} cannot be drawn.",
            param="size",
            hint=f"each side must be from {LEAST_SIDE} to {MOST_SIDE} pixels",
        )
    return size


def draw(
    prompt: str,
    size: tuple[int, int] = (1024, 1024),
    *,
    seed: int = 0,
    transparent: bool = False,
    stages: int = 0,
) -> Iterator[Image.Image]:
    """Yield ``stages`` unfinished pictures, then the finished one.

    The same prompt, size and seed give the same picture. A transparent one has no backdrop.
    """
    checked_size(size)
    plan = read(prompt, seed)
    layers = layers_of(plan, backdrop=not transparent)
    canvas = Canvas(size, scale=oversampling(size), clear=transparent)
    marks = _marks(len(layers), stages)
    for row, layer in enumerate(layers, 1):
        layer.paint(canvas, AT_REST)
        for stage in (stage for stage, mark in enumerate(marks) if mark == row):
            yield unfinished(canvas.finished(), stage, stages)
    if not layers:
        yield from (canvas.finished() for _ in marks)
    yield styled(canvas.finished(), plan.styles)


def _marks(layers: int, stages: int) -> list[int]:
    """After how many layers each unfinished picture is shown: with few layers, all of them."""
    if layers <= stages:
        return [layers] * stages
    return [math.ceil(layers * (stage + 1) / (stages + 1)) for stage in range(stages)]


def unfinished(image: Image.Image, stage: int, stages: int) -> Image.Image:
    """A picture as vague as it should still look at that stage."""
    radius = min(image.size) * 0.04 * (stages - stage) / stages
    return image.filter(ImageFilter.GaussianBlur(radius))


def describe(prompt: str) -> str:
    """One sentence of what was understood of a prompt."""
    return describe_plan(read(prompt))
