"""Who waits for a turn, and who is next. Pure: times are given, who is let in is told by a call.

Each key waits in a line of its own for each group, first come, first served. The lines take turns,
so that a key with many calls does not keep the others of its group waiting. A call that is blocked
by its group blocks the group's other lines too: a large call is not overtaken for ever. One that is
blocked by its own key's limits blocks that key alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from nexhina_nb.gateway.limits.limiters import Limiter
from nexhina_nb.gateway.limits.windows import Slice

Limiters = tuple[Limiter, ...]


@dataclass(slots=True, eq=False)
class Place:
    """A call that waits or runs: its limiters (the key's first), its estimated tokens, and how it
    is told that its turn has come. ``counted`` is there while it runs.
    """

    limiters: Limiters
    tokens: int
    admitted: Callable[[], None] = lambda: None
    counted: tuple[Slice, ...] | None = field(default=None)
    owner: int = 0  # the key, so that each has a line of its own, also without limits of its own


class Lines:
    """The lines of one gateway. One that is empty is not kept."""

    def __init__(self) -> None:
        # Known by key and limiters, which stay the same objects; in the order of the turns.
        self._lines: dict[tuple[int, ...], deque[Place]] = {}

    def __len__(self) -> int:
        return sum(len(line) for line in self._lines.values())

    def beside(self, place: Place) -> int:
        """How many wait in the line of a call."""
        return len(self._lines.get(_line_of(place), ()))

    def join(self, place: Place) -> None:
        """Wait behind the others of the same key and group."""
        self._lines.setdefault(_line_of(place), deque()).append(place)
        for limiter in place.limiters:
            limiter.waiting += 1

    def leave(self, place: Place) -> bool:
        """Stop waiting; False if the place was not in its line any more."""
        line = self._lines.get(_line_of(place), deque())
        if place not in line:
            return False
        line.remove(place)
        self._left(place)
        return True

    def advance(self, now: float) -> None:
        """Let in everybody whose turn has come."""
        while self._round(now):
            pass

    def next_change(self, now: float) -> float | None:
        """Seconds until a minute's limit may let somebody in; None if only an end of a call can."""
        waits = [
            max(limiter.wait_for(line[0].tokens, now) for limiter in line[0].limiters)
            for line in self._lines.values()
        ]
        return min((wait for wait in waits if wait > 0), default=None)

    def waiting(self) -> list[Place]:
        """Everybody who waits."""
        return [place for line in self._lines.values() for place in line]

    def _round(self, now: float) -> bool:
        """One turn for each line; whether anybody was let in."""
        full: set[int] = set()
        moved = False
        for key, line in list(self._lines.items()):
            place = line[0]
            blocking = next((r for r in place.limiters if not r.admits(place.tokens, now)), None)
            if blocking is not None:
                full.add(id(blocking))
            if blocking is not None or any(id(row) in full for row in place.limiters):
                continue
            line.popleft()
            # Whoever was let in is the last of the next round.
            self._lines[key] = self._lines.pop(key)
            self._left(place)
            begin(place, now)
            place.admitted()
            moved = True
        return moved

    def _left(self, place: Place) -> None:
        for limiter in place.limiters:
            limiter.waiting -= 1
        if not self._lines[_line_of(place)]:
            del self._lines[_line_of(place)]


def begin(place: Place, now: float) -> None:
    """Count a call that all its limiters admit."""
    place.counted = tuple(limiter.begin(place.tokens, now) for limiter in place.limiters)


def end(place: Place, tokens: int, now: float) -> None:
    """A call is over and used so many tokens; a second time does nothing."""
    if place.counted is not None:
        for limiter, slice in zip(place.limiters, place.counted, strict=True):
            limiter.end(slice, tokens - place.tokens, now)
        place.counted = None


def _line_of(place: Place) -> tuple[int, ...]:
    return (place.owner, *(id(limiter) for limiter in place.limiters))
