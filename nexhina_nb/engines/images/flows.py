"""Patterns that flow: gradients, fractals, spirals, ribbons, bubbles and rings."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import Colour, lighter, mixed
from nexhina_nb.engines.images.plan import Moment, Plan

Accents = tuple[Colour, ...]


def gradient(canvas: Canvas, plan: Plan, accents: Accents, _: Moment) -> None:
    stops = accents[1:] if len(plan.colours) > 1 else accents
    stops = stops[: len(plan.colours)] if len(plan.colours) > 1 else stops
    dice = plan.dice("gradient")
    angle = dice.uniform(0.2, 1.2)
    side = np.linspace(0, 1, 256)
    field = math.cos(angle) * side[None, :] + math.sin(angle) * side[:, None]
    where = (field - field.min()) / (field.max() - field.min()) * (len(stops) - 1)
    canvas.replace(_coloured(where, stops))


def _coloured(where: npt.NDArray[Any], stops: Accents) -> Image.Image:
    """Values from 0 to the number of stops less one, as colours between them."""
    parts = [np.interp(where, range(len(stops)), part) for part in zip(*stops, strict=True)]
    return Image.fromarray(np.stack(parts, axis=-1).round().astype(np.uint8))


def fractal(canvas: Canvas, plan: Plan, accents: Accents, _: Moment) -> None:
    """A Julia set, coloured by how fast each point escapes."""
    dice = plan.dice("fractal")
    angle = dice.uniform(0, math.tau)
    constant = complex(0.7885 * math.cos(angle), 0.7885 * math.sin(angle))
    shrink = max(1.0, max(canvas.width, canvas.height) / 760)
    columns, rows = round(canvas.width / shrink), round(canvas.height / shrink)
    unit = min(columns, rows)
    xs = (np.arange(columns) - columns / 2) / unit * 2.6
    ys = (np.arange(rows) - rows / 2) / unit * 2.6
    point = (xs[None, :] + 1j * ys[:, None]).astype(np.complex64).ravel()
    speed = np.zeros(point.size, np.float32)
    alive = np.arange(point.size)
    for step in range(90):
        point = point * point + constant
        far = np.abs(point)
        gone = far > 8
        speed[alive[gone]] = step + 1 - np.log2(np.log2(far[gone]) / 3)
        alive, point = alive[~gone], point[~gone]
    speed[alive] = 0
    turns = np.sqrt(speed.reshape(rows, columns)) * 0.9
    order = (*accents, *accents[-2:0:-1])
    canvas.replace(_coloured(turns % (len(order) - 1), order))


def spiral(canvas: Canvas, plan: Plan, accents: Accents, moment: Moment) -> None:
    dice = plan.dice("spiral")
    arms, twist = dice.randint(4, 8) * (len(accents) - 1), dice.uniform(3, 6)
    x, y = canvas.width / 2, canvas.height / 2
    reach = math.hypot(x, y) * 1.02
    for arm in range(arms):
        edges = []
        for side in (0.0, 1.0):
            edge = []
            for step in range(33):
                share = step / 32
                angle = (arm + side) / arms * math.tau + twist * share**0.6 + moment.seconds * 0.4
                edge.append(
                    (x + math.cos(angle) * reach * share, y + math.sin(angle) * reach * share)
                )
            edges.append(edge)
        canvas.polygon(edges[0] + edges[1][::-1], accents[1 + arm % (len(accents) - 1)])


def ribbons(canvas: Canvas, plan: Plan, accents: Accents, moment: Moment) -> None:
    """Broad waves, one behind the other."""
    dice = plan.dice("ribbons")
    canvas.gradient((accents[0], mixed(accents[0], accents[1], 0.35)))
    count = 11
    for row in range(count):
        share = row / (count - 1)
        tone = accents[1 + row % (len(accents) - 1)]
        phase, swell = dice.uniform(0, math.tau), dice.uniform(0.05, 0.12)
        tune = dice.uniform(0.7, 1.7)
        line = []
        for step in range(73):
            x = step / 72
            bend = math.sin(x * math.tau * tune + phase + moment.seconds * 0.5)
            line.append((x * canvas.width, (0.06 + 0.92 * share + swell * bend) * canvas.height))
        thick = canvas.height * dice.uniform(0.05, 0.13)
        back = [
            (x, y + thick * (0.5 + 0.5 * math.sin(x / canvas.width * 5 + phase))) for x, y in line
        ]
        canvas.veil(line + back[::-1], tone, 0.82)
        canvas.line(line, lighter(tone, 0.4), canvas.unit * 0.002)


def bubbles(canvas: Canvas, plan: Plan, accents: Accents, moment: Moment) -> None:
    """See-through discs that rise slowly."""
    dice = plan.dice("bubbles")
    canvas.gradient((accents[0], mixed(accents[0], accents[-1], 0.3)))
    for row in range(46):
        radius = canvas.unit * (0.02 + 0.15 * dice.random() ** 2)
        x, y = dice.random(), dice.random()
        y = (y - moment.seconds * 0.02 * (1 + row % 3) + 0.2) % 1.4 - 0.2
        _bubble(
            canvas,
            x * canvas.width,
            y * canvas.height,
            radius,
            accents[1 + row % (len(accents) - 1)],
        )


def _bubble(canvas: Canvas, x: float, y: float, radius: float, tone: Colour) -> None:
    box = (x - radius, y - radius, x + radius, y + radius)
    canvas.puff([box], tone, 0.5)
    ink = canvas.ink(lighter(tone, 0.5))
    canvas.pen.arc(box, 190, 290, fill=ink, width=max(1, round(radius * 0.05)))


def rings(canvas: Canvas, plan: Plan, accents: Accents, moment: Moment) -> None:
    """Circles within circles round a few centres."""
    dice = plan.dice("rings")
    for centre in range(5):
        x, y = dice.uniform(0.1, 0.9) * canvas.width, dice.uniform(0.1, 0.9) * canvas.height
        reach = canvas.unit * dice.uniform(0.22, 0.5) * (1 if centre else 1.35)
        reach *= 1 + 0.06 * math.sin(moment.seconds + centre)
        first = dice.randrange(len(accents))
        for row in range(8):
            canvas.disc(x, y, reach * (1 - row / 8), accents[(first + row) % len(accents)])
