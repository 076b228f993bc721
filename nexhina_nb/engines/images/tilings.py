"""Patterns that repeat or divide the plane: stripes, checks, dots, a mosaic, facets."""

from __future__ import annotations

import math

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import Colour, darker, mixed
from nexhina_nb.engines.images.plan import Moment, Plan

Accents = tuple[Colour, ...]


def stripes(canvas: Canvas, plan: Plan, accents: Accents, moment: Moment) -> None:
    dice = plan.dice("stripes")
    slope = dice.choice((0.0, 0.5, -0.5, 1.0))
    wide = canvas.unit * dice.uniform(0.05, 0.11)
    lean = slope * canvas.height
    count = int((canvas.width + abs(lean) * 2) / wide) + len(accents) + 2
    shift = (moment.seconds * 0.05 * canvas.unit) % (wide * len(accents))
    for row in range(count):
        x = -abs(lean) + (row - len(accents)) * wide + shift
        band = [
            (x, 0),
            (x + wide + 1, 0),
            (x + wide + 1 + lean, canvas.height),
            (x + lean, canvas.height),
        ]
        canvas.polygon(band, accents[row % len(accents)])


def checks(canvas: Canvas, plan: Plan, accents: Accents, _: Moment) -> None:
    side = canvas.unit / 8
    tones = (accents[0], accents[-1]) if len(plan.colours) > 1 else (accents[0], accents[2])
    if not plan.colours:
        tones = ((246, 240, 228), (44, 48, 60))
    for row in range(math.ceil(canvas.height / side)):
        for column in range(math.ceil(canvas.width / side)):
            x, y = column * side, row * side
            canvas.rectangle(x, y, x + side, y + side, tones[(row + column) % 2])


def dots(canvas: Canvas, plan: Plan, accents: Accents, moment: Moment) -> None:
    step = canvas.unit * plan.dice("dots").uniform(0.09, 0.14)
    for row in range(math.ceil(canvas.height / step) + 1):
        for column in range(math.ceil(canvas.width / step) + 1):
            tone = accents[1 + (row + column) % (len(accents) - 1)]
            x = (column + 0.5 * (row % 2)) * step
            swell = 0.3 + 0.03 * math.sin(moment.seconds * 2 + row + column)
            canvas.disc(x, row * step, step * swell, tone)


def mosaic(canvas: Canvas, plan: Plan, accents: Accents, _: Moment) -> None:
    """Rectangles split again and again, with dark seams."""
    dice = plan.dice("mosaic")
    seam, gap = darker(accents[0], 0.75), canvas.unit * 0.006
    canvas.rectangle(0, 0, canvas.width, canvas.height, seam)
    tiles = [(0.0, 0.0, float(canvas.width), float(canvas.height))]
    least = canvas.unit * 0.12
    while tiles:
        left, top, right, low = tiles.pop()
        across, down = right - left, low - top
        if max(across, down) > least * 2 and (
            max(across, down) > canvas.unit * 0.4 or dice.random() < 0.6
        ):
            cut = dice.uniform(0.3, 0.7)
            if across > down:
                middle = left + across * cut
                tiles += [(left, top, middle, low), (middle, top, right, low)]
            else:
                middle = top + down * cut
                tiles += [(left, top, right, middle), (left, middle, right, low)]
        else:
            tone = mixed(dice.choice(accents), dice.choice(accents), dice.choice((0, 0, 0.25)))
            canvas.rectangle(left + gap, top + gap, right - gap, low - gap, tone)


def facets(canvas: Canvas, plan: Plan, accents: Accents, moment: Moment) -> None:
    """A net of triangles whose corners drift."""
    dice = plan.dice("facets")
    columns = 9
    rows = max(3, round(columns * canvas.height / canvas.width))
    drift = moment.seconds * 0.8
    net = [
        [
            (
                (column + 0.7 * (dice.random() - 0.5) + 0.12 * math.sin(drift + row * 2))
                / columns
                * canvas.width
                * 1.2
                - canvas.width * 0.1,
                (row + 0.7 * (dice.random() - 0.5) + 0.12 * math.cos(drift + column))
                / rows
                * canvas.height
                * 1.2
                - canvas.height * 0.1,
            )
            for column in range(columns + 1)
        ]
        for row in range(rows + 1)
    ]
    slant = dice.uniform(0.3, 0.9)
    for row in range(rows):
        for column in range(columns):
            one, two = net[row][column], net[row][column + 1]
            three, four = net[row + 1][column], net[row + 1][column + 1]
            place = (column / columns * slant + row / rows * (1 - slant)) * (len(accents) - 1)
            base = mixed(
                accents[int(place)], accents[min(len(accents) - 1, int(place) + 1)], place % 1
            )
            canvas.polygon([one, two, three], mixed(base, (255, 255, 255), dice.uniform(0, 0.22)))
            canvas.polygon([two, four, three], darker(base, dice.uniform(0, 0.22)))
