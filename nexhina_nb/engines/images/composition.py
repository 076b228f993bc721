"""From a plan to layers, and to a sentence that says what was understood."""

from __future__ import annotations

from nexhina_nb.engines.images import charts, figures, lettering, patterns, scenery
from nexhina_nb.engines.images.canvas import Canvas
from nexhina_nb.engines.images.layers import Layer
from nexhina_nb.engines.images.palettes import accents_of
from nexhina_nb.engines.images.plan import Chart, Moment, Plan, Thing


def has_landscape(plan: Plan) -> bool:
    """Whether the words name scenery, or an hour or a season and nothing else to draw."""
    named_time = plan.hour != "day" or plan.season != "summer"
    return bool(plan.scenery) or (named_time and not _has_objects(plan))


def _has_objects(plan: Plan) -> bool:
    return bool(plan.shapes or plan.lettering or plan.pattern or plan.background)


def _has_plain_ground(plan: Plan) -> bool:
    """Whether things that could stand anywhere were asked for on a background of one colour."""
    return bool(plan.background) and all(t.kind in scenery.OBJECTS for t in plan.scenery)


def names_only_objects(plan: Plan) -> bool:
    """Whether all that is named can stand in another picture: shapes, text, a cat, a boat."""
    if plan.chart or plan.pattern or plan.background:
        return False
    is_portable = all(thing.kind in scenery.OBJECTS for thing in plan.scenery)
    return bool(plan.shapes or plan.lettering or plan.scenery) and is_portable


def layers_of(plan: Plan, *, backdrop: bool = True) -> list[Layer]:
    """All layers, back to front; without ``backdrop`` only what stands in front of it."""
    if plan.chart:
        layers = charts.layers_of(plan, plan.chart)
        return layers if backdrop else layers[1:]
    in_front = [figures.layer_of(plan)] if plan.shapes else []
    if plan.lettering:
        over = has_landscape(plan)
        in_front.append(lettering.layer_of(plan, plan.lettering, over_scenery=over))
    return [*_behind(plan, backdrop), *in_front]


def _behind(plan: Plan, backdrop: bool) -> list[Layer]:
    if _has_plain_ground(plan):
        ground = [_plain(plan)] if backdrop else []
        return [*ground, *scenery.layers_of(plan, completed=False)]
    if has_landscape(plan):
        return scenery.layers_of(plan, completed=backdrop)
    if plan.pattern:
        return [patterns.layer_of(plan)]
    if _has_objects(plan):
        return [_plain(plan)] if backdrop else []
    return [patterns.layer_of(plan), _caption(plan)]


def _plain(plan: Plan) -> Layer:
    ground = figures.background_of(plan)
    if not plan.shapes and not plan.background:
        ground = accents_of(plan)[0]

    def paint(canvas: Canvas, _: Moment) -> None:
        canvas.rectangle(0, 0, canvas.width, canvas.height, ground)

    return Layer("background", paint)


def _caption(plan: Plan) -> Layer:
    """The main words, small, in a corner."""
    text = " · ".join(plan.caption)

    def paint(canvas: Canvas, _: Moment) -> None:
        if not text:
            return
        size = canvas.unit * 0.03
        wide = lettering.width_of(text, lettering.font_of(size))
        size *= min(1.0, canvas.width * 0.8 / max(1.0, wide))
        wide = min(wide, canvas.width * 0.8)
        x, y = canvas.width * 0.96, canvas.height * 0.955
        box = (x - wide - size * 0.6, y - size * 0.85, x + size * 0.6, y + size * 0.85)
        canvas.rounded(box, size * 0.4, (250, 248, 244))
        lettering.write(canvas, text, x, y, size, (40, 42, 54), "rm")

    return Layer("caption", paint)


def describe_plan(plan: Plan) -> str:
    """One sentence: what was understood of the prompt, and so what is drawn."""
    style = f", in the style {_listed(list(plan.styles))}" if plan.styles else ""
    sentence = f"{_subject(plan)}{style}."
    return sentence[0].upper() + sentence[1:]


def _subject(plan: Plan) -> str:
    if plan.chart:
        return _charted(plan.chart)
    objects = _listed([_named(thing) for thing in plan.shapes] + _lettered(plan))
    if plan.scenery and _has_plain_ground(plan):
        things = [*map(_named, plan.scenery), *filter(None, [objects])]
        return f"{_listed(things)} on a {plan.background} background"
    if has_landscape(plan):
        return _landscape(plan) + (f", and in front of it {objects}" if objects else "")
    if plan.pattern:
        return f"a pattern of {plan.pattern}{_in_colours(plan)}" + (objects and f" with {objects}")
    if objects or plan.background:
        ground = f"a {plan.background or 'plain'} background"
        return f"{objects} on {ground}" if objects else ground
    words = ", ".join(plan.caption)
    source = f"computed from the words {words}" if words else "computed from the prompt"
    return f"an abstract picture ({patterns.chosen(plan)}) {source}{_in_colours(plan)}"


def _charted(chart: Chart) -> str:
    pairs = zip(chart.labels, chart.values, strict=True)
    values = ", ".join(f"{label} {charts.plain(value)}" for label, value in pairs)
    title = f' titled "{chart.title}"' if chart.title else ""
    return f"a {chart.kind} chart{title} " + (f"of {values}" if values else "without values")


def _landscape(plan: Plan) -> str:
    things = _listed([_named(thing) for thing in plan.scenery if thing.kind != "sky"])
    hour = _HOURS.get(plan.hour, f" at {plan.hour}")
    season = "" if plan.season == "summer" else f" in {plan.season}"
    return f"a landscape{hour}{season}" + (f" with {things}" if things else "")


def _in_colours(plan: Plan) -> str:
    return f" in {_listed(list(plan.colours))}" if plan.colours else ""


def _lettered(plan: Plan) -> list[str]:
    if not plan.lettering:
        return []
    board = plan.lettering.board.replace("neon", "neon sign")
    board = f"a {board} with " if board else ""
    return [f'{board}the text "{" ".join(plan.lettering.text.split())}"']


def _named(thing: Thing) -> str:
    """A thing with its count, size, colour and place: "2 large red circles on the left"."""
    noun, article = thing.kind, ""
    if thing.count > 1:
        noun, article = _plural(noun), str(thing.count)
    elif not thing.counted and noun in _USUALLY_MANY:
        noun = _plural(noun)
    elif noun not in _UNCOUNTED:
        article = "the" if noun in ("sea", "sun", "moon") else "a"
    colour = " and ".join(thing.colours)
    place = _PLACES.get(thing.place, "") if thing.place else ""
    roof = f" with a {thing.roof} roof" if thing.roof else ""
    described = " ".join(f"{thing.size} {colour} {noun}{roof}{place}".split())
    if article == "a" and described[0] in "aeiou":
        article = "an"
    return f"{article} {described}".strip()


def _plural(noun: str) -> str:
    if noun.endswith("s") or noun == "fish":
        return noun
    return noun + ("es" if noun in ("cross", "cactus") else "s")


_HOURS = {"day": "", "space": "", "storm": " in a storm"}
_USUALLY_MANY = frozenset(
    {"mountain", "hill", "tree", "flower", "cloud", "bird", "star", "palm", "cactus", "pine"}
)
_UNCOUNTED = frozenset(["rain", "snow", "fog", "lightning", "stars", "aurora"])
_PLACES: dict[tuple[int, int], str] = {
    (0, 0): " in the centre",
    (-1, 0): " on the left",
    (1, 0): " on the right",
    (0, -1): " at the top",
    (0, 1): " at the bottom",
    (-1, -1): " at the top left",
    (1, -1): " at the top right",
    (-1, 1): " at the bottom left",
    (1, 1): " at the bottom right",
}


def _listed(names: list[str]) -> str:
    if len(names) < 2:
        return "".join(names)
    return ", ".join(names[:-1]) + " and " + names[-1]
