"""The land: mountains, hills, ground, desert, roads, beaches and islands."""

from __future__ import annotations

import math
from random import Random

import numpy as np

from nexhina_nb.engines.images.canvas import Canvas, Point
from nexhina_nb.engines.images.colours import NAMED, Colour, darker, lighter, mixed
from nexhina_nb.engines.images.layers import Painter, Scene
from nexhina_nb.engines.images.plan import Moment, Thing


def ridge(dice: Random, width: float, base: float, height: float, waves: float) -> list[Point]:
    """A rolling line from edge to edge, as points."""
    xs = np.linspace(0, 1, 90)
    ys = np.zeros_like(xs)
    for octave in range(3):
        phase, tune = dice.uniform(0, math.tau), dice.uniform(0.8, 1.25)
        ys += np.sin(xs * waves * 2**octave * tune + phase) / 2.2**octave
    return [(float(x) * width, base - float(y) * height) for x, y in zip(xs, ys, strict=True)]


def fill_below(canvas: Canvas, line: list[Point], colour: Colour) -> None:
    """Everything from a line down to the lower edge."""
    canvas.polygon([*line, (canvas.width, canvas.height), (0, canvas.height)], colour)


def _asked(scene: Scene, kind: str, otherwise: Colour) -> Colour:
    name = scene.plan.colour_of(kind)
    return scene.palette.light.on(NAMED[name]) if name else otherwise


def _mountains(canvas: Canvas, scene: Scene, thing: Thing, __: Moment) -> None:
    dice, base = scene.plan.dice("mountain"), (scene.horizon + 0.02) * canvas.height
    rock = _asked(scene, "mountain", scene.palette.far)
    haze = scene.palette.light.sky[-1]
    far = ridge(dice, canvas.width, base - 0.12 * canvas.height, 0.05 * canvas.height, 9)
    fill_below(canvas, far, mixed(rock, haze, 0.55))
    count = thing.count if thing.counted else 5
    places = sorted((dice.random(), (row + 0.5) / count) for row in range(count))
    for depth, (_, across) in enumerate(places):
        height = dice.uniform(0.22, 0.42) * canvas.height * (1.15 if thing.size == "large" else 1)
        x = (across + dice.uniform(-0.06, 0.06)) * canvas.width
        shade = mixed(rock, haze, 0.3 * (1 - depth / count))
        half = height * dice.uniform(0.8, 1.1) + canvas.width / count * 0.25
        _peak(canvas, dice, (x, base), (half, height), shade, scene)


def _peak(
    canvas: Canvas,
    dice: Random,
    foot: Point,
    size: tuple[float, float],
    rock: Colour,
    scene: Scene,
) -> None:
    """One mountain: a lit and a shaded face, with snow where it is high."""
    (x, base), (half, height) = foot, size
    top = (x, base - height)
    spine = [
        (x + dice.uniform(-0.07, 0.1) * half * share * 2, base - height * (1 - share))
        for share in (0.15, 0.32, 0.5, 0.72, 1.0)
    ]
    left, right = (x - half, base), (x + half, base)
    canvas.polygon([top, *spine, left], lighter(rock, 0.12))
    canvas.polygon([top, *spine, right], darker(rock, 0.26))
    snow = scene.palette.light.on((250, 252, 255))
    depth = dice.uniform(0.24, 0.36) if scene.plan.season != "winter" else 0.6
    _snow(canvas, dice, top, (-half, height), depth, snow)
    _snow(canvas, dice, top, (half, height), depth, darker(snow, 0.17))


def _snow(
    canvas: Canvas,
    dice: Random,
    top: Point,
    size: tuple[float, float],
    depth: float,
    colour: Colour,
) -> None:
    half, height = size
    x, y = top
    edge = [(x, y + height * depth * 0.82)]
    for share in (0.25, 0.5, 0.75):
        low = depth * (1.12 if share == 0.5 else 0.72) * dice.uniform(0.9, 1.1)
        edge.append((x + half * depth * share, y + height * max(low, depth * share)))
    canvas.polygon([top, *edge, (x + half * depth, y + height * depth)], colour)


def _hills(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    dice = scene.plan.dice("hill")
    grass, haze = _asked(scene, "hill", scene.palette.grass), scene.palette.light.sky[-1]
    for row, share in enumerate((0.45, 0.22, 0.0)):
        base = (scene.horizon - 0.06 + 0.05 * row) * canvas.height
        line = ridge(dice, canvas.width, base, 0.045 * canvas.height, 5 + row)
        fill_below(canvas, line, mixed(darker(grass, 0.08 * (row % 2)), haze, share))


def _ground(canvas: Canvas, scene: Scene, _: Thing, __: Moment) -> None:
    grass = _asked(scene, "meadow", scene.palette.grass)
    if scene.has("city"):
        grass = mixed(grass, (90, 92, 104), 0.75)
    start = scene.horizon * canvas.height
    canvas.gradient((lighter(grass, 0.14), grass, darker(grass, 0.3)), start)
    dice = scene.plan.dice("ground")
    for row in range(3):
        base = (scene.horizon + 0.1 + 0.11 * row) * canvas.height
        line = ridge(dice, canvas.width, base, 0.018 * canvas.height, 4)
        strip = [*line, (canvas.width, canvas.height), (0, canvas.height)]
        canvas.veil(strip, darker(grass, 0.35), 0.22)


def _desert(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    dice, sand = scene.plan.dice("desert"), scene.palette.light.on((226, 178, 110))
    sand = _asked(scene, "desert", sand)
    for row in range(4):
        base = (scene.horizon - 0.01 + 0.1 * row) * canvas.height
        line = ridge(dice, canvas.width, base, (0.02 + 0.016 * row) * canvas.height, 3.2)
        fill_below(canvas, line, mixed(lighter(sand, 0.25), darker(sand, 0.3), row / 3))


def _beach(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    sand = _asked(scene, "beach", scene.palette.light.on((240, 218, 168)))
    dice = scene.plan.dice("beach")
    base = (scene.horizon + 1) / 2 * canvas.height
    line = ridge(dice, canvas.width, base + 0.03 * canvas.height, 0.018 * canvas.height, 3)
    foam = [(x, y - 0.014 * canvas.height) for x, y in line]
    fill_below(canvas, foam, scene.palette.light.on((250, 253, 255)))
    fill_below(canvas, line, darker(sand, 0.1))
    fill_below(canvas, [(x, y + 0.03 * canvas.height) for x, y in line], sand)
    for _row in range(130):
        x = dice.random() * canvas.width
        y = base + dice.uniform(0.11, 0.4) * canvas.height
        canvas.disc(x, y, canvas.unit * 0.0018, darker(sand, 0.2))


def _road(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    top, low = (scene.horizon + 0.005) * canvas.height, canvas.height
    colour = _asked(scene, "road", scene.palette.light.on((92, 94, 102)))
    far, bend = 0.5 * canvas.width, scene.plan.dice("road").uniform(-0.12, 0.12) * canvas.width
    left, right, marks = [], [], []
    for step in range(31):
        share = (step / 30) ** 1.6
        middle = far + bend * math.sin(share * math.pi)
        half = (0.008 + 0.22 * share) * canvas.width
        y = top + (low - top) * share
        left.append((middle - half, y))
        right.append((middle + half, y))
        marks.append((middle, y, half))
    canvas.polygon(left + right[::-1], colour)
    white = scene.palette.light.on((250, 246, 226))
    for (x, y, half), (x2, y2, half2) in zip(marks[6::2], marks[7::2], strict=False):
        near, wide = half * 0.04, half2 * 0.04
        canvas.polygon([(x - near, y), (x + near, y), (x2 + wide, y2), (x2 - wide, y2)], white)


def _island(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    x = (0.72 if not thing.place else 0.5 + 0.27 * thing.place[0]) * canvas.width
    y = (scene.horizon + 0.035) * canvas.height
    wide, light = 0.22 * canvas.width, scene.palette.light
    canvas.ellipse(x, y, wide, 0.035 * canvas.height, light.on((236, 212, 160)))
    box = (x - wide * 0.8, y - 0.09 * canvas.height, x + wide * 0.8, y + 0.09 * canvas.height)
    canvas.pen.pieslice(box, 180, 360, fill=canvas.ink(scene.palette.grass))


PAINTERS = {
    "mountain": Painter(20, _mountains),
    "hill": Painter(24, _hills),
    "ground": Painter(30, _ground),
    "meadow": Painter(31, lambda *_: None),
    "desert": Painter(33, _desert),
    "island": Painter(37, _island),
    "beach": Painter(38, _beach),
    "road": Painter(47, _road),
}
