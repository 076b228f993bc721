"""Water: the sea with its waves, lakes and rivers."""

from __future__ import annotations

import math

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import NAMED, Colour, darker, lighter, mixed
from nexhina_nb.engines.images.layers import Painter, Scene
from nexhina_nb.engines.images.plan import Moment, Thing


def water_colour(scene: Scene, thing: Thing) -> Colour:
    """What was asked for, or a blue that takes up the sky."""
    if thing.colours:
        return scene.palette.light.on(NAMED[thing.colours[0]])
    return mixed((24, 104, 150), scene.palette.light.sky[0], 0.4)


def _sea(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    deep = water_colour(scene, thing)
    start = scene.horizon * canvas.height
    near_sky = mixed(deep, scene.palette.light.sky[-1], 0.55)
    canvas.gradient((near_sky, deep, darker(deep, 0.45)), start)
    _glitter(canvas, scene, moment)
    rows, room = 6, canvas.height - start
    for row in range(rows):
        share = (row + 1) / (rows + 0.5)
        y = start + room * share**1.5
        colour = mixed(lighter(deep, 0.2), darker(deep, 0.55), share)
        _wave(canvas, y, (0.006 + 0.02 * share) * canvas.unit, row, moment, colour)


def _wave(
    canvas: Canvas, y: float, height: float, row: int, moment: Moment, colour: Colour
) -> None:
    length = height * 18
    shift = moment.seconds * (0.6 + 0.12 * row) * (1 if row % 2 else -1) + row * 1.7
    steps = max(24, min(160, round(canvas.width / length * 14)))
    crest = []
    for step in range(steps + 1):
        x = canvas.width * step / steps
        swell = math.sin(x / length * math.tau + shift * 2)
        crest.append((x, y - height * (1 - abs(swell)) ** 1.5 - height * 0.2 * swell))
    band = [*crest, (canvas.width, y + height * 5), (0, y + height * 5)]
    canvas.veil(band, colour, 0.5)
    canvas.line(crest, lighter(colour, 0.3), canvas.unit * 0.0016)


def _glitter(canvas: Canvas, scene: Scene, moment: Moment) -> None:
    """The path of light under a low sun or moon."""
    plan = scene.plan
    if plan.hour not in ("sunset", "dawn", "night"):
        return
    kind, middle = ("moon", 0.27) if plan.hour == "night" else ("sun", 0.5)
    thing = plan.thing(kind)
    if thing and thing.place:
        x = 0.5 + 0.3 * thing.place[0]
    else:
        x = middle + plan.dice(kind).uniform(-0.12, 0.12)
    dice = plan.dice("glitter")
    start, room = scene.horizon * canvas.height, (1 - scene.horizon) * canvas.height
    for row in range(44):
        share = row / 44
        sway = math.sin(moment.seconds * 2.2 + row * 1.9) * 0.012
        at = (x + sway + dice.gauss(0, 0.012 + 0.03 * share)) * canvas.width
        half = dice.uniform(0.01, 0.05) * (0.5 + share) * canvas.width
        canvas.ellipse(
            at,
            start + room * share,
            half,
            canvas.unit * (0.0012 + 0.003 * share),
            lighter(scene.palette.light.glow, 0.15),
        )


def _lake(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    deep = water_colour(scene, thing)
    x = (0.5 + 0.2 * (thing.place[0] if thing.place else 0)) * canvas.width
    y = (scene.horizon + 0.15) * canvas.height
    wide, tall = 0.36 * canvas.width, 0.085 * canvas.height
    canvas.ellipse(x, y + tall * 0.06, wide * 1.03, tall * 1.1, darker(scene.palette.grass, 0.3))
    canvas.ellipse(x, y, wide, tall, deep)
    canvas.ellipse(x, y + tall * 0.1, wide * 0.9, tall * 0.8, lighter(deep, 0.12))
    dice = scene.plan.dice("lake")
    for row in range(9):
        across = dice.uniform(-0.6, 0.6) * wide + math.sin(moment.seconds + row) * wide * 0.03
        down = dice.uniform(-0.6, 0.6) * tall
        canvas.ellipse(x + across, y + down, wide * 0.09, tall * 0.025, lighter(deep, 0.45))


def _river(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    deep = water_colour(scene, thing)
    start, room = (scene.horizon + 0.005) * canvas.height, (1 - scene.horizon) * canvas.height
    phase = scene.plan.dice("river").uniform(0, math.tau)
    left, right, middle = [], [], []
    for step in range(61):
        share = step / 60
        bend = math.sin(share * 7.5 + phase) * (0.02 + 0.13 * share)
        x, y = (0.5 + bend) * canvas.width, start + room * share
        half = (0.006 + 0.13 * share**1.4) * canvas.width
        left.append((x - half, y))
        right.append((x + half, y))
        middle.append((x, y, half))
    canvas.polygon(left + right[::-1], deep)
    canvas.line(left, lighter(deep, 0.4), canvas.unit * 0.003)
    canvas.line(right, lighter(deep, 0.4), canvas.unit * 0.003)
    for row in range(12):
        x, y, half = middle[round(row * 5 + moment.seconds * 9) % 60]
        side = ((row * 37) % 11 / 11 - 0.5) * half
        canvas.ellipse(x + side, y, half * 0.3, half * 0.03 + 1, lighter(deep, 0.5))


PAINTERS = {
    "sea": Painter(34, _sea, moves=True),
    "lake": Painter(46, _lake, moves=True),
    "river": Painter(46, _river, moves=True),
}
