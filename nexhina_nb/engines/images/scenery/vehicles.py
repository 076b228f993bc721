"""What moves through a landscape: boats, cars and hot-air balloons."""

from __future__ import annotations

import math

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import NAMED, Colour, darker, from_hue, lighter
from nexhina_nb.engines.images.layers import Painter, Scene
from nexhina_nb.engines.images.plan import Moment, Plan, Thing
from nexhina_nb.engines.images.scenery.plants import size_of


def _tone(scene: Scene, thing: Thing, row: int, otherwise: Colour) -> Colour:
    """The asked colours in turn, in the light of the scene."""
    if thing.colours:
        return scene.palette.light.on(NAMED[thing.colours[row % len(thing.colours)]])
    return scene.palette.light.on(otherwise)


def passing(plan: Plan, thing: Thing, row: int, moment: Moment, speed: float) -> float:
    """Where one of several travellers is, as a share of the width. It re-enters when it leaves."""
    dice = plan.dice(f"{thing.kind} {row}")
    start = (row + 0.5) / thing.count + dice.uniform(-0.2, 0.2) / thing.count
    if thing.place and thing.count == 1:
        start = 0.5 + 0.28 * thing.place[0]
    way = -1 if "go left" in plan.motions else 1
    return (start + way * moment.seconds * speed + 0.2) % 1.4 - 0.2


def _boats(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    depth = 0.16 if scene.has("lake") or scene.has("river") else 0.06
    for row in range(min(thing.count, 30)):
        near = ((row * 7) % 5) / 5
        x = passing(scene.plan, thing, row, moment, 0.02)
        size = canvas.unit * (0.16 + 0.07 * near) * size_of(thing) / (1 + thing.count / 12)
        y = (scene.horizon + depth + 0.1 * near) * canvas.height
        y += math.sin(moment.seconds * 1.8 + row) * size * 0.03
        _boat(canvas, scene, (x * canvas.width, y), size, _tone(scene, thing, row, (168, 62, 48)))


def _boat(canvas: Canvas, scene: Scene, at: tuple[float, float], size: float, hull: Colour) -> None:
    x, y = at
    sail = scene.palette.light.on((252, 250, 242))
    canvas.line([(x, y - size * 0.1), (x, y - size * 1.15)], darker(hull, 0.4), size * 0.03)
    canvas.polygon(
        [
            (x + size * 0.04, y - size * 1.1),
            (x + size * 0.04, y - size * 0.2),
            (x + size * 0.56, y - size * 0.2),
        ],
        sail,
    )
    canvas.polygon(
        [
            (x - size * 0.05, y - size * 0.95),
            (x - size * 0.05, y - size * 0.2),
            (x - size * 0.42, y - size * 0.2),
        ],
        darker(sail, 0.12),
    )
    canvas.polygon(
        [
            (x - size * 0.6, y - size * 0.13),
            (x + size * 0.68, y - size * 0.13),
            (x + size * 0.46, y + size * 0.12),
            (x - size * 0.44, y + size * 0.12),
        ],
        hull,
    )
    canvas.line(
        [(x - size * 0.6, y - size * 0.12), (x + size * 0.68, y - size * 0.12)],
        lighter(hull, 0.4),
        size * 0.025,
    )


def _cars(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    for row in range(min(thing.count, 20)):
        dice = scene.plan.dice(f"car {row}")
        size = canvas.unit * 0.28 * size_of(thing) / (1 + thing.count / 8)
        x = passing(scene.plan, thing, row, moment, 0.12) * canvas.width
        y = (0.86 + 0.05 * (row % 3)) * canvas.height
        _car(canvas, (x, y), size, _tone(scene, thing, row, from_hue(dice.random(), 0.7, 0.8)))


def _car(canvas: Canvas, at: tuple[float, float], size: float, paint: Colour) -> None:
    x, y = at
    tyre = size * 0.11
    cabin = [
        (x - size * 0.32, y - size * 0.28),
        (x - size * 0.2, y - size * 0.48),
        (x + size * 0.12, y - size * 0.48),
        (x + size * 0.28, y - size * 0.28),
    ]
    canvas.polygon(cabin, darker(paint, 0.1))
    for left, right in ((-0.25, -0.05), (-0.01, 0.19)):
        glass = [
            (x + size * left, y - size * 0.29),
            (x + size * (left + 0.07), y - size * 0.44),
            (x + size * (right - 0.07), y - size * 0.44),
            (x + size * right, y - size * 0.29),
        ]
        canvas.polygon(glass, (196, 224, 238))
    canvas.rounded(
        (x - size * 0.5, y - size * 0.3, x + size * 0.5, y - size * 0.06), size * 0.09, paint
    )
    canvas.disc(x + size * 0.46, y - size * 0.2, size * 0.035, (255, 236, 150))
    for wheel in (-0.28, 0.29):
        canvas.disc(x + size * wheel, y - size * 0.06, tyre, (34, 34, 40))
        canvas.disc(x + size * wheel, y - size * 0.06, tyre * 0.5, (190, 194, 200))


def _balloons(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    count = thing.count if thing.counted else max(thing.count, 1)
    for row in range(min(count, 30)):
        dice = scene.plan.dice(f"balloon {row}")
        size = canvas.unit * dice.uniform(0.11, 0.15) * size_of(thing) / (1 + count / 16)
        x = passing(scene.plan, thing, row, moment, 0.012)
        y = dice.uniform(0.2, 0.42) - 0.03 * moment.eased
        y += 0.01 * math.sin(moment.seconds + row)
        tone = _tone(scene, thing, row, from_hue(dice.random(), 0.72, 0.92))
        _balloon(canvas, (x * canvas.width, y * canvas.height), size, tone)


def _balloon(canvas: Canvas, at: tuple[float, float], size: float, paint: Colour) -> None:
    x, y = at
    basket = y + size * 1.75
    for side in (-1, 1):
        canvas.line(
            [(x + side * size * 0.5, y + size * 0.8), (x + side * size * 0.16, basket)],
            (92, 70, 56),
            size * 0.025,
        )
    for wide, tone in ((1.0, paint), (0.66, lighter(paint, 0.55)), (0.3, paint)):
        canvas.ellipse(x, y, size * wide, size, tone)
        skirt = [
            (x - size * wide * 0.94, y + size * 0.34),
            (x + size * wide * 0.94, y + size * 0.34),
            (x + size * wide * 0.22, y + size * 1.25),
            (x - size * wide * 0.22, y + size * 1.25),
        ]
        canvas.polygon(skirt, tone)
    canvas.rounded(
        (x - size * 0.2, basket, x + size * 0.2, basket + size * 0.28), size * 0.06, (134, 94, 58)
    )


PAINTERS = {
    "boat": Painter(55, _boats, moves=True),
    "car": Painter(58, _cars, moves=True),
    "balloon": Painter(61, _balloons, moves=True),
}
