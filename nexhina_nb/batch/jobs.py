"""A part on its way, and how long it waits before it is tried again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from nexhina_nb.batch.verdicts import is_refusal
from nexhina_nb.errors import APIError, NexhinaError, RateLimited
from nexhina_nb.retry import Policy

PATIENT = Policy(max_retries=10, base=0.25)
TRUSTED = 3  # times that a server's Retry-After is taken at its word

Part = TypeVar("Part")


@dataclass(slots=True)
class Job(Generic[Part]):
    """A part on its way, how often it was tried in vain, and how often it may be; ``answered`` is
    how many others had been answered by the last time, ``since`` by the first time. A ``sample`` is
    an input that stands for others of its batch.
    """

    part: Part
    attempt: int = 0
    most: int = PATIENT.max_retries
    answered: int = 0
    since: int | None = None
    is_sample: bool = False

    def delay(
        self, error: NexhinaError, policy: Policy, answered: int, patience: int
    ) -> float | None:
        """Seconds until the next try, None if there is to be none. So many parts were answered by
        now; ``patience`` is how often a single call is tried again.
        """
        # Before anything was answered the address may be wrong or the gateway gone: then nobody
        # should wait longer than for a single call.
        is_known = answered > 0 or isinstance(error, RateLimited)
        if is_refusal(error) and answered > self.answered:
            self.attempt = 0  # others get through, so its turn will come
        self.answered = answered
        self.since = answered if self.since is None else self.since
        if self.attempt >= (self.most if is_known else patience):
            return None
        asked = error.retry_after if isinstance(error, APIError) else None
        wait = policy.delay(self.attempt, asked)
        if wait is None or self.attempt < TRUSTED:
            return wait
        # A server that keeps asking for a moment only must not use up all tries in that moment.
        return max(wait, policy.delay(self.attempt) or 0.0)
