"""The limits of one key or one group, and what counts against them. Pure: times are given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from nexhina_nb.errors import RateLimited
from nexhina_nb.gateway.limits.windows import Slice, Window
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.groups import Group

Headers = Mapping[str, str]


@dataclass(slots=True)
class Limiter:
    """``rpm`` and ``tpm``: requests and tokens a minute, ``parallel``: requests at a time, 0 for no
    limit. ``name`` says whose they are. ``waiting``: how many calls wait for their turn.
    """

    name: str
    rpm: int = 0
    tpm: int = 0
    parallel: int = 0
    running: int = 0
    waiting: int = 0
    requests: Window = field(default_factory=Window)
    tokens: Window = field(default_factory=Window)

    def set(self, limits: Account | Group) -> None:
        """Take over limits that may have been changed."""
        self.rpm, self.tpm, self.parallel = limits.rpm, limits.tpm, limits.parallel

    def admits(self, tokens: int, now: float) -> bool:
        """Whether a call may begin."""
        return (
            (not self.parallel or self.running < self.parallel)
            and (not self.rpm or self.requests.total(now) < self.rpm)
            and (not self.tpm or self.tokens.total(now) + tokens <= self.tpm)
        )

    def begin(self, tokens: int, now: float) -> Slice:
        """Count a call that `admits` allowed."""
        self.running += 1
        self.requests.count(1, now)
        return self.tokens.count(tokens, now)

    def end(self, counted: Slice, more: int, now: float) -> None:
        """A call is over, and used so many more tokens than were counted."""
        self.running -= 1
        self.tokens.correct(counted, more, now)

    def wait_for(self, tokens: int, now: float) -> float:
        """Seconds until the minute's limits admit a call; those at a time tell nothing ahead."""
        return max(
            self.requests.wait_for(1, self.rpm, now) if self.rpm else 0.0,
            self.tokens.wait_for(tokens, self.tpm, now) if self.tpm else 0.0,
        )

    def check_size(self, tokens: int) -> None:
        """Raises RateLimited for a call that could never be admitted."""
        if self.tpm and tokens > self.tpm:
            raise RateLimited(
                f"this call is estimated at {tokens:,} tokens, and {self.name} may use "
                f"{self.tpm:,} tokens a minute: waiting does not help",
                hint="send a shorter prompt, or ask for a shorter answer (max_tokens)",
            )

    def refusal(self, tokens: int, now: float) -> RateLimited:
        """What a call is told that is not admitted."""
        if self.rpm and self.requests.total(now) >= self.rpm:
            limit = f"{self.rpm:,} requests a minute"
        elif self.tpm and self.tokens.total(now) + tokens > self.tpm:
            limit = f"{self.tpm:,} tokens a minute"
        else:
            limit = f"{self.parallel:,} requests at a time"
        return self.refused(f"the limit of {limit} of {self.name} is reached", tokens, now)

    def refused(self, text: str, tokens: int, now: float) -> RateLimited:
        """A refusal that says when it is worth coming back: whole seconds, at least 1."""
        seconds = max(1, math.ceil(self.wait_for(tokens, now)))
        return RateLimited(text, hint=f"come back in {seconds} s", retry_after=seconds)


def headers_of(limiters: tuple[Limiter, ...], now: float) -> Headers:
    """What is left, under OpenAI's names; of several limits the tightest."""
    headers: dict[str, str] = {}
    for what, facts in (("requests", _requests(limiters, now)), ("tokens", _tokens(limiters, now))):
        if facts:
            remaining, limit, reset = min(facts)
            headers[f"x-ratelimit-limit-{what}"] = str(limit)
            headers[f"x-ratelimit-remaining-{what}"] = str(max(0, remaining))
            headers[f"x-ratelimit-reset-{what}"] = duration(reset)
    return headers


def duration(seconds: float) -> str:
    """``0.2`` → ``"1s"``, ``60`` → ``"1m0s"``: whole seconds, rounded up."""
    minutes, rest = divmod(math.ceil(seconds), 60)
    return f"{minutes}m{rest}s" if minutes else f"{rest}s"


def _requests(limiters: tuple[Limiter, ...], now: float) -> list[tuple[int, int, float]]:
    return [
        (row.rpm - row.requests.total(now), row.rpm, row.requests.empty_in(now))
        for row in limiters
        if row.rpm
    ]


def _tokens(limiters: tuple[Limiter, ...], now: float) -> list[tuple[int, int, float]]:
    return [
        (row.tpm - row.tokens.total(now), row.tpm, row.tokens.empty_in(now))
        for row in limiters
        if row.tpm
    ]
