"""Questions about the plain shapes in a picture: which there are, of what colour, and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from nexhina_nb.engines.chat.picture_facts import (
    ANY_WORDS,
    COLOUR_WORDS,
    SHAPE_WORDS,
    matching,
    place,
)
from nexhina_nb.engines.chat.prompt import Answer

if TYPE_CHECKING:
    from nexhina_nb.engines.vision import Look
    from nexhina_nb.engines.vision.regions import Region

_Rows = Sequence["Region"]
_TINT = f"(?:{'|'.join(COLOUR_WORDS)})"
_NOUN = rf"(?:{_TINT} )?(?:{'|'.join((*SHAPE_WORDS, *ANY_WORDS))})(?:e?s)?\b"
_THE = r"(?:the |an? |any )?"
_HEIGHTS = {"tallest": 0, "highest": 0, "longest": 0, "shortest": -1, "lowest": -1}
_RANKS = {"biggest": 0, "largest": 0, "smallest": -1, "tiniest": -1, **_HEIGHTS}
_RANK = re.compile(rf"\b({'|'.join(_RANKS)})\b", re.I)
_SIDES: tuple[tuple[str, str, Callable[[Region, Region], bool]], ...] = (
    (r"(?:right of|right side of)", "to the right of", lambda row, one: row.left >= one.right),
    (r"(?:left of|left side of)", "to the left of", lambda row, one: row.right <= one.left),
    (r"(?:above|over)", "above", lambda row, one: row.low <= one.top),
    (r"(?:below|under|beneath)", "below", lambda row, one: row.top >= one.low),
)


def _ranked(look: Look, match: re.Match[str]) -> tuple[str, _Rows]:
    """The noun of the question, and the shapes it means: one where it asks for the biggest."""
    noun = match["noun"].lower()
    rows = matching(look, noun) or []
    rank = _RANK.search(match.string)
    if rank is None:
        return noun, rows
    at = _RANKS[rank[1].lower()]
    if rank[1].lower() in _HEIGHTS:
        rows = sorted(rows, key=lambda row: row.top - row.low)
    return f"{rank[1].lower()} {noun}", rows[at:][:1]


def _colour(look: Look, match: re.Match[str]) -> Answer:
    noun, rows = _ranked(look, match)
    found = list(dict.fromkeys(row.colour for row in rows))
    if not found:
        return _none(noun)
    verb = "is" if len(rows) == 1 else "are"
    return Answer(f"The {noun} {verb} {_listed(found)}.", ", ".join(found))


def _which(look: Look, match: re.Match[str]) -> Answer:
    noun, rows = _ranked(look, match)
    if not rows:
        return _none(noun)
    names = [f"{row.colour} {row.shape}" for row in rows]
    told = _listed([f"a {name}" for name in names])
    return Answer(f"The {noun} {'is' if len(rows) == 1 else 'are'} {told}.", ", ".join(names))


def _where(look: Look, match: re.Match[str]) -> Answer:
    noun, rows = _ranked(look, match)
    if not rows:
        return _none(noun)
    places = list(dict.fromkeys(map(place, rows)))
    verb = "is" if len(rows) == 1 else "are"
    return Answer(f"The {noun} {verb} at the {_listed(places)}.", ", ".join(places))


def _exists(look: Look, match: re.Match[str]) -> Answer:
    noun = match["noun"].lower()
    rows = matching(look, noun) or []
    if not rows:
        return Answer(f"No, I find no {noun} in it.", "no")
    return Answer(f"Yes, I find {tally(rows)}.", "yes")


def _is_tinted(look: Look, match: re.Match[str]) -> Answer:
    noun, rows = _ranked(look, match)
    if not rows:
        return _none(noun)
    found = list(dict.fromkeys(row.colour for row in rows))
    said = "Yes" if all(match["tint"].lower() in colour.split() for colour in found) else "No"
    verb = "is" if len(rows) == 1 else "are"
    return Answer(f"{said}, the {noun} {verb} {_listed(found)}.", said.lower())


def _beside(look: Look, match: re.Match[str]) -> Answer:
    noun = match["noun"].lower()
    one = next(iter(matching(look, noun) or ()), None)
    if one is None:
        return _none(noun)
    _, words, lies = next(side for side in _SIDES if re.fullmatch(side[0], match["side"], re.I))
    rows = [row for row in look.shapes if row is not one and lies(row, one)]
    told = tally(rows) if rows else "no plain shape"
    return Answer(f"I find {told} {words} the {noun}.", tally(rows) if rows else "none")


def _compared(look: Look, match: re.Match[str]) -> Answer:
    one, other = (len(matching(look, match[name]) or ()) for name in ("noun", "than"))
    more = one > other if match["way"].lower() == "more" else one < other
    said = "Yes" if more else "No"
    return Answer(f"{said}, I find {one} against {other}.", said.lower())


def _none(noun: str) -> Answer:
    return Answer(f"I find no {noun} in it.", "none")


def tally(rows: _Rows) -> str:
    """Shapes in words, those of one kind counted: '2 blue circles and 1 star'."""
    names = [f"{row.colour} {row.shape}" for row in rows]
    return _listed([_numbered(names.count(name), name) for name in dict.fromkeys(names)])


def _numbered(many: int, name: str) -> str:
    return f"{many} {name}" if many == 1 else f"{many} {name}{'es' if name[-1] == 's' else 's'}"


def _listed(names: Sequence[str]) -> str:
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)


_BESIDE = "|".join(side[0] for side in _SIDES)
QUESTIONS: tuple[tuple[re.Pattern[str], Callable[..., Answer]], ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (rf"\b(?P<way>more|fewer) (?P<noun>{_NOUN}) than (?P<than>{_NOUN})", _compared),
        (rf"\bwhat\b[^.?!]{{0,20}}\b(?P<side>{_BESIDE}) the (?P<noun>{_NOUN})", _beside),
        (
            rf"\b(?:what|which) colou?rs?\b[^.?!]{{0,12}}\b(?:is|are|has|have|does|do|of)\b"
            rf"[^.?!]{{0,20}}?\b(?P<noun>{_NOUN})",
            _colour,
        ),
        (rf"\bcolou?rs? of (?:the )?(?:\w+ )??(?P<noun>{_NOUN})", _colour),
        (
            rf"\b(?:where|position|place|location)\b[^.?!]{{0,16}}?\b(?P<noun>{_NOUN})",
            _where,
        ),
        (
            rf"\b(?:which|what)\b[^.?!]{{0,8}}?\b(?P<noun>{_NOUN})"
            rf"(?=[^.?!]{{0,12}}\b(?:{'|'.join(_RANKS)})\b)",
            _which,
        ),
        (
            rf"\b(?:which|what) is the (?:{'|'.join(_RANKS)}) (?P<noun>{_NOUN})",
            _which,
        ),
        (
            rf"^\W*(?:is|are) (?:the |all )*(?:{'|'.join(_RANKS)})? ?(?P<noun>{_NOUN}) "
            rf"(?P<tint>{_TINT})\b",
            _is_tinted,
        ),
        (
            rf"(?:^\W*(?:is|are) there|\b(?:do you see|can you see|does it have|contains?)) "
            rf"{_THE}(?P<noun>{_NOUN})",
            _exists,
        ),
    )
)
