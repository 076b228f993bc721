"""What a prompt asks for, as values: read once, then drawn, filmed or put into words."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Thing:
    """Something to draw: a shape or a piece of scenery, ``count`` times.

    ``place`` is where in the picture, from -1 (left, top) to 1 (right, bottom), or None.
    """

    kind: str
    count: int = 1
    size: str = ""
    colours: tuple[str, ...] = ()
    place: tuple[int, int] | None = None
    counted: bool = False
    motions: tuple[str, ...] = ()
    roof: str = ""  # its colour, of a house


@dataclass(frozen=True, slots=True)
class Chart:
    """Labels with their values, and how to show them: bar, line or pie."""

    kind: str
    labels: tuple[str, ...]
    values: tuple[float, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Lettering:
    """Text to draw, and what it stands on: a sign, a poster, neon, or nothing."""

    text: str
    board: str = ""
    colour: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that was understood of a prompt, and the seed of all chance in it."""

    prompt: str
    seed: int
    scenery: tuple[Thing, ...] = ()
    shapes: tuple[Thing, ...] = ()
    chart: Chart | None = None
    lettering: Lettering | None = None
    pattern: str = ""
    background: str = ""
    colours: tuple[str, ...] = ()
    hour: str = "day"
    season: str = "summer"
    mood: str = ""
    styles: tuple[str, ...] = ()
    motions: tuple[str, ...] = ()
    camera: str = ""
    caption: tuple[str, ...] = ()

    def dice(self, name: str) -> random.Random:
        """The chance behind one part of the picture: the same for the same prompt and seed."""
        return random.Random(f"{self.prompt}\n{self.seed}\n{name}")

    def thing(self, kind: str) -> Thing | None:
        """The first piece of scenery of that kind."""
        return next((thing for thing in self.scenery if thing.kind == kind), None)

    def colour_of(self, kind: str) -> str:
        """The colour that was asked for a piece of scenery, or nothing."""
        thing = self.thing(kind)
        return thing.colours[0] if thing and thing.colours else ""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: seconds since the start, and the share of the whole that has passed."""

    seconds: float
    progress: float

    @property
    def eased(self) -> float:
        """The progress with a soft start and a soft end."""
        return self.progress * self.progress * (3 - 2 * self.progress)


AT_REST = Moment(0.0, 1.0)  # how a still picture is seen: all has arrived
