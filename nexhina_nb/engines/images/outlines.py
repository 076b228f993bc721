"""The outlines of shapes: what is drawn by them is also recognised by them."""

from __future__ import annotations

import math

from nexhina_nb.engines.images.canvas import Point

_POLYGONS = {"triangle": 3, "pentagon": 5, "hexagon": 6, "octagon": 8}


def outline(kind: str) -> list[Point]:
    """The outline of a shape within -1..1, y downwards. Unknown shapes are circles."""
    corners: dict[str, list[tuple[float, float]]] = {
        "square": [(-0.86, -0.86), (0.86, -0.86), (0.86, 0.86), (-0.86, 0.86)],
        "rectangle": [(-1, -0.58), (1, -0.58), (1, 0.58), (-1, 0.58)],
        "line": [(-1, -0.06), (1, -0.06), (1, 0.06), (-1, 0.06)],
        "diamond": [(0, -1), (0.7, 0), (0, 1), (-0.7, 0)],
        "cross": _cross(0.32),
        "arrow": [
            (-1, -0.26),
            (0.2, -0.26),
            (0.2, -0.7),
            (1, 0),
            (0.2, 0.7),
            (0.2, 0.26),
            (-1, 0.26),
        ],
    }
    if kind in corners:
        return corners[kind]
    if kind in _POLYGONS:
        return _round(_POLYGONS[kind])
    if kind == "star":
        return [
            point for pair in zip(_round(5), _round(5, 0.42, 0.5), strict=True) for point in pair
        ]
    if kind == "heart":
        return _heart()
    return [(x, y * (0.62 if kind == "ellipse" else 1)) for x, y in _round(96)]


def _round(count: int, radius: float = 1, shift: float = 0) -> list[Point]:
    angles = [(row + shift) / count * math.tau - math.pi / 2 for row in range(count)]
    return [(math.cos(angle) * radius, math.sin(angle) * radius) for angle in angles]


def _cross(arm: float) -> list[Point]:
    corner = [(-arm, -1.0), (arm, -1.0), (arm, -arm)]
    turned = corner
    points: list[Point] = []
    for _ in range(4):
        points += turned
        turned = [(-y, x) for x, y in turned]
    return points


def _heart() -> list[Point]:
    points = []
    for row in range(72):
        angle = row / 72 * math.tau
        x = math.sin(angle) ** 3
        curve = (13, -5, -2, -1)
        y = -sum(part * math.cos((step + 1) * angle) for step, part in enumerate(curve)) / 16
        points.append((x, y))
    return points
