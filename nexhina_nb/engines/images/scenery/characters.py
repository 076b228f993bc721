"""What stands on the ground like somebody: snowmen, robots, and a fire."""

from __future__ import annotations

import math

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import Colour, darker, from_hue, lighter, mixed
from nexhina_nb.engines.images.layers import Painter, Scene
from nexhina_nb.engines.images.plan import Moment, Thing
from nexhina_nb.engines.images.scenery.creatures import tone_of
from nexhina_nb.engines.images.scenery.plants import size_of, spots


def _snowmen(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    for row, (x, y, near) in enumerate(spots(scene, thing, 1, (0.2, 0.1))):
        size = canvas.unit * (0.34 + 0.06 * near) * size_of(thing) / (1 + thing.count / 10)
        at, low = x * canvas.width, y * canvas.height
        snow, coal = scene.palette.light.on((250, 252, 255)), (40, 40, 48)
        for up, radius in ((0.22, 0.25), (0.58, 0.19), (0.88, 0.14)):
            canvas.disc(at, low - up * size, radius * size, darker(snow, 0.12))
            canvas.disc(
                at - radius * size * 0.08,
                low - up * size - radius * size * 0.06,
                radius * size * 0.92,
                snow,
            )
        scarf = tone_of(thing, row, (212, 54, 60))
        canvas.rounded(
            (at - size * 0.16, low - size * 0.78, at + size * 0.16, low - size * 0.71),
            size * 0.03,
            scarf,
        )
        for up in (0.5, 0.58, 0.66):
            canvas.disc(at, low - up * size, size * 0.017, coal)
        for side in (-1, 1):
            canvas.disc(at + side * size * 0.05, low - size * 0.92, size * 0.017, coal)
        canvas.polygon(
            [
                (at, low - size * 0.89),
                (at, low - size * 0.86),
                (at + size * 0.15, low - size * 0.87),
            ],
            (240, 130, 40),
        )
        canvas.rectangle(
            at - size * 0.16, low - size * 1.02, at + size * 0.16, low - size * 0.99, coal
        )
        canvas.rectangle(at - size * 0.1, low - size * 1.18, at + size * 0.1, low - size, coal)


def _robots(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    for row, (x, y, near) in enumerate(spots(scene, thing, 1, (0.18, 0.12))):
        size = canvas.unit * (0.36 + 0.06 * near) * size_of(thing) / (1 + thing.count / 8)
        dice = scene.plan.dice(f"metal {row}")
        steel = tone_of(thing, row, mixed((160, 172, 186), from_hue(dice.random(), 0.6, 0.8), 0.3))
        _robot(canvas, (x * canvas.width, y * canvas.height), size, steel, moment)


def _robot(
    canvas: Canvas, at: tuple[float, float], size: float, steel: Colour, moment: Moment
) -> None:
    (x, y), dark = at, darker(steel, 0.45)
    for side in (-1, 1):
        canvas.rectangle(
            x + side * size * 0.1 - size * 0.045,
            y - size * 0.24,
            x + side * size * 0.1 + size * 0.045,
            y,
            dark,
        )
        swing = math.sin(moment.seconds * 3) * side * size * 0.1
        hand = (x + side * size * 0.34, y - size * 0.3 + swing)
        canvas.line([(x + side * size * 0.2, y - size * 0.52), hand], dark, size * 0.06)
        canvas.disc(*hand, size * 0.05, steel)
    canvas.rounded(
        (x - size * 0.21, y - size * 0.62, x + size * 0.21, y - size * 0.2), size * 0.04, steel
    )
    canvas.rounded(
        (x - size * 0.13, y - size * 0.53, x + size * 0.13, y - size * 0.36), size * 0.02, dark
    )
    for row in range(3):
        lamp = ((240, 80, 70), (250, 210, 80), (90, 220, 130))[row]
        canvas.disc(x + (row - 1) * size * 0.08, y - size * 0.445, size * 0.025, lamp)
    canvas.line([(x, y - size * 0.92), (x, y - size * 1.03)], dark, size * 0.02)
    canvas.disc(x, y - size * 1.04, size * 0.03, (240, 80, 70))
    canvas.rounded(
        (x - size * 0.17, y - size * 0.93, x + size * 0.17, y - size * 0.65),
        size * 0.06,
        lighter(steel, 0.12),
    )
    for side in (-1, 1):
        canvas.disc(x + side * size * 0.075, y - size * 0.81, size * 0.045, (255, 255, 255))
        canvas.disc(x + side * size * 0.075, y - size * 0.81, size * 0.022, (30, 120, 220))
    canvas.rectangle(x - size * 0.08, y - size * 0.72, x + size * 0.08, y - size * 0.695, dark)


def _fires(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    for x, y, near in spots(scene, thing, 1, (0.2, 0.1)):
        size = canvas.unit * (0.2 + 0.05 * near) * size_of(thing)
        at, low = x * canvas.width, y * canvas.height
        canvas.glow(at, low - size * 0.4, size * 2.4, (255, 150, 50), 0.7)
        for lean in (-1, 1):
            log = [(at - lean * size * 0.42, low), (at + lean * size * 0.42, low - size * 0.13)]
            canvas.line(log, (92, 60, 40), size * 0.11)
        for part, tone in enumerate(((232, 74, 30), (248, 146, 36), (255, 224, 110))):
            _flame(
                canvas,
                (at, low - size * 0.04),
                size * (1 - 0.28 * part),
                tone,
                moment.seconds + part,
            )


def _flame(
    canvas: Canvas, foot: tuple[float, float], size: float, colour: Colour, time: float
) -> None:
    x, y = foot
    left, right = [], []
    for step in range(13):
        share = step / 12
        half = size * 0.34 * math.sin(math.pi * (0.18 + 0.82 * share)) * (1 - share * 0.35)
        sway = math.sin(time * 7 + share * 5) * size * 0.09 * share
        left.append((x - half + sway, y - size * share))
        right.append((x + half + sway, y - size * share))
    canvas.polygon(left + right[::-1], colour)


PAINTERS = {
    "snowman": Painter(66, _snowmen),
    "robot": Painter(67, _robots, moves=True),
    "fire": Painter(68, _fires, moves=True),
}
