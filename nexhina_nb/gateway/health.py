"""Which targets are well: a circuit breaker for every channel and key.

Closed, it is asked. After three failures in a row (after one that says when to come back, or that
the key is dead) it is open: it cools down for a second, twice as long each time up to a minute.
Then it is half-open: one call at a time is let through, whose end closes it or opens it again.
Pure policy: it says who should be asked, and whoever asks tells it what came of that.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

# Channel and number of its key.
Target = tuple[int, int]

FAILURES = 3
SHORTEST, LONGEST = 1.0, 60.0
LONGEST_RETRY_AFTER = 300.0


@dataclass(slots=True)
class _State:
    """Of a target that has failed since it last went well. ``open_until`` is 0 while closed."""

    failures: int = 0
    openings: int = 0
    open_until: float = 0.0
    is_probed: bool = False


class Health:
    """The state of every target. ``clock`` gives seconds. Belongs to one event loop."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._states: dict[Target, _State] = {}

    def wait(self, target: Target) -> float:
        """Seconds until a target should be asked; 0 for now.

        While a probe is under way, what the target would cool down if it failed.
        """
        state = self._states.get(target)
        if state is None or not state.open_until:
            return 0.0
        if state.is_probed:
            return _cooling(state.openings)
        return max(0.0, state.open_until - self._clock())

    def asked(self, target: Target) -> None:
        """A call goes there; one of `went_well`, `failed` and `left` follows."""
        state = self._states.get(target)
        if state is not None and state.open_until and state.open_until <= self._clock():
            state.is_probed = True

    def answered(self, target: Target) -> None:
        """An answer has begun: it is closed. Earlier failures count until one has ended well."""
        if (state := self._states.get(target)) is not None:
            state.open_until, state.is_probed = 0.0, False

    def went_well(self, target: Target) -> None:
        """An answer is complete: all is forgotten."""
        self._states.pop(target, None)

    def failed(
        self, target: Target, *, at_once: bool = False, retry_after: float | None = None
    ) -> None:
        """Something failed there. ``at_once`` opens it however well it was before."""
        state = self._states.setdefault(target, _State())
        state.failures += 1
        now = self._clock()
        is_cooling = state.open_until > now
        state.is_probed = False
        if is_cooling and retry_after is None:
            return  # whoever asked it all the same proves nothing new
        if state.open_until or at_once or state.failures >= FAILURES:
            if not is_cooling:
                state.openings += 1
            seconds = _cooling(state.openings)
            if retry_after is not None:
                seconds = min(max(retry_after, 0.001), LONGEST_RETRY_AFTER)
            state.open_until = max(state.open_until, now + seconds)

    def left(self, target: Target) -> None:
        """The call ended without saying anything of the target: another may probe it."""
        if (state := self._states.get(target)) is not None:
            state.is_probed = False

    def snapshot(self) -> list[dict[str, Any]]:
        """Every target that has failed since it last went well."""
        return [
            {
                "channel": channel,
                "key_index": key,
                "state": self._name(state),
                "failures": state.failures,
                "seconds": round(max(0.0, state.open_until - self._clock()), 3),
            }
            for (channel, key), state in sorted(self._states.items())
        ]

    def _name(self, state: _State) -> str:
        if not state.open_until:
            return "closed"
        return "open" if state.open_until > self._clock() else "half-open"


def _cooling(openings: int) -> float:
    return float(min(LONGEST, SHORTEST * 2 ** min(max(openings, 1) - 1, 10)))
