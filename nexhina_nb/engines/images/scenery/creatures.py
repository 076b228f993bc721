"""Creatures: birds, fish and cats."""

from __future__ import annotations

import math

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import NAMED, Colour, darker, from_hue, lighter
from nexhina_nb.engines.images.layers import Painter, Scene
from nexhina_nb.engines.images.plan import Moment, Thing
from nexhina_nb.engines.images.scenery.plants import size_of, spots
from nexhina_nb.engines.images.scenery.vehicles import passing


def tone_of(thing: Thing, row: int, otherwise: Colour) -> Colour:
    """The asked colours in turn."""
    return NAMED[thing.colours[row % len(thing.colours)]] if thing.colours else otherwise


def _birds(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    count = thing.count if thing.counted else max(thing.count, 6)
    flock = Thing("bird", count=count, place=thing.place)
    for row in range(min(count, 60)):
        dice = scene.plan.dice(f"wing {row}")
        x = passing(scene.plan, flock, row, moment, 0.05) * canvas.width
        y = (dice.uniform(0.14, 0.42) + 0.01 * math.sin(moment.seconds * 2 + row)) * canvas.height
        size = canvas.unit * dice.uniform(0.018, 0.032) * size_of(thing)
        lift = size * (0.55 + 0.45 * math.sin(moment.seconds * 7 + row * 1.3))
        colour = tone_of(thing, row, darker(scene.palette.light.sky[0], 0.55))
        for side in (-1, 1):
            wing = [
                (x, y),
                (x + side * size * 0.5, y - lift),
                (x + side * size * 1.2, y - lift * 0.45),
            ]
            canvas.line(wing, colour, size * 0.17)


def _fish(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    depth = (0.14, 0.4) if scene.has("sea") else (0.11, 0.19)
    shoal = Thing("fish", count=thing.count, place=thing.place)
    for row in range(min(thing.count, 60)):
        dice = scene.plan.dice(f"fin {row}")
        size = canvas.unit * dice.uniform(0.07, 0.1) * size_of(thing) / (1 + thing.count / 25)
        x = passing(scene.plan, shoal, row, moment, 0.06) * canvas.width
        y = (scene.horizon + dice.uniform(*depth)) * canvas.height
        colour = tone_of(thing, row, from_hue(dice.random(), 0.7, 0.95))
        sway = math.sin(moment.seconds * 6 + row) * size * 0.2
        tail = [
            (x - size * 0.8, y),
            (x - size * 1.5, y - size * 0.5 + sway),
            (x - size * 1.5, y + size * 0.5 + sway),
        ]
        canvas.polygon(tail, darker(colour, 0.15))
        canvas.polygon(
            [
                (x - size * 0.3, y - size * 0.4),
                (x, y - size * 0.8),
                (x + size * 0.3, y - size * 0.4),
            ],
            darker(colour, 0.2),
        )
        canvas.ellipse(x, y, size, size * 0.5, colour)
        canvas.ellipse(
            x - size * 0.1, y + size * 0.18, size * 0.7, size * 0.25, lighter(colour, 0.3)
        )
        canvas.disc(x + size * 0.6, y - size * 0.12, size * 0.1, (255, 255, 255))
        canvas.disc(x + size * 0.63, y - size * 0.12, size * 0.055, (20, 20, 30))


def _cats(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    for row, (x, y, near) in enumerate(spots(scene, thing, 1, (0.2, 0.1))):
        size = canvas.unit * (0.26 + 0.05 * near) * size_of(thing) / (1 + thing.count / 10)
        dice = scene.plan.dice(f"fur {row}")
        fur = dice.choice(((66, 62, 70), (222, 140, 66), (150, 140, 134), (240, 232, 220)))
        _cat(canvas, (x * canvas.width, y * canvas.height), size, tone_of(thing, row, fur), moment)


def _cat(canvas: Canvas, at: tuple[float, float], size: float, fur: Colour, moment: Moment) -> None:
    x, y = at
    wag = math.sin(moment.seconds * 2.5) * size * 0.08
    for step in range(25):
        share = step / 24
        bend = math.sin(share * math.pi * 0.5)
        across = x + size * (0.2 + 0.36 * bend) + wag * share**2
        canvas.disc(across, y - size * (0.06 + 0.5 * share**2), size * 0.046, darker(fur, 0.12))
    canvas.ellipse(x, y - size * 0.3, size * 0.3, size * 0.32, fur)
    canvas.ellipse(x, y - size * 0.2, size * 0.17, size * 0.2, lighter(fur, 0.25))
    for side in (-1, 1):
        canvas.ellipse(x + side * size * 0.15, y - size * 0.03, size * 0.11, size * 0.055, fur)
        ear = [(0.27, -0.72), (0.24, -1.04), (0.04, -0.88)]
        inside = [(0.24, -0.77), (0.22, -0.96), (0.1, -0.86)]
        for part, colour in ((ear, fur), (inside, (240, 160, 170))):
            canvas.polygon([(x + side * px * size, y + py * size) for px, py in part], colour)
    canvas.ellipse(x, y - size * 0.7, size * 0.29, size * 0.25, fur)
    is_blinking = math.sin(moment.seconds * 1.7 + 0.6) < -0.97
    _cat_face(canvas, at, size, lighter(fur, 0.6), 0.01 if is_blinking else 0.062)


def _cat_face(
    canvas: Canvas, at: tuple[float, float], size: float, whisker: Colour, eye: float
) -> None:
    x, y = at
    for side in (-1, 1):
        pupil = x + side * size * 0.115
        canvas.ellipse(pupil, y - size * 0.73, size * 0.06, size * eye, (206, 226, 110))
        canvas.ellipse(pupil, y - size * 0.73, size * 0.022, size * eye * 0.85, (34, 34, 44))
        for row in (-1, 0, 1):
            start = (x + side * size * 0.1, y - size * (0.6 - 0.015 * row))
            end = (x + side * size * 0.42, y - size * (0.61 - 0.06 * row))
            canvas.line([start, end], whisker, size * 0.007)
    nose = [(-0.03, -0.645), (0.03, -0.645), (0, -0.605)]
    canvas.polygon([(x + px * size, y + py * size) for px, py in nose], (226, 120, 136))


PAINTERS = {
    "fish": Painter(49, _fish, moves=True),
    "bird": Painter(62, _birds, moves=True),
    "cat": Painter(66, _cats, moves=True),
}
