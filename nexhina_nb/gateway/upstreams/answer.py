"""The answer that a pooled connection brings: what has been read, and whoever waits for more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from nexhina_nb.errors import StreamBroken, Upstream, UpstreamTimeout
from nexhina_nb.gateway.upstreams.reply import Reply

Failure = Upstream | UpstreamTimeout | StreamBroken


class Carrier(Protocol):
    """What an answer needs of the connection that carries it."""

    def resume(self, answer: PooledAnswer) -> None: ...

    def abandon(self, answer: PooledAnswer) -> None: ...


class PooledAnswer:
    """Whoever gets one reads it to its end or closes it; until then it holds a connection.

    ``may_repeat``: the connection had served before and died without a byte of an answer, which is
    how a server looks that was just closing an idle connection.
    """

    __slots__ = (
        "_carrier",
        "_error",
        "_head",
        "_loop",
        "_wake",
        "is_paused",
        "may_repeat",
        "reply",
    )

    def __init__(self, reply: Reply, carrier: Carrier, loop: asyncio.AbstractEventLoop) -> None:
        self.reply = reply
        self.is_paused = self.may_repeat = False
        self._carrier = carrier
        self._loop = loop
        self._error: Failure | None = None
        self._head: asyncio.Future[None] = loop.create_future()
        self._wake: asyncio.Future[None] | None = None

    @property
    def status(self) -> int:
        return self.reply.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self.reply.headers

    async def answered(self) -> PooledAnswer:
        """Itself, once status and headers are known; a cancelled wait closes the connection."""
        try:
            await self._head
        except asyncio.CancelledError:
            self._carrier.abandon(self)
            raise
        return self

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes, each piece one read of the connection or more; iterate it once."""
        reply = self.reply
        while True:
            if reply.pieces:
                yield self._take()
            elif self._error is not None:
                raise self._error
            elif reply.complete:
                return
            else:
                await self._more()

    async def aclose(self) -> None:
        """Stop and drop the rest; an answer in the middle takes its connection with it, at once."""
        self._carrier.abandon(self)
        if self._error is None and self.reply.pieces:
            self._error = StreamBroken("the answer was closed before it was read")
        self.reply.pieces.clear()

    # What the connection calls.

    def advance(self) -> None:
        """Wake whoever waits for what has been read."""
        if self.reply.head_done and not self._head.done():
            self._head.set_result(None)
        wake = self._wake
        if wake is not None and not wake.done():
            wake.set_result(None)

    def fail(self, error: Failure) -> None:
        """End with an error: in place of the head, or after the pieces of the body that came."""
        self._error = error
        if not self.reply.head_done and not self._head.done():
            self._head.set_exception(error)
        self.advance()

    def _take(self) -> bytes:
        data = self.reply.take()
        if self.is_paused:
            self._carrier.resume(self)
        return data

    async def _more(self) -> None:
        self._wake = self._loop.create_future()
        try:
            await self._wake
        finally:
            self._wake = None
