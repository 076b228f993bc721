"""Patterns and abstract pictures, computed from the words when they name nothing to draw."""

from __future__ import annotations

from collections.abc import Callable

from nexhina_nb.engines.images import flows, tilings
from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.colours import Colour
from nexhina_nb.engines.images.layers import Layer
from nexhina_nb.engines.images.palettes import accents_of, plain_colours
from nexhina_nb.engines.images.plan import Moment, Plan

Accents = tuple[Colour, ...]
Paint = Callable[[Canvas, Plan, Accents, Moment], None]

_REGULAR = frozenset({"stripes", "checks", "dots"})
ABSTRACT = ("ribbons", "bubbles", "facets", "mosaic", "rings", "spiral")


def chosen(plan: Plan) -> str:
    """The pattern that was named, or one by chance."""
    return plan.pattern or plan.dice("pattern").choice(ABSTRACT)


def layer_of(plan: Plan) -> Layer:
    """The pattern of a plan over the whole picture."""
    name = chosen(plan)
    accents = plain_colours(plan) if name in _REGULAR else accents_of(plan)
    paint_pattern = _PATTERNS[name]

    def paint(canvas: Canvas, moment: Moment) -> None:
        canvas.rectangle(0, 0, canvas.width, canvas.height, accents[0])
        paint_pattern(canvas, plan, accents, moment)

    return Layer(name, paint, moves=name not in ("fractal", "mosaic", "checks", "gradient"))


_PATTERNS: dict[str, Paint] = {
    "stripes": tilings.stripes,
    "checks": tilings.checks,
    "dots": tilings.dots,
    "gradient": flows.gradient,
    "fractal": flows.fractal,
    "spiral": flows.spiral,
    "mosaic": tilings.mosaic,
    "facets": tilings.facets,
    "ribbons": flows.ribbons,
    "bubbles": flows.bubbles,
    "rings": flows.rings,
}
