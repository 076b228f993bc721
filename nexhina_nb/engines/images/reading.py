"""A prompt read into a plan: what to draw, how many, how large, which colours, and where."""

from __future__ import annotations

import re
from dataclasses import replace

from nexhina_nb.engines.images.chart_reading import read_chart
from nexhina_nb.engines.images.phrases import Phrases, number_in
from nexhina_nb.engines.images.plan import Lettering, Plan, Thing
from nexhina_nb.engines.images.vocabulary import STOP_WORDS, sense, senses

LONGEST_READ = 4000  # characters: the rest of a longer prompt still counts as chance

_QUOTED = re.compile(
    r"\"([^\"]+)\"|“([^”“]+)[”“]|„([^“”]+)[“”]|«([^»]+)»|(?<!\w)['‘]([^'‘’]+)['’](?!\w)"
)
_SAID = re.compile(
    r"\b(?:says?|saying|reads?|reading|titled|the words?|the text|the numbers?|letters?)\s+"
    r"((?:[A-Z0-9ÄÖÜÉÀ]\S*\s*){1,8})"
)
_SHADE = re.compile(r"\b(light|dark|(?<!the )sky|navy)[ -](gr[ae]y|red|blue|green)\b")
_GOING = re.compile(r"\b(?:mov|drift|slid|fly|sail|roll)\w*\s+(?:to the\s+)?(left|right|up|down)\b")
_WAYS = {"left": "leftwards", "right": "rightwards", "up": "rising", "down": "falling"}
_TOKEN = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*|[.,;:!?]")
_IMPLIED_NIGHT = frozenset({"moon", "stars", "aurora"})


def read(prompt: str, seed: int = 0) -> Plan:
    """The plan of a prompt. Any text has one: without known words it is an abstract picture."""
    text = prompt[:LONGEST_READ]
    lettering, rest = _read_lettering(text)
    chart = read_chart(rest, lettering.text if lettering else "")
    plan = _read_words(prompt, seed, "" if chart else rest)
    if chart:
        background = Phrases.read(_tokens(rest)).background
        labels = set(_tokens(" ".join(chart.labels)))
        colours = senses("colours", tuple(w for w in _tokens(rest) if w not in labels))
        return replace(plan, chart=chart, background=background, colours=colours)
    return replace(plan, lettering=_with_board(lettering, rest, plan))


def _tokens(text: str) -> tuple[str, ...]:
    text = _GOING.sub(lambda going: _WAYS[going[1]], text.lower())
    joined = _SHADE.sub(lambda shade: shade[1] + shade[2].replace("gray", "grey"), text)
    return tuple(_TOKEN.findall(joined))


def _read_words(prompt: str, seed: int, text: str) -> Plan:
    words = _tokens(text)
    phrases = Phrases.read(words)
    scenery = tuple(thing for thing in phrases.things if sense("scenery", thing.kind))
    kinds = {thing.kind for thing in scenery}
    taken = {name for thing in phrases.things for name in thing.colours}
    colours = senses("colours", words)
    if phrases.pattern:
        colours = tuple(name for name in colours if name not in taken)
    hours = senses("hours", words) or (("night",) if kinds & _IMPLIED_NIGHT else ("day",))
    return Plan(
        prompt=prompt,
        seed=seed,
        scenery=_once_each(scenery),
        shapes=tuple(thing for thing in phrases.things if thing not in scenery),
        pattern=phrases.pattern,
        background=phrases.background,
        colours=colours,
        hour=hours[0],
        season=next(iter(senses("seasons", words)), "summer"),
        mood=next(iter(senses("moods", words)), ""),
        styles=_styles(words),
        motions=senses("motions", words),
        camera=_camera(words),
        caption=_caption(words),
    )


def _once_each(scenery: tuple[Thing, ...]) -> tuple[Thing, ...]:
    """One row per kind: what is told about a thing in several places is put together."""
    kinds: dict[str, Thing] = {}
    for thing in scenery:
        known = kinds.get(thing.kind, thing)
        kinds[thing.kind] = replace(
            known,
            count=max(known.count, thing.count),
            counted=known.counted or thing.counted,
            colours=known.colours or thing.colours,
            size=known.size or thing.size,
            roof=known.roof or thing.roof,
            place=known.place or thing.place,
        )
    return tuple(kinds.values())


def _styles(words: tuple[str, ...]) -> tuple[str, ...]:
    plain = senses("styles", words)
    joined = " ".join(words)
    grey = "black and white" in joined and any(
        word in words for word in ("photo", "photograph", "style", "film", "picture", "image")
    )
    return ("grayscale", *plain) if grey and "grayscale" not in plain else plain


def _camera(words: tuple[str, ...]) -> str:
    found = senses("cameras", words)
    if not found:
        return ""
    if found[0] == "zoom in":
        return "zoom out" if "out" in words else "zoom in"
    return "pan left" if "left" in words else "pan right"


def _caption(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words that carry the meaning: the longest few, in their order."""
    carrying = dict.fromkeys(
        word for word in words if word not in STOP_WORDS and len(word) > 2 and not number_in(word)
    )
    longest = sorted(carrying, key=len, reverse=True)[:4]
    return tuple(word[:24] for word in carrying if word in longest)


def _read_lettering(text: str) -> tuple[Lettering | None, str]:
    """The text to be drawn, and the prompt without it."""
    found = ["".join(quote).strip() for quote in _QUOTED.findall(text)]
    said = _SAID.search(text)
    if any(found):
        return Lettering("\n".join(filter(None, found))[:400]), _QUOTED.sub(" ", text)
    if said:
        return Lettering(said[1].strip().rstrip(".,;!")), text[: said.start(1)] + text[
            said.end(1) :
        ]
    return None, text


def _with_board(lettering: Lettering | None, text: str, plan: Plan) -> Lettering | None:
    words = _tokens(text)
    board = next(iter(senses("boards", words)), "")
    if not lettering:
        return None
    used = {colour for thing in (*plan.scenery, *plan.shapes) for colour in thing.colours}
    free = [name for name in plan.colours if name not in used and name != plan.background]
    return replace(lettering, board=board, colour=free[0] if free else "")
