"""A picture as layers from back to front, each painted for a moment in time.

A still picture paints all of them once. A film paints those that stand still once, and only the
others for each frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.palettes import Palette
from nexhina_nb.engines.images.plan import Moment, Plan, Thing


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer: how to paint it, and whether it looks different from moment to moment."""

    name: str
    paint: Callable[[Canvas, Moment], None]
    moves: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    """What all painters of a landscape share. ``horizon`` is a share of the height; ``kinds`` are
    those named and those that they imply.
    """

    plan: Plan
    palette: Palette
    horizon: float
    kinds: frozenset[str]

    def has(self, kind: str) -> bool:
        """Whether that kind of scenery is in the picture."""
        return kind in self.kinds


@dataclass(frozen=True, slots=True)
class Painter:
    """How one kind of scenery is painted, and how far in front it stands."""

    depth: int
    paint: Callable[[Canvas, Scene, Thing, Moment], None]
    moves: bool = False
