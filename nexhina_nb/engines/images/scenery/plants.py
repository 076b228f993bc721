"""Plants: forests, single trees, palms, cacti and flowers."""

from __future__ import annotations

import math
from random import Random

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import NAMED, Colour, darker, lighter, mixed
from nexhina_nb.engines.images.layers import Painter, Scene
from nexhina_nb.engines.images.plan import Moment, Thing

_BLOSSOMS: tuple[Colour, ...] = (
    (232, 62, 76),
    (250, 208, 62),
    (240, 130, 178),
    (250, 250, 250),
    (142, 92, 206),
)


def spots(
    scene: Scene, thing: Thing, otherwise: int, depth: tuple[float, float]
) -> list[tuple[float, float, float]]:
    """Places on the ground, far ones first: across and down as shares, and how near (0..1)."""
    dice = scene.plan.dice(thing.kind)
    if scene.has("sea"):  # what grows or stands there needs the beach under it
        depth = (0.25, 0.11)
    count = thing.count if thing.counted or thing.count > 1 else otherwise
    side = 0.5 + 0.3 * (thing.place[0] if thing.place else 0)
    spread = 0.18 if thing.place else 0.46
    found = []
    for row in range(min(count, 100)):
        near = dice.random() if count > 1 else 0.55
        across = ((row + 0.5) / count * 2 - 1) * spread + dice.uniform(-0.5, 0.5) * spread / count
        if count == 1 and not thing.place:
            across = dice.uniform(-0.3, 0.3)
        found.append((side + across, scene.horizon + depth[0] + near * depth[1], near))
    return sorted(found, key=lambda spot: spot[1])


def size_of(thing: Thing) -> float:
    """How much larger or smaller than usual."""
    return {"small": 0.65, "large": 1.45}.get(thing.size, 1.0)


def _leaf(scene: Scene, thing: Thing) -> Colour:
    return scene.palette.light.on(NAMED[thing.colours[0]]) if thing.colours else scene.palette.leaf


def conifer(canvas: Canvas, x: float, y: float, height: float, colour: Colour) -> None:
    """A fir of four tiers, its right side in the shade."""
    trunk = height * 0.035
    canvas.rectangle(x - trunk, y - height * 0.16, x + trunk, y, darker((106, 74, 50), 0.2))
    for tier in range(4):
        low = y - height * (0.1 + 0.2 * tier)
        top = low - height * (0.36 - 0.02 * tier)
        half = height * (0.23 - 0.047 * tier)
        canvas.polygon([(x - half, low), (x, top), (x + half, low)], colour)
        canvas.polygon([(x, low), (x, top), (x + half, low)], darker(colour, 0.2))


def broadleaf(
    canvas: Canvas, x: float, y: float, height: float, colour: Colour, dice: Random
) -> None:
    """A tree with a round crown, lit from the left."""
    trunk = height * 0.045
    bark: Colour = mixed((104, 72, 48), colour, 0.1)
    canvas.polygon(
        [
            (x - trunk * 1.5, y),
            (x - trunk * 0.6, y - height * 0.6),
            (x + trunk * 0.6, y - height * 0.6),
            (x + trunk * 1.5, y),
        ],
        bark,
    )
    crown = [
        (dice.uniform(-0.2, 0.2), dice.uniform(0.5, 0.85), dice.uniform(0.13, 0.2))
        for _ in range(11)
    ]
    for shade, shift in (
        (darker(colour, 0.25), 0.03),
        (colour, 0.0),
        (lighter(colour, 0.17), -0.04),
    ):
        for across, up, radius in crown:
            size = radius * (1 if shift >= 0 else 0.55)
            canvas.disc(
                x + (across + shift) * height, y - (up - shift) * height, size * height, shade
            )


def _forest(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    dice, leaf = scene.plan.dice("forest"), _leaf(scene, thing)
    haze = scene.palette.light.sky[-1]
    for row in range(3):
        count = 34 - 9 * row
        y = (scene.horizon + 0.02 + 0.055 * row) * canvas.height
        tone = mixed(darker(leaf, 0.16 * row), haze, (0.5, 0.25, 0.05)[row])
        for step in range(count):
            x = (step + dice.uniform(0.1, 0.9)) / count * canvas.width
            height = canvas.height * (0.13 + 0.05 * row) * dice.uniform(0.75, 1.25)
            down = y + dice.uniform(0, 0.02) * canvas.height
            conifer(canvas, x, down, height, mixed(tone, darker(tone, 0.25), dice.random()))


def _trees(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    dice, leaf = scene.plan.dice("crowns"), _leaf(scene, thing)
    depth = (0.02, 0.05) if scene.has("house") else (0.05, 0.17)
    for x, y, near in spots(scene, thing, 3, depth):
        height = canvas.unit * (0.24 + 0.2 * near) * size_of(thing)
        at = (x * canvas.width, y * canvas.height)
        _shadow(canvas, scene, *at, height * 0.24)
        if thing.kind == "pine":
            conifer(canvas, *at, height, leaf)
        else:
            broadleaf(canvas, *at, height, mixed(leaf, lighter(leaf, 0.25), dice.random()), dice)


def _shadow(canvas: Canvas, scene: Scene, x: float, y: float, half: float) -> None:
    box = (x - half, y - half * 0.16, x + half * 1.3, y + half * 0.16)
    canvas.puff([box], darker(scene.palette.grass, 0.6), 0.35, blur=half * 0.05)


def _palms(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    leaf = _leaf(scene, thing)
    for x, y, near in spots(scene, thing, 2, (0.16, 0.2)):
        height = canvas.unit * (0.34 + 0.14 * near) * size_of(thing)
        foot = (x * canvas.width, y * canvas.height)
        lean = (0.16 if x < 0.5 else -0.16) * height
        trunk = [
            (foot[0] + lean * (step / 9) ** 2, foot[1] - height * step / 9) for step in range(10)
        ]
        canvas.line(trunk, scene.palette.light.on((132, 98, 66)), height * 0.045)
        _crown(canvas, trunk[-1], height, leaf, moment)


def _crown(
    canvas: Canvas, top: tuple[float, float], height: float, leaf: Colour, moment: Moment
) -> None:
    for row in range(9):
        angle = -math.pi * (row + 0.5) / 9 + 0.05 * math.sin(moment.seconds * 1.4 + row)
        reach = height * (0.34 + 0.05 * (row % 2))
        upper, lower = [], []
        for step in range(9):
            share = step / 8
            x = top[0] + math.cos(angle) * reach * share
            y = top[1] + math.sin(angle) * reach * share + reach * 0.75 * share**2
            half = height * 0.035 * math.sin(math.pi * min(1, share * 0.9 + 0.1))
            upper.append((x, y - half))
            lower.append((x, y + half))
        canvas.polygon(upper + lower[::-1], darker(leaf, 0.12 * (row % 3)))


def _cacti(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    colour = darker(_leaf(scene, thing), 0.1)
    for x, y, near in spots(scene, thing, 3, (0.06, 0.2)):
        height, at = canvas.unit * (0.16 + 0.12 * near) * size_of(thing), x * canvas.width
        foot, thick = y * canvas.height, canvas.unit * (0.016 + 0.012 * near)
        canvas.rounded((at - thick, foot - height, at + thick, foot), thick, colour)
        for side, low in ((-1, 0.35), (1, 0.5)):
            arm, bend = at + side * thick * 2.8, foot - height * low
            start, end = sorted((at, arm + side * thick * 0.7))
            canvas.rounded(
                (start, bend - thick * 0.7, end, bend + thick * 0.7), thick * 0.7, colour
            )
            box = (arm - thick * 0.7, bend - height * 0.32, arm + thick * 0.7, bend + thick * 0.5)
            canvas.rounded(box, thick * 0.7, colour)


def _flowers(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    dice, light = scene.plan.dice("blossoms"), scene.palette.light
    asked = [NAMED[name] for name in thing.colours]
    many = 26 if not thing.counted else thing.count
    grown = 1.0 if many > 12 else 2.2
    for x, y, near in spots(scene, thing, 26, (0.16, 0.2)):
        height = canvas.unit * (0.05 + 0.06 * near) * size_of(thing) * grown
        sway = math.sin(moment.seconds * 1.6 + x * 20) * height * 0.05
        foot = (x * canvas.width, y * canvas.height + height * 0.4)
        head = (foot[0] + sway, foot[1] - height)
        canvas.line([foot, head], darker(scene.palette.leaf, 0.1), height * 0.05)
        colour = light.on(dice.choice(asked or _BLOSSOMS))
        for petal in range(7):
            angle = petal / 7 * math.tau
            reach = height * 0.16
            canvas.disc(
                head[0] + math.cos(angle) * reach,
                head[1] + math.sin(angle) * reach,
                height * 0.1,
                colour,
            )
        canvas.disc(*head, height * 0.1, light.on((250, 196, 60)))


PAINTERS = {
    "forest": Painter(45, _forest),
    "tree": Painter(48, _trees),
    "pine": Painter(48, _trees),
    "cactus": Painter(53, _cacti),
    "palm": Painter(54, _palms, moves=True),
    "flower": Painter(64, _flowers, moves=True),
}
