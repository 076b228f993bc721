"""Geometric shapes: their outlines, where each stands, and how they move."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from nexhina_nb.engines.images.canvas import Canvas, Point
from nexhina_nb.engines.images.colours import NAMED, Colour, luminance
from nexhina_nb.engines.images.layers import Layer
from nexhina_nb.engines.images.outlines import outline
from nexhina_nb.engines.images.plan import Moment, Plan, Thing

_SIZES = {"small": 0.5, "": 0.8, "large": 1.0}
_USUAL = {"heart": "red", "star": "gold"}
_FREE_COLOURS = ("teal", "orange", "purple", "blue", "red", "green", "pink", "gold")


@dataclass(frozen=True, slots=True)
class Figure:
    """One shape in place: centre as shares of width and height, radius as a share of the room."""

    kind: str
    colour: Colour
    x: float
    y: float
    radius: float  # a share of the shorter side
    turn: float = 0.0
    motions: tuple[str, ...] = ()


def background_of(plan: Plan) -> Colour:
    """The colour asked for, or a plain one that the shapes stand out from."""
    if plan.background:
        return NAMED[plan.background]
    named = [NAMED[name] for thing in plan.shapes for name in thing.colours]
    is_light = bool(named) and min(map(luminance, named)) > 0.72
    return (32, 38, 58) if is_light else (249, 247, 242)


def arranged(plan: Plan) -> list[Figure]:
    """Every shape of a plan at its place: placed ones there, the others in rows."""
    figures: list[Figure] = []
    free = [thing for thing in plan.shapes if thing.place is None]
    placed = [thing for thing in plan.shapes if thing.place is not None]
    # Large ones first: what is inside of another must be painted after it.
    groups = [[thing] for thing in sorted(placed, key=lambda thing: -_SIZES[thing.size])]
    for group in [free, *groups] if free else groups:
        figures += _in_rows(plan, group, len(figures))
    return figures


def _in_rows(plan: Plan, things: list[Thing], used: int) -> list[Figure]:
    total = sum(thing.count for thing in things)
    x, y, room = _room(plan, things[0].place)
    columns = math.ceil(math.sqrt(total * 1.35)) if total > 3 else total
    rows = math.ceil(total / columns)
    cell = min(room / columns, room / rows)
    figures = []
    for row, (thing, turn) in enumerate((t, turn) for t in things for turn in range(t.count)):
        line, column = divmod(row, columns)
        in_line = min(columns, total - line * columns)
        radius = 0.44 * cell * _SIZES[thing.size]
        if total == 1 and thing.size != "large":
            radius *= 0.72
        figures.append(
            Figure(
                thing.kind,
                _colour(thing, turn, used + row),
                x + (column - (in_line - 1) / 2) * cell,
                y + (line - (rows - 1) / 2) * cell,
                radius,
                motions=thing.motions,
            )
        )
    return figures


def _room(plan: Plan, place: tuple[int, int] | None) -> tuple[float, float, float]:
    """The middle and the side of the square in which things stand."""
    if place is None:
        return 0.5, 0.5, 0.9
    return 0.5 + 0.28 * place[0], 0.5 + 0.28 * place[1], 0.42 if place != (0, 0) else 0.6


def _colour(thing: Thing, turn: int, position: int) -> Colour:
    if thing.colours:
        return NAMED[thing.colours[turn % len(thing.colours)]]
    if thing.kind in _USUAL:
        return NAMED[_USUAL[thing.kind]]
    return NAMED[_FREE_COLOURS[position % len(_FREE_COLOURS)]]


def moved(figure: Figure, row: int, moment: Moment) -> Figure:
    """Where a shape is at a moment: as the words say, or gently bobbing."""
    for motion in figure.motions or ("bob",):
        figure = _MOTIONS[motion](figure, row, moment.seconds)
    return figure


def _bobbed(figure: Figure, row: int, time: float) -> Figure:
    return replace(figure, y=figure.y + 0.012 * (math.sin(time * 1.7 + row) - math.sin(row)))


def _bounced(figure: Figure, row: int, time: float) -> Figure:
    phase = time * 2.4 + row * 0.5 * min(1.0, time)
    return replace(figure, y=figure.y - 0.14 * abs(math.sin(phase)))


def _turned(figure: Figure, _: int, time: float) -> Figure:
    return replace(figure, turn=figure.turn + time * 1.3)


def _swollen(figure: Figure, _: int, time: float) -> Figure:
    return replace(figure, radius=figure.radius * (1 + 0.22 * math.sin(time * 3)))


def _travelled(across: float, down: float) -> Callable[[Figure, int, float], Figure]:
    """Steady motion; what leaves on one side comes back on the other."""

    def move(figure: Figure, _: int, time: float) -> Figure:
        x = (figure.x + across * time + 0.25) % 1.5 - 0.25
        return replace(figure, x=x, y=(figure.y + down * time + 0.25) % 1.5 - 0.25)

    return move


def _circled(figure: Figure, _: int, time: float) -> Figure:
    across, down = figure.x - 0.5, figure.y - 0.5 or 0.18 * min(1.0, time)
    cosine, sine = math.cos(time), math.sin(time)
    return replace(
        figure,
        x=0.5 + across * cosine - down * sine,
        y=0.5 + across * sine + down * cosine,
    )


_MOTIONS: dict[str, Callable[[Figure, int, float], Figure]] = {
    "bob": _bobbed,
    "bounce": _bounced,
    "rotate": _turned,
    "pulse": _swollen,
    "orbit": _circled,
    "go left": _travelled(-0.22, 0),
    "go right": _travelled(0.22, 0),
    "fall": _travelled(0, 0.2),
    "rise": _travelled(0, -0.2),
}


def draw(canvas: Canvas, figure: Figure) -> None:
    """Paint one shape."""
    radius = figure.radius * canvas.unit
    across, down = _centre(canvas, figure)
    if figure.kind == "ring":
        box = (across - radius, down - radius, across + radius, down + radius)
        width = max(1, round(radius * 0.34))
        canvas.pen.ellipse(box, outline=canvas.ink(figure.colour), width=width)
        return
    cosine, sine = math.cos(figure.turn), math.sin(figure.turn)
    points = [
        (across + (x * cosine - y * sine) * radius, down + (x * sine + y * cosine) * radius)
        for x, y in outline(figure.kind)
    ]
    canvas.polygon(points, figure.colour)


def _centre(canvas: Canvas, figure: Figure) -> Point:
    """Rows are laid out in a square of the shorter side, in the middle of the picture."""
    x = canvas.width / 2 + (figure.x - 0.5) * _spread(canvas.width, canvas.unit)
    y = canvas.height / 2 + (figure.y - 0.5) * _spread(canvas.height, canvas.unit)
    return x, y


def _spread(side: int, unit: int) -> float:
    return unit + (side - unit) * 0.72


def layer_of(plan: Plan) -> Layer:
    """All shapes of a plan as one layer."""
    figures = arranged(plan)

    def paint(canvas: Canvas, moment: Moment) -> None:
        for row, figure in enumerate(figures):
            draw(canvas, moved(figure, row, moment))

    return Layer("shapes", paint, moves=True)
