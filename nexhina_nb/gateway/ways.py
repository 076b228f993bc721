"""The ways on which a call can be answered: each leg with each key of its channel, best first.

What cools down comes last, the soonest first: it is asked only when nothing else is left, so that
a single channel is never cooled down to nothing.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nexhina_nb.gateway.health import Health, Target
from nexhina_nb.gateway.router import Leg
from nexhina_nb.store.channels import Channel

_DICE = random.Random()
NO_KEY = -1


@dataclass(frozen=True, slots=True)
class Way:
    """A leg, and the number of the key; NO_KEY if all keys of the channel are off."""

    leg: Leg
    key: int = 0

    @property
    def target(self) -> Target:
        """What its health is kept under."""
        return self.leg.channel.id, self.key


class Keys:
    """Which key of a channel has its turn (contract 6.3, step 8). ``count`` tells how many it
    has.
    """

    def __init__(self, count: Callable[[Channel], int]) -> None:
        self._count = count
        self._turns: dict[int, int] = {}

    def ordered(self, channel: Channel, sticky: str = "") -> Sequence[int]:
        """The keys that are on, the one whose turn it is first."""
        total = self._count(channel)
        if total == 1 and not channel.key_states:
            return _ONLY
        usable = [index for index in range(total) if not _is_off(channel, index)]
        if sticky:
            return sorted(usable, key=lambda index: _score(channel, index, sticky))
        if channel.multi_key_mode == "polling" and usable:
            turn = self._turns[channel.id] = self._turns.get(channel.id, -1) + 1
            start = turn % len(usable)
            return usable[start:] + usable[:start]
        return _DICE.sample(usable, len(usable))


def ways(legs: Sequence[Leg], keys: Keys, health: Health, sticky: str = "") -> list[Way]:
    """Every way, best first; the same ``sticky`` text prefers the same key."""
    found = [
        Way(leg, key) for leg in legs for key in keys.ordered(leg.channel, sticky) or (NO_KEY,)
    ]
    if len(found) > 1:
        found.sort(key=lambda way: health.wait(way.target))
    return found


_ONLY = (0,)


def _is_off(channel: Channel, index: int) -> bool:
    return bool(channel.key_states.get(index))


def _score(channel: Channel, index: int, sticky: str) -> bytes:
    text = f"{channel.id}\0{index}\0{sticky}".encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=8).digest()
