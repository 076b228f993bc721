"""Numbers within a schema's bounds."""

from __future__ import annotations

import math
from typing import Any

from nexhina_nb.engines.chat.schema import Schema, kind_of


def bounded(value: float | int, schema: Schema) -> float | int:
    """The nearest value within the bounds that is a multiple of what the schema wants."""
    step = schema.get("multipleOf")
    step = step if isinstance(step, int | float) and step > 0 else 0
    gap = step or (1 if kind_of(schema) == "integer" else 0)
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    inner = gap or _gap(above, below, low, high)
    if (
        isinstance(above, int | float)
        and not isinstance(above, bool)
        and (low is None or above >= low)
    ):
        low = math.floor(above / gap + 1) * gap if gap else above + inner
    if (
        isinstance(below, int | float)
        and not isinstance(below, bool)
        and (high is None or below <= high)
    ):
        high = math.ceil(below / gap - 1) * gap if gap else below - inner
    if isinstance(high, int | float):
        value = min(value, math.floor(high / gap) * gap if gap else high)
    if isinstance(low, int | float):
        value = max(value, math.ceil(low / gap) * gap if gap else low)
    if step and not float(value / step).is_integer():
        value = math.floor(value / step) * step
    return int(value) if kind_of(schema) == "integer" else value


def _gap(*bounds: Any) -> float:
    found = sorted(
        bound for bound in bounds if isinstance(bound, int | float) and not isinstance(bound, bool)
    )
    return min(1.0, (found[-1] - found[0]) / 4) if len(found) > 1 and found[-1] > found[0] else 1.0
