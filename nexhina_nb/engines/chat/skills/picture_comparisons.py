"""How pictures differ: which is larger or brighter, and what sets each apart from the first."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nexhina_nb.engines.chat.picture_facts import colours, size
from nexhina_nb.engines.chat.prompt import Answer

if TYPE_CHECKING:
    from nexhina_nb.engines.vision import Look

_ALIKE = 0.05  # difference of shares and levels (0..1) that nobody would call one
_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
_ONE = re.compile(rf"\b({'|'.join(_ORDINALS)}) (?:picture|image|photo|one)\b", re.I)
_COMPARES = re.compile(
    r"\b(?:compar\w+|differ\w*|same|identical|alike|similar|versus|vs|both|common)\b", re.I
)
_MEASURES: tuple[tuple[re.Pattern[str], str, Callable[[Look], float]], ...] = tuple(
    (re.compile(pattern, re.I), word, measure)
    for pattern, word, measure in (
        (r"\b(?:larger|bigger|largest|biggest|more pixels)\b", "larger", lambda look: _area(look)),
        (r"\b(?:smaller|smallest|fewer pixels)\b", "smaller", lambda look: -_area(look)),
        (r"\b(?:wider|widest)\b", "wider", lambda look: look.width),
        (r"\b(?:taller|higher|tallest|highest)\b", "taller", lambda look: look.height),
        (r"\b(?:bright|light)(?:er|est)\b", "brighter", lambda look: look.brightness),
        (r"\bdark(?:er|est)\b", "darker", lambda look: -look.brightness),
        (
            r"\b(?:more|most) colou?rful\b",
            "more colourful",
            lambda look: look.colourful,
        ),
        (r"\b(?:more|most) shapes\b", "richer in shapes", lambda look: len(look.shapes)),
    )
)


def meant(looks: Sequence[Look], task: str) -> Sequence[Look]:
    """The picture that a task names by its place, where it names just one; else all of them."""
    places = {_ORDINALS.index(name.lower()) for name in _ONE.findall(task)}
    one = [looks[place] for place in places if place < len(looks)]
    return one if len(places) == 1 and one else looks


def answer(looks: Sequence[Look], task: str) -> Answer | None:
    """Which picture has more of something, or how they differ; None where no comparison is
    asked for.
    """
    for pattern, word, measure in _MEASURES:
        if pattern.search(task):
            return _most(looks, word, measure)
    return _differences(looks) if _COMPARES.search(task) else None


def _area(look: Look) -> float:
    return look.width * look.height


def _most(looks: Sequence[Look], word: str, measure: Callable[[Look], float]) -> Answer:
    values = [measure(look) for look in looks]
    best = max(values)
    if values.count(best) > 1:
        return Answer(f"No picture is {word} than all the others.", "equal")
    place = values.index(best)
    name = _ORDINALS[place] if place < len(_ORDINALS) else f"number {place + 1}"
    others = ", ".join(f"{n}: {_told(look)}" for n, look in enumerate(looks, start=1))
    return Answer(f"The {name} picture is {word} ({others}).", name)


def _told(look: Look) -> str:
    return f"{size(look)}, lightness {look.brightness:.0%}"


def _differences(looks: Sequence[Look]) -> Answer:
    """Everything that sets the pictures apart from the first one."""
    first = looks[0]
    lines = []
    for place, look in enumerate(looks[1:], start=2):
        found = [*_size_gap(first, look), *_colour_gap(first, look), *_shape_gap(first, look)]
        told = "; ".join(found) or "no difference in size, colours, light or shapes that I can see"
        lines.append(f"Picture 1 and picture {place}: {told}.")
    same = all("no difference" in line for line in lines)
    return Answer("\n".join(lines), "same" if same else "different")


def _size_gap(one: Look, other: Look) -> list[str]:
    found = [] if size(one) == size(other) else [f"{size(one)} against {size(other)} pixels"]
    return found if one.format == other.format else [*found, f"{one.format} against {other.format}"]


def _colour_gap(one: Look, other: Look) -> list[str]:
    found = []
    left, right = dict(one.colours), dict(other.colours)
    gaps = (abs(left.get(name, 0) - right.get(name, 0)) for name in {*left, *right})
    if max(gaps, default=0) > _ALIKE:
        found.append(f"mostly {_listed(one)} against mostly {_listed(other)}")
    if abs(one.brightness - other.brightness) > _ALIKE:
        which = "first" if one.brightness > other.brightness else "second"
        found.append(f"the {which} is brighter ({one.brightness:.0%}, {other.brightness:.0%})")
    return found


def _listed(look: Look) -> str:
    return " and ".join(colours(look)[:2]) or "mixed colours"


def _shape_gap(one: Look, other: Look) -> list[str]:
    if one.counted_shapes == other.counted_shapes:
        return []
    return [f"{len(one.shapes)} against {len(other.shapes)} plain shapes"]
