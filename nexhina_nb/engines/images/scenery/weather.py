"""Weather: clouds, rain, snow, fog and lightning."""

from __future__ import annotations

import math

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import NAMED, Colour, darker, lighter
from nexhina_nb.engines.images.layers import Painter, Scene
from nexhina_nb.engines.images.plan import Moment, Thing


def _clouds(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    dice = scene.plan.dice("cloud")
    colour = NAMED[thing.colours[0]] if thing.colours else scene.palette.light.cloud
    count = thing.count if thing.counted else (9 if scene.plan.hour == "storm" else 5)
    for row in range(count):
        start, speed = (row + dice.uniform(-0.3, 0.3)) / count, dice.uniform(0.015, 0.035)
        across = (start + moment.seconds * speed + 0.3) % 1.6 - 0.3
        y = dice.uniform(0.07, 0.34) * canvas.height
        size = canvas.unit * dice.uniform(0.1, 0.2) * (1.4 if thing.size == "large" else 1)
        lobes = [
            (dice.uniform(-1, 1), dice.uniform(-0.3, 0.05), dice.uniform(0.24, 0.5))
            for _ in range(9)
        ]
        _cloud(canvas, across * canvas.width, y, size, lobes, colour)


def _cloud(
    canvas: Canvas,
    x: float,
    y: float,
    size: float,
    lobes: list[tuple[float, float, float]],
    colour: Colour,
) -> None:
    for shade, lift in ((darker(colour, 0.12), 0.0), (lighter(colour, 0.2), 0.1)):
        boxes = [
            (
                x + (across - wide) * size,
                y + (down - wide * 0.75 - lift) * size,
                x + (across + wide) * size,
                y + (down + wide * 0.45 - lift) * size,
            )
            for across, down, wide in lobes
        ]
        canvas.puff(boxes, shade, 0.78, blur=size * 0.03)


def _rain(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    dice = scene.plan.dice("rain")
    for _ in range(260):
        depth = dice.uniform(0.5, 1.0)
        x = dice.uniform(-0.1, 1.1)
        y = (dice.random() + moment.seconds * 1.5 * depth) % 1.1 - 0.05
        reach = 0.035 * depth
        start = ((x - y * 0.12) * canvas.width, y * canvas.height)
        end = (start[0] - reach * 0.25 * canvas.height, start[1] + reach * canvas.height)
        canvas.line([start, end], (196, 214, 232), canvas.unit * 0.0014 * depth)


def _snow(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    dice = scene.plan.dice("snow")
    for _ in range(240):
        depth, phase = dice.uniform(0.25, 1.0), dice.uniform(0, math.tau)
        x = (dice.random() + 0.02 * math.sin(moment.seconds * 1.3 + phase)) * canvas.width
        y = (dice.random() + moment.seconds * 0.12 * depth) % 1.04 * canvas.height
        canvas.disc(x, y, canvas.unit * 0.0058 * depth, (255, 255, 255))


def _fog(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    colour = lighter(scene.palette.light.sky[-1], 0.25)
    for row in range(4):
        y = (scene.horizon - 0.06 + 0.09 * row) * canvas.height
        x = (0.5 + 0.2 * math.sin(moment.seconds * 0.3 + row * 2)) * canvas.width
        half = 0.05 * canvas.height
        box = (x - canvas.width, y - half, x + canvas.width, y + half)
        canvas.puff([box], colour, 0.5, blur=0.035 * canvas.unit)


def _lightning(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    if math.sin(moment.seconds * 5) < -0.2:
        return
    dice = scene.plan.dice(f"lightning {int(moment.seconds * 1.6)}")
    x, y = dice.uniform(0.25, 0.75) * canvas.width, 0.12 * canvas.height
    points = [(x, y)]
    while y < scene.horizon * canvas.height:
        x += dice.uniform(-0.05, 0.05) * canvas.unit
        y += dice.uniform(0.03, 0.07) * canvas.height
        points.append((x, y))
    canvas.glow(*points[len(points) // 2], 0.4 * canvas.unit, (220, 226, 255), 0.5)
    canvas.line(points, (250, 250, 255), canvas.unit * 0.006)


PAINTERS = {
    "lightning": Painter(12, _lightning, moves=True),
    "cloud": Painter(16, _clouds, moves=True),
    "fog": Painter(70, _fog, moves=True),
    "rain": Painter(80, _rain, moves=True),
    "snow": Painter(81, _snow, moves=True),
}
