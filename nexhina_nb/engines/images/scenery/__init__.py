"""Landscapes: which painters there are, and which of them a plan needs."""

from __future__ import annotations

from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.layers import Layer, Painter, Scene
from nexhina_nb.engines.images.palettes import palette_of
from nexhina_nb.engines.images.plan import Moment, Plan, Thing
from nexhina_nb.engines.images.scenery import (
    buildings,
    characters,
    creatures,
    heaven,
    land,
    plants,
    vehicles,
    water,
    weather,
)

PAINTERS: dict[str, Painter] = {
    **heaven.PAINTERS,
    **land.PAINTERS,
    **water.PAINTERS,
    **plants.PAINTERS,
    **buildings.PAINTERS,
    **vehicles.PAINTERS,
    **creatures.PAINTERS,
    **characters.PAINTERS,
    **weather.PAINTERS,
}

_BY_HOUR: dict[str, tuple[str, ...]] = {
    "space": ("galaxy", "stars"),
    "night": ("stars", "moon"),
    "storm": ("cloud",),
    "sunset": ("sun",),
    "dawn": ("sun",),
}
_WATER = frozenset({"sea", "lake", "river"})
_ON_WATER = frozenset({"boat", "fish"})
_BY_THE_SEA = frozenset({"beach", "island", "lighthouse"})
_ON_LAND = frozenset(
    {"meadow", "hill", "desert", "road", "forest", "tree", "pine", "palm", "cactus", "flower"}
    | {"house", "city", "castle", "car", "cat", "snowman", "robot", "fire", "river", "lake"}
)
_WEATHER = frozenset({"cloud", "sun", "rain", "snow", "fog"})


OBJECTS = frozenset(
    {"tree", "pine", "palm", "cactus", "flower", "house", "castle", "boat", "car", "balloon"}
    | {"bird", "fish", "cat", "snowman", "robot", "fire", "sun", "moon", "cloud", "planet"}
)  # what can stand in another picture without the rest of its landscape


def layers_of(plan: Plan, *, completed: bool = True) -> list[Layer]:
    """The landscape of a plan, back to front; not ``completed``, only what was named."""
    things = _completed(plan) if completed else {thing.kind: thing for thing in plan.scenery}
    scene = Scene(plan, palette_of(plan), _horizon(plan, things), frozenset(things))
    ordered = sorted(things.values(), key=lambda thing: (PAINTERS[thing.kind].depth, thing.kind))
    return [_layer(scene, thing) for thing in ordered]


def _layer(scene: Scene, thing: Thing) -> Layer:
    painter = PAINTERS[thing.kind]

    def paint(canvas: Canvas, moment: Moment) -> None:
        painter.paint(canvas, scene, thing, moment)

    return Layer(thing.kind, paint, painter.moves)


def _completed(plan: Plan) -> dict[str, Thing]:
    """What was named, and what it cannot do without: a sky, a ground, water under a boat."""
    things = {"sky": Thing("sky")} | {thing.kind: thing for thing in plan.scenery}
    kinds = set(things) | set(_BY_HOUR.get(plan.hour, ()))
    if kinds & _BY_THE_SEA or (kinds & _ON_WATER and not kinds & _WATER):
        kinds.add("sea")
    if "lighthouse" in kinds:
        kinds.add("island")
    kinds |= _ground_under(kinds, plan.hour)
    if plan.hour == "day" and not kinds & _WEATHER:
        kinds |= {"sun", "cloud"}
    return {kind: things.get(kind, Thing(kind)) for kind in kinds}


def _ground_under(kinds: set[str], hour: str) -> set[str]:
    if "sea" in kinds:
        return {"beach"} if kinds & _ON_LAND else set()
    return set() if hour == "space" and not kinds & _ON_LAND else {"ground"}


def _horizon(plan: Plan, things: dict[str, Thing]) -> float:
    if plan.hour == "space" and "ground" not in things:
        return 1.1
    height = 0.5 if {"fish", "sea"} <= set(things) else 0.6
    return height + plan.dice("horizon").uniform(-0.03, 0.05)
