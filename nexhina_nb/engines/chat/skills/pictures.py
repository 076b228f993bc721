"""Questions about pictures: size, format, colours, light, shapes, and how two of them differ.

What is looked at are pixels. No object is recognised and no writing is read, and the answer says so
where that is what the question is after.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from nexhina_nb.engines.chat.picture_facts import COLOUR_WORDS, colours, count, light, ratio, size
from nexhina_nb.engines.chat.prompt import Answer, Prompt
from nexhina_nb.engines.chat.skills import picture_comparisons, picture_shapes

if TYPE_CHECKING:
    from nexhina_nb.engines.vision import Look

LIMITS = "I tell size, colours, light and plain shapes; I do not recognise objects or read text."
_PLURAL = re.compile(r"(?<=ss)es$|s$")
_SPEAKS_OF = re.compile(
    r"\b(?:pictures?|images?|photo\w*|pics?|screenshots?|drawings?|icons?|logos?|bild\w*|"
    r"im[aá]gen\w*)\b|图|画像|写真",
    re.I,
)
_ASKS_TO_LOOK = re.compile(
    r"\b(?:describe|caption|what(?:'s| is| do you| can you| does)?\b.{0,20}\b(?:see|this|that|it|"
    r"here|in|show\w*)|look at|tell me about|alt text|who is|identify|recogni[sz]e|beschreib\w*|"
    r"décri\w*|describ\w*)\b",
    re.I,
)


def answer(prompt: Prompt) -> Answer | None:
    """Answers what is asked of the pictures of the task, or of the newest ones before it."""
    task = prompt.task[:600]
    if not prompt.shown or not (prompt.pictures or _SPEAKS_OF.search(task)):
        return None
    shown = picture_comparisons.meant(prompt.shown, task)
    if len(shown) > 1 and (compared := picture_comparisons.answer(shown, task)):
        return compared
    for pattern, make in (*picture_shapes.QUESTIONS, *_QUESTIONS):
        if match := pattern.search(task):
            return _of_each(shown, partial(make, match=match))
    looks = not task.strip() or _SPEAKS_OF.search(task) or _ASKS_TO_LOOK.search(task)
    return described(prompt) if looks else None


def described(prompt: Prompt) -> Answer | None:
    """What the pictures look like, and what cannot be told; None where there are none."""
    if not prompt.shown:
        return None
    told = _of_each(prompt.shown, lambda look: Answer(look.sentence, look.sentence))
    return Answer(f"{told.text} {LIMITS}", told.brief)


_Match = re.Match[str]


def _of_each(looks: Sequence[Look], make: Callable[[Look], Answer]) -> Answer:
    """The answer for the one picture, or one line for each of several."""
    made = list(map(make, looks))
    if len(made) == 1:
        return made[0]
    lines = (f"Picture {place}: {row.text}" for place, row in enumerate(made, start=1))
    return Answer("\n".join(lines), "\n".join(row.core for row in made))


def _size(look: Look, match: _Match) -> Answer:
    return Answer(f"It is {look.width} pixels wide and {look.height} pixels high.", size(look))


def _width(look: Look, match: _Match) -> Answer:
    return Answer(f"It is {look.width} pixels wide.", str(look.width))


def _height(look: Look, match: _Match) -> Answer:
    return Answer(f"It is {look.height} pixels high.", str(look.height))


def _ratio(look: Look, match: _Match) -> Answer:
    return Answer(f"Width to height is {ratio(look)}.", ratio(look))


def _format(look: Look, match: _Match) -> Answer:
    name = look.format.upper()
    frames = f" with {look.frames} frames" if look.frames > 1 else ""
    return Answer(f"It is a {name} file{frames}.", name)


def _orientation(look: Look, match: _Match) -> Answer:
    asked = match["shape"].lower()
    if asked != "orientation":
        said = "Yes" if asked == look.orientation else "No"
        return Answer(f"{said}, it is {look.orientation} ({size(look)}).", said.lower())
    return Answer(f"Its orientation is {look.orientation}.", look.orientation)


def _colours(look: Look, match: _Match) -> Answer:
    rows = [f"{name} ({share:.0%})" for name, share in look.colours]
    return Answer(f"Its main colours are {', '.join(rows)}.", ", ".join(colours(look)))


def _main_colour(look: Look, match: _Match) -> Answer:
    if not look.colours:
        return Answer("No colour covers a part of it that counts.", "none")
    name, share = look.colours[0]
    return Answer(f"The commonest colour is {name}, with {share:.0%} of the picture.", name)


def _background(look: Look, match: _Match) -> Answer:
    if look.ground:
        return Answer(f"It stands on a plain {look.ground} ground.", look.ground)
    return Answer("It has no plain background.", "none")


def _has_colour(look: Look, match: _Match) -> Answer:
    wanted = match["colour"].lower().replace("grey", "gray")
    found = [row for row in look.colours if wanted in row[0].replace("grey", "gray").split()]
    if not found:
        return Answer(f"No {wanted} covers enough of it for me to notice.", "no")
    return Answer(f"Yes, {sum(share for _, share in found):.0%} of it is {wanted}.", "yes")


def _light(look: Look, match: _Match) -> Answer:
    asked = match["light"].lower() if " or " not in match.string else ""
    told = light(look)
    text = f"its mean lightness is {look.brightness:.0%}, which is {told}."
    if asked in ("bright", "light", "dark"):
        said = "Yes" if told == {"light": "bright"}.get(asked, asked) else "No"
        return Answer(f"{said}, {text}", said.lower())
    return Answer(f"I{text[1:]}", told)


def _count(look: Look, match: _Match) -> Answer:
    noun = match["noun"].strip()
    many = count(look, noun)
    if many is None:
        return Answer(f"I cannot count {noun}. {LIMITS}", "unknown")
    if not look.shapes:
        return Answer("I find no plain shapes in it that I could count.", "0")
    noun = _PLURAL.sub("", noun) if many == 1 else noun
    found = picture_shapes.tally(look.shapes)
    return Answer(f"I count {many} {noun} (found: {found}).", str(many))


def _unreadable(look: Look, match: _Match) -> Answer:
    kind = "It looks like a page of text. " if look.kind == "text-like" else ""
    return Answer(f"{kind}I cannot read the text in a picture. {LIMITS}", "unknown")


_COLOURS = "|".join(COLOUR_WORDS)
_QUESTIONS: tuple[tuple[re.Pattern[str], Callable[..., Answer]], ...] = tuple(
    (re.compile(pattern, re.I), make)
    for pattern, make in (
        (r"\b(?:read|ocr|text|written|writing|words?|letters?|says?)\b(?!\s*only)", _unreadable),
        (
            r"\bhow many (?P<noun>(?!pixels|(?:\w+ )?colou?rs|pictures|images)[\w -]{3,30}?)"
            r"(?=\s+(?:are|is|do|does|can|in|on|there|you)\b|[?.!]|$)",
            _count,
        ),
        (
            r"\bcount (?:the |all )?(?P<noun>(?!pixels|colou?rs)[\w -]{3,30}?)"
            r"(?=\s+(?:in|on)\b|[?.!]|$)",
            _count,
        ),
        (r"\b(?:aspect|ratio)\b", _ratio),
        (
            r"\b(?P<shape>orientation|landscape|portrait|(?<!the )(?<!one )square)\b",
            _orientation,
        ),
        (r"\bwidth\b(?!.*\bheight\b)|\bhow wide\b(?!.*\bhigh\b)", _width),
        (r"\bheight\b(?!.*\bwidth\b)|\bhow (?:tall|high)\b(?!.*\bwide\b)", _height),
        (
            r"\b(?:size|dimensions?|resolution|pixels?|how (?:big|large|wide|high|tall)|width|"
            r"height|größe|taille|tamaño)\b|大小|尺寸|サイズ",
            _size,
        ),
        (r"\b(?:format|file ?type|mime|png|jpe?g|gif|webp|bmp|tiff)\b", _format),
        (r"\bback ?ground\b", _background),
        (
            r"\b(?:what|which|main|dominant|most common|primary|commonest)\b[^.?!]{0,30}"
            r"\b(?:colou?r|farbe|couleur)\b",
            _main_colour,
        ),
        (r"\b(?:colou?rs?|palette|farben?|couleurs?|colores)\b|颜色|色", _colours),
        (
            rf"\b(?:is|are|has|have|any|contain\w*)\b[^.?!]{{0,40}}\b(?P<colour>{_COLOURS})\b",
            _has_colour,
        ),
        (r"\b(?P<light>brightness|bright|dark|light|lightness|exposure)\b", _light),
    )
)
