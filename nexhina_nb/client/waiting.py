"""How long to wait between two looks at something that is being made; knows no clock."""

from __future__ import annotations

from nexhina_nb.client.exchange import Response
from nexhina_nb.retry import parse_retry_after

FIRST, GROWTH, LONGEST = 0.25, 1.5, 10.0  # seconds: short jobs are quick, long ones cost few calls


class Waiting:
    """Pauses that grow, or as long as the server says; ``most`` seconds in all, None: no limit.

    What the calls themselves take is read off the times at which their answers came.
    """

    def __init__(self, most: float | None) -> None:
        self._most, self._pause = most, FIRST
        self._started: float | None = None
        self._paused = 0.0

    def pause(self, seen: Response) -> float | None:
        """Seconds until the next look; None if the time is up."""
        if self._started is None:
            self._started = seen.now
        waited = max(self._paused, seen.now - self._started)
        told = parse_retry_after(seen.headers.get("retry-after"), seen.now)
        pause = self._pause if told is None else min(told, 60.0)
        self._pause = min(self._pause * GROWTH, LONGEST)
        if self._most is not None:
            pause = min(pause, self._most - waited)
            if pause <= 0:
                return None
        self._paused += pause
        return pause
