"""How much a key and a group may ask at a time: requests and tokens a minute, requests at once.

A minute is a sliding window (`windows`): no 60 seconds, wherever they begin, hold more than the
limit. Who waits for a turn does so in lines (`lines`).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

from nexhina_nb.errors import RateLimited, ServiceUnavailable
from nexhina_nb.gateway.limits.limiters import Limiter, headers_of
from nexhina_nb.gateway.limits.lines import Lines, Place, begin, end
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.groups import Group

NOTHING: Mapping[str, str] = {}


class Turn:
    """The place of one running call; this one is that of a call without limits."""

    __slots__ = ()

    @property
    def headers(self) -> Mapping[str, str]:
        """What the caller is told to be left, as it is now."""
        return NOTHING

    def leave(self, tokens: int) -> None:
        """The call is over and used so many tokens; a second time does nothing."""


_UNLIMITED = Turn()


class _Limited(Turn):
    __slots__ = ("_limits", "_place")

    def __init__(self, limits: Limits, place: Place) -> None:
        self._limits = limits
        self._place = place

    @property
    def headers(self) -> Mapping[str, str]:
        return self._limits.headers(self._place.limiters)

    def leave(self, tokens: int) -> None:
        self._limits.leave(self._place, tokens)


_MOST_LINES = 10  # so many full lines may wait under one limit


class Limits:
    """The limits of one gateway. Belongs to its event loop; ``longest`` is how many calls may wait
    under one limit.
    """

    def __init__(self, longest: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self._longest = longest
        self._clock = clock
        self._keys: dict[int, Limiter] = {}
        self._groups: dict[str, Limiter] = {}
        self._lines = Lines()
        self._futures: dict[Place, asyncio.Future[None]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = False

    async def admit(self, account: Account, group: Group | None, tokens: int) -> Turn:
        """Let a call in that is estimated to use so many tokens, perhaps after a wait of up to the
        key's ``queue_seconds``.

        Raises RateLimited, mostly with ``retry_after``, or ServiceUnavailable when the gateway is
        stopped meanwhile.
        """
        limiters = self._limiters(account, group)
        if not limiters:
            return _UNLIMITED
        for limiter in limiters:
            limiter.check_size(tokens)
        place = Place(limiters, tokens, owner=account.token_id)
        now = self._clock()
        if not len(self._lines) and all(limiter.admits(tokens, now) for limiter in limiters):
            begin(place, now)
        else:
            await self._queue(place, account.queue_seconds)
        return _Limited(self, place)

    def told(self, account: Account, group: Group | None) -> Mapping[str, str]:
        """The headers for a call that was refused before it had a turn."""
        return self.headers(self._limiters(account, group))

    def headers(self, limiters: tuple[Limiter, ...]) -> Mapping[str, str]:
        """What is left under some limits."""
        return headers_of(limiters, self._clock()) if limiters else NOTHING

    def leave(self, place: Place, tokens: int) -> None:
        """End a call that was let in, and let in who waited for that."""
        end(place, tokens, self._clock())
        self._advance()

    def close(self) -> None:
        """End all waits: nobody is let in any more."""
        self._is_closed = True
        for future in self._futures.values():
            if not future.done():
                future.set_exception(_stopped())
        if self._timer is not None:
            self._timer.cancel()

    def _limiters(self, account: Account, group: Group | None) -> tuple[Limiter, ...]:
        found: tuple[Limiter, ...] = ()
        if account.rpm or account.tpm or account.parallel:
            mine = self._keys.get(account.token_id)
            if mine is None:
                mine = self._keys[account.token_id] = Limiter(f"the key '{account.token_name}'")
            mine.set(account)
            found = (mine,)
        if group is not None and (group.rpm or group.tpm or group.parallel):
            shared = self._groups.get(group.name)
            if shared is None:
                shared = self._groups[group.name] = Limiter(f"the group '{group.name}'")
            shared.set(group)
            found = (*found, shared)
        return found

    async def _queue(self, place: Place, seconds: int) -> None:
        """Wait for a turn; whoever gives up waiting leaves nothing behind."""
        if seconds:
            self._check_length(place)
        future = self._futures[place] = asyncio.get_running_loop().create_future()
        place.admitted = lambda: None if future.done() else future.set_result(None)
        self._lines.join(place)
        try:
            self._advance()
            if place.counted is None:
                await self._wait(place, future, seconds)
        except BaseException:
            end(place, 0, self._clock())  # its turn may have come at the very moment it gave up
            raise
        finally:
            del self._futures[place]
            self._lines.leave(place)
            self._advance()

    async def _wait(self, place: Place, future: asyncio.Future[None], seconds: int) -> None:
        if self._is_closed:
            raise _stopped()
        if not seconds:
            raise self._refusal(place)
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            if place.counted is None:
                raise self._refusal(place) from None

    def _check_length(self, place: Place) -> None:
        """A line has an end, so that one key cannot fill the group's, and so has the group."""
        waiting = self._lines.beside(place)
        for limiter in place.limiters:
            if max(waiting, limiter.waiting // _MOST_LINES) >= self._longest:
                text = f"{limiter.waiting:,} calls wait already for their turn under {limiter.name}"
                raise limiter.refused(text, place.tokens, self._clock())

    def _refusal(self, place: Place) -> RateLimited:
        now = self._clock()
        blocking = [row for row in place.limiters if not row.admits(place.tokens, now)]
        # Where none blocks, others came first.
        return (blocking or place.limiters)[0].refusal(place.tokens, now)

    def _advance(self) -> None:
        """Let in who may, and come back when a minute's limit will let in the next."""
        if self._is_closed or not len(self._lines):
            return
        now = self._clock()
        self._lines.advance(now)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (seconds := self._lines.next_change(now)) is not None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._advance)


def _stopped() -> ServiceUnavailable:
    return ServiceUnavailable("the gateway was stopped", code="stopped")
