"""The frames of a film, one at a time. What stands still is painted once, the rest each time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from PIL import Image, ImageOps

from nexhina_nb.engines.images.adjustments import styled
from nexhina_nb.engines.images.canvas import Canvas, oversampling
from nexhina_nb.engines.images.composition import layers_of
from nexhina_nb.engines.images.layers import Layer
from nexhina_nb.engines.images.plan import AT_REST, Moment, Plan

SMOOTH_PIXELS = 7_500_000  # of a surface: beyond it a frame takes too long to draw larger
_ARRIVED = 0.75  # the share of a film after which all has grown and arrived
_NEARER = 1.25  # how far the camera zooms


def drawn(plan: Plan, size: tuple[int, int], count: int, fps: int) -> Iterator[Image.Image]:
    """The frames of a plan."""
    scale = oversampling(size, SMOOTH_PIXELS)
    layers = layers_of(plan)
    moves = any(layer.moves for layer in layers)
    camera = plan.camera or ("" if moves else "zoom in")
    first, *stack = _flattened(layers, size, scale)
    for number in range(count):
        passed = number / max(1, count - 1)
        moment = Moment(number / fps, min(1.0, passed / _ARRIVED))
        canvas = Canvas(size, scale=scale)
        for layer in (first, *stack):
            layer.paint(canvas, moment)
        yield seen(styled(canvas.finished(), plan.styles), camera, passed)


def panned(
    picture: Image.Image, plan: Plan, size: tuple[int, int], count: int
) -> Iterator[Image.Image]:
    """The frames of a camera that moves over a picture, from the whole of it to a part."""
    large = ImageOps.fit(picture, size)
    side = {"pan left": -1, "pan right": 1}.get(plan.camera, 0)
    for number in range(count):
        passed = number / max(1, count - 1)
        if plan.camera == "zoom out" and number:
            passed = 1 - abs(2 * passed - 1)  # in, and out again: the first frame is the picture
        yield _window(large, 1 + (_NEARER - 1) * _eased(passed), side * _eased(passed))


def _flattened(layers: Sequence[Layer], size: tuple[int, int], scale: int) -> list[Layer]:
    """The layers with each run of still ones painted into one picture."""
    flat: list[Layer] = []
    for moves, group in groupby(layers, key=lambda layer: layer.moves):
        run = list(group)
        flat += run if moves else [_painted(run, size, scale, bottom=not flat)]
    return flat


def _painted(layers: list[Layer], size: tuple[int, int], scale: int, *, bottom: bool) -> Layer:
    canvas = Canvas(size, scale=scale, clear=not bottom)
    for layer in layers:
        layer.paint(canvas, AT_REST)
    image = canvas.image if bottom else canvas.image.convert("RGBA")
    box = (0, 0, *image.size) if bottom else image.getbbox() or (0, 0, 1, 1)
    part = image.crop(box)

    def paint(onto: Canvas, _: Moment) -> None:
        onto.image.paste(part, box[:2], None if bottom else part)

    return Layer("+".join(layer.name for layer in layers), paint)


def seen(image: Image.Image, camera: str, passed: float) -> Image.Image:
    """A frame through the camera."""
    eased = _eased(passed)
    if camera == "zoom in":
        return _window(image, 1 + (_NEARER - 1) * eased, 0)
    if camera == "zoom out":
        return _window(image, _NEARER - (_NEARER - 1) * eased, 0)
    if camera:
        way = 1 if camera == "pan right" else -1
        return _window(image, _NEARER, way * (2 * eased - 1))
    return image


def _window(image: Image.Image, zoom: float, aside: float) -> Image.Image:
    """A part of the image at its full size; ``aside`` from -1 (left edge) to 1 (right edge)."""
    across, down = image.width / zoom, image.height / zoom
    left = (image.width - across) * (1 + aside) / 2
    top = (image.height - down) / 2
    box = (left, top, left + across, top + down)
    return image if zoom == 1 else image.resize(image.size, Image.Resampling.BILINEAR, box=box)


def _eased(share: float) -> float:
    return share * share * (3 - 2 * share)
