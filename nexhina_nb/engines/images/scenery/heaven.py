"""What is seen in the sky: the sky itself, sun, moon, stars, rainbow, aurora, planets, galaxies."""

from __future__ import annotations

import math

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import NAMED, Colour, darker, from_hue, lighter, mixed
from nexhina_nb.engines.images.layers import Painter, Scene
from nexhina_nb.engines.images.plan import Moment, Thing


def _colour(thing: Thing, otherwise: Colour) -> Colour:
    return NAMED[thing.colours[0]] if thing.colours else otherwise


def _size(thing: Thing) -> float:
    return {"small": 0.7, "large": 1.5}.get(thing.size, 1.0)


def _across(scene: Scene, thing: Thing, otherwise: float) -> float:
    """Where a body stands from left to right, as a share of the width."""
    if thing.place:
        return 0.5 + 0.3 * thing.place[0]
    return otherwise + scene.plan.dice(thing.kind).uniform(-0.12, 0.12)


def _sky(canvas: Canvas, scene: Scene, _: Thing, __: Moment) -> None:
    canvas.gradient(scene.palette.light.sky, 0, canvas.height * min(1, scene.horizon + 0.05))


def _sun(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    plan, light = scene.plan, scene.palette.light
    is_low = plan.hour in ("sunset", "dawn")
    rest = scene.horizon - 0.09 if is_low else 0.2
    start = 0.16 if plan.hour == "sunset" else scene.horizon + 0.08
    if plan.hour == "day" and "rise" not in plan.motions:
        start = rest + 0.06
    x = _across(scene, thing, 0.5 if is_low else 0.74) * canvas.width
    y = (start + (rest - start) * moment.eased) * canvas.height
    radius = (0.085 if is_low else 0.06) * _size(thing) * canvas.unit
    colour = _colour(thing, (255, 214, 110) if is_low else (255, 236, 150))
    canvas.glow(x, y, radius * 6, light.glow, 0.75)
    canvas.glow(x, y, radius * 2.4, lighter(colour, 0.3), 0.9)
    canvas.disc(x, y, radius, colour)


def _moon(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    x = _across(scene, thing, 0.27) * canvas.width
    y = (0.22 + 0.05 * (1 - moment.eased)) * canvas.height
    radius = 0.075 * _size(thing) * canvas.unit
    colour = _colour(thing, (246, 240, 214))
    canvas.glow(x, y, radius * 4.5, mixed(colour, (170, 190, 255), 0.5), 0.5)
    canvas.disc(x, y, radius, colour)
    dice = scene.plan.dice("craters")
    for _ in range(7):
        angle, far = dice.uniform(0, math.tau), dice.uniform(0, 0.68) * radius
        canvas.disc(
            x + math.cos(angle) * far,
            y + math.sin(angle) * far,
            radius * dice.uniform(0.06, 0.19),
            darker(colour, 0.13),
        )


def _stars(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    dice = scene.plan.dice("stars")
    low = min(1.0, scene.horizon)
    for _ in range(thing.count if thing.counted else 170):
        x, y = dice.random() * canvas.width, dice.random() ** 1.3 * low * canvas.height
        phase, weight = dice.uniform(0, math.tau), dice.random() ** 4
        twinkle = 0.5 + 0.5 * math.sin(moment.seconds * 3 + phase)
        radius = (0.0010 + 0.0026 * weight) * canvas.unit * (0.8 + 0.4 * twinkle)
        colour = mixed((150, 165, 215), (255, 252, 236), 0.35 + 0.65 * max(weight, twinkle * 0.6))
        canvas.disc(x, y, radius, _colour(thing, colour))
        if weight > 0.6:
            canvas.glow(x, y, radius * 7, colour, 0.6)


def _rainbow(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    x, y = canvas.width * 0.5, canvas.height * (scene.horizon + 0.08)
    outer = 0.47 * canvas.width * _size(thing) ** 0.5
    band = outer * 0.028
    sweep = 180 + 180 * moment.eased
    hues = (0.0, 0.07, 0.15, 0.33, 0.55, 0.66, 0.78)
    for row, hue in enumerate(hues):
        radius = outer - row * band
        box = (x - radius, y - radius, x + radius, y + radius)
        canvas.arch(box, sweep, from_hue(hue, 0.72, 1.0), 0.62, band * 1.15)


def _aurora(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    dice = scene.plan.dice("aurora")
    for hue in (0.40, 0.46, 0.78):
        base, phase = dice.uniform(0.25, 0.42), dice.uniform(0, math.tau)
        colour = _colour(thing, from_hue(hue, 0.75, 0.95))
        tops, lows = [], []
        for step in range(41):
            share = step / 40
            bend = math.sin(share * 7 + phase + moment.seconds * 0.5)
            y = (base + 0.07 * bend + 0.03 * math.sin(share * 17 - moment.seconds)) * canvas.height
            tops.append((share * canvas.width, y - 0.24 * canvas.height))
            lows.append((share * canvas.width, y))
        canvas.veil(tops + lows[::-1], colour, 0.32, blur=0.03 * canvas.unit)


def _planet(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    dice = scene.plan.dice("planet")
    for row in range(min(thing.count, 9)):
        x = (_across(scene, thing, 0.56) - 0.42 * row) % 1.0 * canvas.width
        y = (0.38 + 0.2 * ((row * 2) % 3 - 1)) * canvas.height
        radius = (0.15 if row == 0 else 0.08) * _size(thing) * canvas.unit
        colour = _colour(thing, from_hue(dice.random(), 0.5, 0.85))
        _ball(canvas, x, y + math.sin(moment.seconds) * radius * 0.03, radius, colour)
        if row == 0:
            ring = (x - radius * 1.9, y - radius * 0.42, x + radius * 1.9, y + radius * 0.42)
            ink = canvas.ink(lighter(colour, 0.55))
            canvas.pen.arc(ring, -8, 188, fill=ink, width=max(1, round(radius * 0.09)))


def _ball(canvas: Canvas, x: float, y: float, radius: float, colour: Colour) -> None:
    """A lit sphere."""
    for step in range(24):
        share = step / 24
        canvas.disc(
            x - radius * 0.3 * share,
            y - radius * 0.3 * share,
            radius * (1 - share * 0.93),
            mixed(darker(colour, 0.55), lighter(colour, 0.35), share),
        )


def _galaxy(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    dice = scene.plan.dice("galaxy")
    hue = dice.random()
    for row in range(14):
        share = row / 13
        x = (share + dice.uniform(-0.06, 0.06)) * canvas.width
        y = (0.75 - 0.5 * share + dice.uniform(-0.1, 0.1)) * canvas.height
        colour = _colour(thing, from_hue(hue + dice.uniform(-0.12, 0.12), 0.7, 0.85))
        canvas.glow(x, y, dice.uniform(0.2, 0.42) * canvas.unit, colour, dice.uniform(0.12, 0.34))


PAINTERS = {
    "sky": Painter(0, _sky),
    "galaxy": Painter(2, _galaxy),
    "stars": Painter(4, _stars, moves=True),
    "aurora": Painter(6, _aurora, moves=True),
    "moon": Painter(8, _moon, moves=True),
    "planet": Painter(9, _planet, moves=True),
    "sun": Painter(10, _sun, moves=True),
    "rainbow": Painter(14, _rainbow, moves=True),
}
