"""Charts with the labels and values of the prompt: bars, lines and pies that grow in a film."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import (
    NAMED,
    Colour,
    darker,
    lighter,
    luminance,
    mixed,
    readable_on,
)
from nexhina_nb.engines.images.layers import Layer
from nexhina_nb.engines.images.lettering import fit, font_of, width_of, write
from nexhina_nb.engines.images.plan import Chart, Moment, Plan

SERIES: tuple[Colour, ...] = (
    (54, 104, 190),
    (238, 132, 52),
    (52, 160, 120),
    (212, 70, 88),
    (138, 98, 190),
    (240, 190, 62),
    (64, 178, 200),
    (150, 110, 84),
)


@dataclass(frozen=True, slots=True)
class Paper:
    """Where a chart stands, and in which colours."""

    left: float
    top: float
    right: float
    low: float
    ground: Colour
    ink: Colour
    text: float  # size in pixels
    series: tuple[Colour, ...]

    def colour(self, row: int) -> Colour:
        return self.series[row % len(self.series)]


def layers_of(plan: Plan, chart: Chart) -> list[Layer]:
    """The paper with its title, and the chart on it."""

    def paper(canvas: Canvas, _: Moment) -> None:
        place = _paper(canvas, plan)
        canvas.rectangle(0, 0, canvas.width, canvas.height, place.ground)
        title = chart.title or ("" if chart.values else "no numbers in the prompt")
        if title:
            lines, size = fit(title, canvas.width * 0.86, place.text * 1.9)
            write(canvas, lines[0], canvas.width / 2, canvas.height * 0.08, size, place.ink)

    def marks(canvas: Canvas, moment: Moment) -> None:
        _MARKS[chart.kind](canvas, chart, _paper(canvas, plan), moment.eased)

    return [Layer("paper", paper), Layer("marks", marks, moves=True)]


def _paper(canvas: Canvas, plan: Plan) -> Paper:
    ground = NAMED.get(plan.background, (252, 252, 250))
    asked = [NAMED[name] for name in plan.colours if name != plan.background]
    visible = [tone for tone in asked if abs(luminance(tone) - luminance(ground)) > 0.06]
    series = tuple(visible) if len(visible) != 1 else (visible[0],)
    return Paper(
        left=canvas.width * 0.13,
        top=canvas.height * 0.17,
        right=canvas.width * 0.94,
        low=canvas.height * 0.84,
        ground=ground,
        ink=mixed(readable_on(ground), ground, 0.12),
        text=canvas.unit * 0.034,
        series=series or SERIES,
    )


def ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers that cover low to high."""
    span = high - low or 1.0
    power = 10.0 ** math.floor(math.log10(span / most))
    step = next(power * part for part in (1, 2, 2.5, 5, 10) if span / (power * part) <= most)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [row * step for row in range(first, last + 1)]


def plain(value: float) -> str:
    """A value as people write it."""
    return f"{value:,.6g}" if abs(value) < 1e6 else f"{value:,.4g}"


@dataclass(frozen=True, slots=True)
class _Scale:
    """From values to heights."""

    low: float
    high: float
    paper: Paper

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return self.paper.low - share * (self.paper.low - self.paper.top)


def _axes(canvas: Canvas, chart: Chart, paper: Paper) -> _Scale:
    marks = ticks(min(0, *chart.values), max(0, *chart.values)) if chart.values else [0.0, 1.0]
    if len(marks) < 2:
        marks = [0.0, 1.0]
    scale = _Scale(marks[0], marks[-1], paper)
    faint = mixed(paper.ink, paper.ground, 0.82)
    for mark in marks:
        y = scale.y(mark)
        canvas.line([(paper.left, y), (paper.right, y)], faint, canvas.unit * 0.002)
        if chart.values:
            x = paper.left - paper.text * 0.5
            write(canvas, plain(mark), x, y, paper.text * 0.85, paper.ink, "rm")
    zero = scale.y(max(marks[0], 0))
    canvas.line([(paper.left, zero), (paper.right, zero)], paper.ink, canvas.unit * 0.003)
    return scale


def _write_labels(canvas: Canvas, chart: Chart, paper: Paper) -> None:
    room = (paper.right - paper.left) / max(1, len(chart.labels))
    widest = max((width_of(text, font_of(paper.text)) for text in chart.labels), default=1)
    size = max(paper.text * 0.45, paper.text * min(1.0, room * 0.94 / max(1.0, widest)))
    for row, label in enumerate(chart.labels):
        x = paper.left + room * (row + 0.5)
        write(canvas, label, x, paper.low + paper.text * 1.1, size, paper.ink)


def _bars(canvas: Canvas, chart: Chart, paper: Paper, grown: float) -> None:
    scale = _axes(canvas, chart, paper)
    _write_labels(canvas, chart, paper)
    room = (paper.right - paper.left) / max(1, len(chart.values))
    for row, value in enumerate(chart.values):
        x, half = paper.left + room * (row + 0.5), room * 0.34
        top, low = sorted((scale.y(value * grown), scale.y(0)))
        canvas.rectangle(x - half, top, x + half, low, paper.colour(row))
        beyond = top - paper.text * 0.7 if value >= 0 else low + paper.text * 0.7
        write(canvas, plain(value), x, beyond, min(paper.text, room * 0.4), paper.ink)


def _line(canvas: Canvas, chart: Chart, paper: Paper, grown: float) -> None:
    scale = _axes(canvas, chart, paper)
    _write_labels(canvas, chart, paper)
    room = (paper.right - paper.left) / max(1, len(chart.values))
    points = [
        (paper.left + room * (row + 0.5), scale.y(value)) for row, value in enumerate(chart.values)
    ]
    reached = _up_to(points, grown)
    colour = paper.colour(0)
    if len(reached) > 1:
        foot = scale.y(max(scale.low, 0))
        canvas.veil([*reached, (reached[-1][0], foot), (reached[0][0], foot)], colour, 0.14)
        canvas.line(reached, colour, canvas.unit * 0.008)
    for row, (x, y) in enumerate(points[: math.ceil(len(points) * grown)]):
        canvas.disc(x, y, canvas.unit * 0.013, colour)
        canvas.disc(x, y, canvas.unit * 0.007, paper.ground)
        is_valley = y > max(at for _, at in points[max(0, row - 1) : row + 2 : 2]) - 1
        beside = y + paper.text * (1.0 if is_valley and 0 < row < len(points) - 1 else -1.0)
        write(canvas, plain(chart.values[row]), x, beside, min(paper.text, room * 0.4), paper.ink)


def _up_to(points: list[tuple[float, float]], share: float) -> list[tuple[float, float]]:
    """The part of a line that is drawn so far."""
    reach = (len(points) - 1) * share
    whole = int(reach)
    part = reach - whole
    drawn = points[: whole + 1]
    if part and whole + 1 < len(points):
        (x, y), (x2, y2) = points[whole : whole + 2]
        drawn = [*drawn, (x + (x2 - x) * part, y + (y2 - y) * part)]
    return drawn


def _pie(canvas: Canvas, chart: Chart, paper: Paper, grown: float) -> None:
    rows = [
        (label, max(0.0, value)) for label, value in zip(chart.labels, chart.values, strict=True)
    ]
    total = sum(value for _, value in rows)
    x, y = canvas.width * 0.38, canvas.height * 0.54
    radius = min(canvas.width * 0.32, canvas.height * 0.36)
    canvas.disc(x, y, radius * 1.02, mixed(paper.ink, paper.ground, 0.8))
    start = -90.0
    step = min(paper.text * 2, canvas.height * 0.72 / max(1, len(rows)))
    for row, (label, value) in enumerate(rows):
        share = value / total if total else 0.0
        colour = paper.colour(row) if len(paper.series) > 1 else _shade(paper, row, len(rows))
        end = start + 360 * share * grown
        box = (x - radius, y - radius, x + radius, y + radius)
        if end - start > 0.05:
            canvas.pen.pieslice(box, start, end, fill=canvas.ink(colour))
        if share > 0.045:
            angle = math.radians((start + end) / 2)
            at = (x + math.cos(angle) * radius * 0.66, y + math.sin(angle) * radius * 0.66)
            write(canvas, f"{share:.0%}", *at, paper.text, readable_on(colour))
        top = y + (row - (len(rows) - 1) / 2) * step
        left, side = canvas.width * 0.75, step * 0.22
        canvas.rectangle(left - side, top - side, left + side, top + side, colour)
        _write_entry(canvas, f"{label}  {plain(value)}", left + side * 2.4, top, step * 0.5, paper)
        start = end


def _shade(paper: Paper, row: int, count: int) -> Colour:
    share = row / max(1, count)
    return mixed(darker(paper.series[0], 0.2), lighter(paper.series[0], 0.7), share)


def _write_entry(canvas: Canvas, text: str, x: float, y: float, size: float, paper: Paper) -> None:
    room = canvas.width * 0.985 - x
    wide = width_of(text, font_of(size))
    write(canvas, text, x, y, size * min(1.0, room / max(1.0, wide)), paper.ink, "lm")


_MARKS = {"bar": _bars, "line": _line, "pie": _pie}
