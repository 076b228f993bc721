"""Buildings: cities, houses, castles and lighthouses."""

from __future__ import annotations

import math
from random import Random

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import NAMED, Colour, darker, lighter, mixed
from nexhina_nb.engines.images.layers import Painter, Scene
from nexhina_nb.engines.images.plan import Moment, Thing
from nexhina_nb.engines.images.scenery.plants import size_of, spots

_LIT: Colour = (255, 216, 128)
_WALLS: tuple[Colour, ...] = ((240, 226, 204), (232, 196, 164), (212, 222, 226), (244, 238, 226))
_ROOFS: tuple[Colour, ...] = ((178, 70, 56), (142, 60, 60), (92, 84, 104), (196, 104, 60))


def _is_dark(scene: Scene) -> bool:
    return scene.plan.hour in ("night", "space", "sunset")


def _city(canvas: Canvas, scene: Scene, thing: Thing, _: Moment) -> None:
    dice = scene.plan.dice("city")
    wall = NAMED[thing.colours[0]] if thing.colours else (104, 116, 140)
    wall, haze = scene.palette.light.on(wall), scene.palette.light.sky[-1]
    base = (scene.horizon + 0.03) * canvas.height
    for row in range(3):
        x = -0.02
        while x < 1.02:
            wide = dice.uniform(0.045, 0.1)
            tall = dice.uniform(0.14, 0.34) * (1.25 - 0.25 * row)
            tone = mixed(darker(wall, 0.17 * row), haze, (0.5, 0.25, 0.0)[row])
            tone = mixed(tone, lighter(tone, 0.14), dice.random())
            foot = base + 0.03 * row * canvas.height
            box = (x * canvas.width, foot - tall * canvas.height, (x + wide) * canvas.width, foot)
            _tower(canvas, dice, box, tone, _is_dark(scene))
            x += wide * dice.uniform(0.92, 1.35)


def _tower(
    canvas: Canvas,
    dice: Random,
    box: tuple[float, float, float, float],
    wall: Colour,
    is_dark: bool,
) -> None:
    left, top, right, low = box
    canvas.rectangle(left, top, right, low, wall)
    canvas.rectangle(left + (right - left) * 0.72, top, right, low, darker(wall, 0.12))
    middle, unit = (left + right) / 2, canvas.unit
    if dice.random() < 0.25:
        canvas.line([(middle, top - unit * 0.05), (middle, top)], wall, unit * 0.004)
    step = unit * 0.021
    columns = max(1, int((right - left) / step))
    for row in range(int((low - top) / (step * 1.3))):
        for column in range(columns):
            is_lit = dice.random() < (0.5 if is_dark else 0.12)
            glass = _LIT if is_lit and is_dark else lighter(wall, 0.32 if is_lit else 0.14)
            if is_dark and not is_lit:
                glass = darker(wall, 0.25)
            x = left + (right - left) * (column + 0.5) / columns
            y = top + step * (0.8 + row * 1.3)
            if y + step * 0.4 < low:
                canvas.rectangle(
                    x - step * 0.24, y - step * 0.3, x + step * 0.24, y + step * 0.3, glass
                )


def _houses(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    dice = scene.plan.dice("houses")
    for x, y, near in spots(scene, thing, 1, (0.08, 0.14)):
        wide = canvas.unit * (0.2 + 0.1 * near) * size_of(thing)
        if thing.count > 4:
            wide *= 0.6
        wall = NAMED[thing.colours[0]] if thing.colours else dice.choice(_WALLS)
        roof = NAMED[thing.roof] if thing.roof else dice.choice(_ROOFS)
        light = scene.palette.light
        at = (x * canvas.width, y * canvas.height)
        _house(canvas, at, wide, (light.on(wall), light.on(roof)), _is_dark(scene))


def _house(
    canvas: Canvas,
    foot: tuple[float, float],
    wide: float,
    colours: tuple[Colour, Colour],
    is_lit: bool,
) -> None:
    (x, y), (wall, roof) = foot, colours
    half, tall = wide / 2, wide * 0.62
    chimney = darker(roof, 0.25)
    canvas.rectangle(x + half * 0.4, y - tall * 1.75, x + half * 0.62, y - tall, chimney)
    canvas.rectangle(x - half, y - tall, x + half, y, wall)
    canvas.rectangle(x + half * 0.5, y - tall, x + half, y, darker(wall, 0.08))
    canvas.polygon(
        [(x - half * 1.2, y - tall), (x, y - tall * 1.8), (x + half * 1.2, y - tall)], roof
    )
    canvas.polygon(
        [(x, y - tall * 1.8), (x + half * 1.2, y - tall), (x + half * 0.4, y - tall)],
        darker(roof, 0.14),
    )
    canvas.rectangle(x - half * 0.18, y - tall * 0.55, x + half * 0.18, y, darker(roof, 0.4))
    canvas.disc(x + half * 0.1, y - tall * 0.26, half * 0.03, _LIT)
    glass = _LIT if is_lit else (160, 205, 228)
    for side in (-0.6, 0.6):
        left, top = x + half * (side - 0.19), y - tall * 0.74
        canvas.rectangle(left, top, left + half * 0.38, top + tall * 0.34, lighter(wall, 0.6))
        edge = half * 0.035
        for pane in range(4):
            px = left + edge + (pane % 2) * half * 0.19
            py = top + edge + (pane // 2) * tall * 0.17
            canvas.rectangle(px, py, px + half * 0.12, py + tall * 0.17 - 2 * edge, glass)


def _castle(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    stone = NAMED[thing.colours[0]] if thing.colours else (176, 170, 166)
    stone = scene.palette.light.on(stone)
    unit = canvas.unit * size_of(thing)
    x = (0.5 + 0.27 * (thing.place[0] if thing.place else 0)) * canvas.width
    y = (scene.horizon + 0.1) * canvas.height
    _wall(canvas, (x - 0.26 * unit, y - 0.17 * unit, x + 0.26 * unit, y), stone)
    for across, tall in ((-0.28, 0.3), (0.28, 0.3), (-0.11, 0.38), (0.11, 0.43)):
        middle, half = x + across * unit, 0.052 * unit
        tone = stone if abs(across) > 0.2 else darker(stone, 0.1)
        box = (middle - half, y - tall * unit, middle + half, y)
        _wall(canvas, box, tone)
        peak = [
            (middle - half * 1.25, box[1]),
            (middle, box[1] - 0.13 * unit),
            (middle + half * 1.25, box[1]),
        ]
        canvas.polygon(peak, scene.palette.light.on((150, 58, 66)))
        flag = 0.018 * unit * math.sin(moment.seconds * 4 + across * 9)
        tip = (middle, box[1] - 0.19 * unit)
        canvas.line([(middle, box[1] - 0.12 * unit), tip], darker(stone, 0.5), unit * 0.004)
        far = (middle + 0.06 * unit, tip[1] + 0.017 * unit + flag)
        canvas.polygon([tip, far, (middle, tip[1] + 0.034 * unit)], (226, 180, 60))
        window = _LIT if _is_dark(scene) else darker(stone, 0.6)
        canvas.rounded(
            (middle - half * 0.2, box[1] + 0.06 * unit, middle + half * 0.2, box[1] + 0.11 * unit),
            half * 0.2,
            window,
        )
    gate = darker(stone, 0.65)
    canvas.disc(x, y - 0.065 * unit, 0.048 * unit, gate)
    canvas.rectangle(x - 0.048 * unit, y - 0.065 * unit, x + 0.048 * unit, y, gate)


def _wall(canvas: Canvas, box: tuple[float, float, float, float], stone: Colour) -> None:
    """A wall with battlements."""
    left, top, right, low = box
    canvas.rectangle(left, top, right, low, stone)
    step = canvas.unit * 0.017
    for column in range(int((right - left) / step) // 2 + 1):
        start = left + column * step * 2
        canvas.rectangle(start, top - step, min(start + step, right), top, stone)


def _lighthouse(canvas: Canvas, scene: Scene, thing: Thing, moment: Moment) -> None:
    island = scene.plan.thing("island") or thing
    x = (0.72 if not island.place else 0.5 + 0.27 * island.place[0]) * canvas.width
    y = (scene.horizon - 0.03) * canvas.height
    tall, half = 0.42 * canvas.unit, 0.05 * canvas.unit
    red = scene.palette.light.on(NAMED[thing.colours[0]] if thing.colours else (206, 60, 56))
    white = scene.palette.light.on((248, 246, 240))
    top = y - tall
    if _is_dark(scene):
        angle = moment.seconds * 0.9
        far = canvas.width * math.cos(angle)
        spread = canvas.height * 0.09
        canvas.veil([(x, top), (x - far, top - spread), (x - far, top + spread)], _LIT, 0.3)
        canvas.glow(x, top, 0.16 * canvas.unit, _LIT, 0.8)
    for row in range(6):
        low, high = y - tall * row / 6, y - tall * (row + 1) / 6
        wide, slim = half * (1 - 0.07 * row), half * (1 - 0.07 * (row + 1))
        tone = red if row % 2 else white
        canvas.polygon([(x - wide, low), (x + wide, low), (x + slim, high), (x - slim, high)], tone)
    canvas.rectangle(x - half * 0.8, top - half * 0.12, x + half * 0.8, top, darker(red, 0.4))
    canvas.rectangle(x - half * 0.4, top - half * 0.75, x + half * 0.4, top, _LIT)
    peak = top - half * 0.75
    canvas.polygon([(x - half * 0.6, peak), (x, peak - half * 0.7), (x + half * 0.6, peak)], red)


PAINTERS = {
    "city": Painter(28, _city),
    "lighthouse": Painter(39, _lighthouse, moves=True),
    "castle": Painter(47, _castle, moves=True),
    "house": Painter(50, _houses),
}
