"""Palettes: by hour and season for scenery, by colour words, mood or chance for the rest."""

from __future__ import annotations

from dataclasses import dataclass

from nexhina_nb.engines.images.colours import (
    NAMED,
    Colour,
    darker,
    from_hue,
    lighter,
    luminance,
    mixed,
)
from nexhina_nb.engines.images.plan import Plan


@dataclass(frozen=True, slots=True)
class Light:
    """An hour of the day: the sky from top to horizon, the light, and how it tints the land."""

    sky: tuple[Colour, ...]
    glow: Colour
    cloud: Colour
    tint: Colour
    share: float  # of the tint in everything on the ground

    def on(self, colour: Colour) -> Colour:
        """How a colour looks in this light."""
        return mixed(colour, self.tint, self.share)


LIGHTS: dict[str, Light] = {
    "day": Light(
        ((62, 140, 216), (122, 186, 236), (206, 230, 244)),
        (255, 226, 120),
        (255, 255, 255),
        (255, 250, 225),
        0.05,
    ),
    "dawn": Light(
        ((96, 116, 186), (222, 164, 188), (255, 214, 164)),
        (255, 206, 130),
        (255, 226, 220),
        (242, 180, 160),
        0.25,
    ),
    "sunset": Light(
        ((58, 40, 104), (190, 70, 106), (246, 130, 78), (255, 200, 112)),
        (255, 190, 90),
        (250, 166, 142),
        (110, 44, 84),
        0.42,
    ),
    "night": Light(
        ((8, 12, 40), (18, 30, 76), (46, 62, 116)),
        (226, 232, 255),
        (62, 74, 118),
        (12, 20, 58),
        0.66,
    ),
    "storm": Light(
        ((60, 70, 84), (104, 116, 130), (164, 174, 182)),
        (232, 236, 216),
        (140, 150, 162),
        (84, 96, 112),
        0.38,
    ),
    "space": Light(
        ((6, 6, 22), (16, 12, 46), (34, 18, 66)),
        (236, 224, 255),
        (70, 52, 120),
        (20, 14, 60),
        0.45,
    ),
}

SEASONS: dict[str, dict[str, Colour]] = {
    "summer": {"grass": (98, 168, 74), "leaf": (58, 132, 62), "far": (92, 128, 148)},
    "spring": {"grass": (136, 196, 92), "leaf": (118, 184, 92), "far": (120, 150, 176)},
    "autumn": {"grass": (176, 152, 72), "leaf": (206, 106, 38), "far": (128, 116, 136)},
    "winter": {"grass": (236, 242, 248), "leaf": (58, 96, 92), "far": (142, 162, 190)},
}

MOODS: dict[str, tuple[Colour, ...]] = {
    "fire": ((52, 10, 26), (150, 24, 32), (228, 78, 30), (250, 164, 44), (255, 232, 150)),
    "sea": ((8, 34, 66), (18, 88, 130), (44, 150, 176), (132, 210, 208), (232, 246, 240)),
    "forest": ((14, 42, 32), (38, 92, 56), (104, 150, 70), (190, 204, 116), (244, 240, 208)),
    "night": ((12, 12, 38), (44, 34, 92), (94, 62, 142), (168, 122, 190), (240, 214, 232)),
    "candy": ((255, 246, 238), (255, 128, 150), (255, 200, 87), (84, 192, 188), (118, 110, 200)),
    "pastel": ((250, 244, 238), (248, 200, 208), (198, 220, 242), (206, 232, 206), (250, 226, 180)),
    "neon": ((14, 8, 34), (255, 42, 140), (30, 220, 240), (140, 72, 255), (240, 240, 90)),
    "earth": ((52, 36, 30), (122, 78, 52), (182, 134, 88), (214, 188, 148), (244, 232, 212)),
}


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours of one picture: its light, its land, and its accents (ground colour first)."""

    light: Light
    grass: Colour
    leaf: Colour
    far: Colour
    accents: tuple[Colour, ...]


def palette_of(plan: Plan) -> Palette:
    """The palette that the words of a plan call for."""
    light = _light(plan)
    season = {name: light.on(colour) for name, colour in SEASONS[plan.season].items()}
    return Palette(light, **season, accents=accents_of(plan))


def _light(plan: Plan) -> Light:
    light = LIGHTS[plan.hour]
    wished = plan.colour_of("sky")
    if not wished:
        return light
    colour = NAMED[wished]
    dark = plan.hour in ("night", "space")
    sky = (
        darker(colour, 0.45 if dark else 0.15),
        darker(colour, 0.3) if dark else colour,
        lighter(colour, 0.1 if dark else 0.55),
    )
    return Light(sky, light.glow, mixed(light.cloud, colour, 0.2), light.tint, light.share)


def accents_of(plan: Plan) -> tuple[Colour, ...]:
    """Five colours that go together, the ground first."""
    if plan.colours:
        return _from_words(plan)
    if plan.mood:
        return MOODS[plan.mood]
    if plan.hour in ("night", "space"):
        return MOODS["night"]
    return _by_chance(plan)


def plain_colours(plan: Plan) -> tuple[Colour, ...]:
    """Two or more named colours just as they were named, else the accents."""
    named = tuple(NAMED[name] for name in plan.colours)
    return named if len(named) > 1 else accents_of(plan)


def _from_words(plan: Plan) -> tuple[Colour, ...]:
    named = [NAMED[name] for name in plan.colours if name != plan.background]
    main = named or [NAMED[plan.background]] if plan.background else named
    if len(main) == 1:
        only = main[0]
        if luminance(only) > 0.5:
            steps = (darker(only, 0.75), darker(only, 0.45), only, lighter(only, 0.45))
        else:
            steps = (lighter(only, 0.88), lighter(only, 0.5), only, darker(only, 0.4))
        return (*steps, lighter(only, 0.7))
    ground = lighter(main[-1], 0.86) if luminance(main[0]) < 0.5 else darker(main[-1], 0.8)
    return (ground, *main, *(lighter(colour, 0.4) for colour in main))


def _by_chance(plan: Plan) -> tuple[Colour, ...]:
    dice = plan.dice("palette")
    hue, spread = dice.random(), dice.choice((0.08, 0.14, 0.33, 0.45))
    is_dark = dice.random() < 0.45
    ground = from_hue(hue, 0.6, 0.2) if is_dark else from_hue(hue, 0.07, 0.97)
    return (
        ground,
        from_hue(hue + spread, 0.72, 0.88),
        from_hue(hue - spread / 2, 0.55, 0.96),
        from_hue(hue + 0.5, 0.68, 0.82),
        from_hue(hue, 0.5, 0.62),
    )
