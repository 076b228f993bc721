"""Noun phrases: "three large red circles on the left" read word by word."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from nexhina_nb.engines.images.plan import Thing
from nexhina_nb.engines.images.vocabulary import sense

MOST = 100  # of one thing: more would be too small to see
MOST_IN_ALL = 400  # things: what is named after them is left out

_PLACES = {"left": (-1, 0), "right": (1, 0), "top": (0, -1), "bottom": (0, 1), "centre": (0, 0)}
_RELATIONS = frozenset({"above", "below", "beneath", "under"})
_BREAKS = frozenset([",", ";", ":", ".", "!", "?", "and"])
_PREPOSITIONS = frozenset(
    {"on", "in", "at", "with", "over", "by", "near", "behind", "of", "under", "through"}
    | {"from", "to"}
)
_INSIDE = frozenset({"inside", "within"})
_ROOFS = frozenset({"roof", "roofs", "dach", "dächern", "toit", "tejado", "techo"})
_WALLS = frozenset({"wall", "walls", "wänden", "wände", "murs"})
_COLLECTIVES = {"village": 6, "flock": 12}
_TREES = frozenset({"palm", "pine"})
_GROUND_WORDS = frozenset({"background", "backdrop", "hintergrund", "grund", "fond", "fondo"})


def number_in(word: str) -> int | None:
    """The count that a word or a numeral stands for, or None."""
    if word.isdecimal():
        return min(int(word[:6]), MOST)
    spelled = sense("numbers", word)
    return int(spelled) if spelled else None


@dataclass
class Phrases:
    """What has been read so far: finished things, and what waits for its noun."""

    things: list[Thing] = field(default_factory=list)
    background: str = ""
    pattern: str = ""
    waiting: Thing = Thing("")
    stale: bool = False  # an unknown noun took what was waiting
    named: bool = False  # this clause has its noun
    trees_of: tuple[str, ...] = ()  # words that only repeat what a "palm" is

    @classmethod
    def read(cls, words: tuple[str, ...]) -> Phrases:
        """Read all words of a prompt."""
        phrases = cls()
        for index, word in enumerate(words):
            after = words[index + 1] if index + 1 < len(words) else ""
            phrases._take(word, after)
        phrases._end()
        return phrases

    def _end(self) -> None:
        """Colours that found no noun are those of the last thing: "three circles in red"."""
        if self.things and not self.things[-1].colours:
            self.things[-1] = replace(self.things[-1], colours=self.waiting.colours)

    def _take(self, word: str, after: str) -> None:
        if word in _BREAKS or word in _PREPOSITIONS:
            self._break(word)
        elif word in _INSIDE and self.things:
            self._enclose()
        elif not (
            self._take_modifier(word) or self._take_motion(word) or self._take_place(word, after)
        ):
            self._take_noun(word)

    def _break(self, word: str) -> None:
        if self.stale:
            self.waiting, self.stale = Thing(""), False
        if word in _BREAKS:
            self.named = False

    def _enclose(self) -> None:
        """The last thing goes into the one that is named next, which is larger."""
        last = self.things[-1]
        size = "small" if last.size == "small" else ""
        self.things[-1] = replace(last, place=(0, 0), size=size)
        self.waiting, self.named = replace(self.waiting, place=(0, 0), size="large"), False

    def _take_modifier(self, word: str) -> bool:
        colour, size, count = sense("colours", word), sense("sizes", word), number_in(word)
        if colour and self.named and self.things and sense("postponed", word):
            last = self.things[-1]
            self.things[-1] = replace(last, colours=(*last.colours, colour))
        elif colour:
            self.waiting = replace(self.waiting, colours=(*self.waiting.colours, colour))
        if size:
            self.waiting = replace(self.waiting, size=size)
        if count and not (self.waiting.counted and count == 1):
            self.waiting = replace(self.waiting, count=count, counted=True)
        return bool(colour or size or count)

    def _take_motion(self, word: str) -> bool:
        motion = sense("motions", word)
        if motion and self.named and self.things:
            last = self.things[-1]
            self.things[-1] = replace(last, motions=(*last.motions, motion))
        elif motion:
            self.waiting = replace(self.waiting, motions=(*self.waiting.motions, motion))
        return bool(motion)

    def _take_place(self, word: str, after: str) -> bool:
        name = sense("places", word)
        if not name:
            return False
        step = _PLACES[name]
        if self.named and self.things:
            self.things[-1] = _moved(self.things[-1], step)
            if word in _RELATIONS or after == "of":
                self.waiting = _moved(self.waiting, (-step[0], -step[1]))
                self.named = False
        else:
            self.waiting = _moved(self.waiting, step)
        return True

    def _take_noun(self, word: str) -> None:
        if word in _GROUND_WORDS:
            self.background = next(iter(self.waiting.colours), self.background)
            self.waiting, self.stale = Thing(""), False
            return
        if word in _ROOFS | _WALLS and self.things:
            self._take_part(word)
            return
        kind, described = self._kind(word)
        if kind == "tree" and word in self.trees_of:
            return
        self.trees_of = ("tree", "trees") if kind in _TREES else ()
        if kind:
            count = _COLLECTIVES.get(word, described.count)
            count = 5 if _is_loose_plural(word, kind, described) else count
            if sum(thing.count for thing in self.things) + count <= MOST_IN_ALL:
                self.things.append(replace(described, kind=kind, count=count))
            self.waiting, self.stale, self.named = Thing(""), False, True
        else:
            self.stale = True

    def _take_part(self, word: str) -> None:
        """The colour of a roof or of the walls goes to the house before it."""
        last, colours = self.things[-1], self.waiting.colours
        if word in _ROOFS:
            self.things[-1] = replace(last, roof=next(iter(colours), last.roof))
        else:
            self.things[-1] = replace(last, colours=colours or last.colours)
        self.waiting, self.stale = Thing(""), False

    def _kind(self, word: str) -> tuple[str, Thing]:
        """What the noun names: scenery, a shape, or (with nothing counted) a pattern."""
        shape, scenery, pattern = (
            sense(group, word) for group in ("shapes", "scenery", "patterns")
        )
        waiting = self.waiting
        if pattern and not waiting.counted:
            self.pattern = self.pattern or pattern
            return "", waiting
        is_described = waiting.counted or waiting.colours or waiting.size
        if shape and (not scenery or is_described):
            return shape, waiting
        return scenery or "", waiting


def _moved(thing: Thing, step: tuple[int, int]) -> Thing:
    across, down = thing.place or (0, 0)
    return replace(thing, place=(step[0] or across, step[1] or down))


def _is_loose_plural(word: str, kind: str, thing: Thing) -> bool:
    """A plural without a number: a handful."""
    return not thing.counted and word != kind and word.endswith("s") and bool(sense("shapes", kind))
