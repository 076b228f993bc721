"""One connection to an upstream: carries one answer after the other, never two at once."""

from __future__ import annotations

import asyncio
from typing import Protocol, cast

from nexhina_nb.errors import StreamBroken, Upstream, UpstreamTimeout
from nexhina_nb.gateway.upstreams.answer import Failure, PooledAnswer
from nexhina_nb.gateway.upstreams.deadline import Deadline
from nexhina_nb.gateway.upstreams.limits import Limits, Timeouts
from nexhina_nb.gateway.upstreams.reply import Reply


class Keeper(Protocol):
    """Who owns connections and learns what becomes of them."""

    def opened(self, connection: Connection) -> None: ...

    def ended(self, connection: Connection, is_reusable: bool) -> None:
        """The answer is over."""

    def lost(self, connection: Connection) -> None: ...


class Connection(asyncio.Protocol):
    """Between the event loop, which brings bytes, and an answer, which waits for them."""

    def __init__(self, timeouts: Timeouts, limits: Limits, keeper: Keeper) -> None:
        self._timeouts = timeouts
        self._limits = limits
        self._keeper = keeper
        self._loop = asyncio.get_running_loop()
        self._deadline = Deadline(self._loop, self._expired)
        self._transport: asyncio.Transport
        self._answer: PooledAnswer | None = None
        self._has_served = False
        self._unsent = 0

    def send(self, request: bytes) -> PooledAnswer:
        """Send a whole request; the answer fills as the server sends."""
        reply = Reply(self._limits.head)
        answer = self._answer = PooledAnswer(reply, self, self._loop)
        if self._transport.is_closing():  # the server has just left; the loop has yet to say so
            self._end(answer, reply.broken("closed the connection"))
            return answer
        self._deadline.set(self._timeouts.first_byte)
        self._unsent = len(request)
        self._transport.write(request)
        return answer

    def shut(self) -> None:
        """Close; an answer that is still going on fails."""
        if self._answer is not None:
            self._end(self._answer, self._answer.reply.broken("was disconnected by the gateway"))
        else:
            self._transport.close()

    # What the answer calls.

    def resume(self, answer: PooledAnswer) -> None:
        """The reader has caught up."""
        answer.is_paused = False
        if self._answer is answer:
            self._transport.resume_reading()
            self._deadline.set(self._timeouts.idle)

    def abandon(self, answer: PooledAnswer) -> None:
        """The reader has left: so does the connection, unless that answer is over."""
        if self._answer is answer:
            self._end(answer, StreamBroken("the answer was closed before it was complete"))

    # What the event loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._keeper.opened(self)

    def data_received(self, data: bytes) -> None:
        answer = self._answer
        if answer is None:  # nobody has asked: it could only be mistaken for the next answer
            self._transport.abort()
            return
        reply = answer.reply
        try:
            reply.feed(data)
        except (Upstream, StreamBroken) as error:
            self._end(answer, error)
            return
        if reply.complete:
            self._end(answer)
        elif reply.head_done:
            self._go_on(answer)

    def eof_received(self) -> None:
        answer = self._answer
        if answer is None:
            return
        try:
            answer.reply.feed_eof()
        except (Upstream, StreamBroken) as error:
            self._end(answer, error)
        else:
            self._end(answer)

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        if self._answer is not None:
            what = "reset the connection" if exc else "closed the connection"
            self._end(self._answer, self._answer.reply.broken(what))
        self._keeper.lost(self)

    def resume_writing(self) -> None:
        # A long request is out but for its last part: the server's time to answer starts now.
        if self._answer is not None and not self._answer.reply.head_done:
            self._deadline.set(self._timeouts.first_byte)

    def _go_on(self, answer: PooledAnswer) -> None:
        if answer.reply.held > self._limits.held:
            answer.is_paused = True
            self._transport.pause_reading()
            self._deadline.clear()  # the silence is the reader's now
        else:
            self._deadline.set(self._timeouts.idle)
        answer.advance()

    def _end(self, answer: PooledAnswer, error: Failure | None = None) -> None:
        self._answer = None
        answer.may_repeat = self._has_served and not answer.reply.started
        self._has_served = True
        is_sent = self._transport.get_write_buffer_size() == 0
        is_whole = error is None and is_sent
        is_reusable = is_whole and answer.reply.is_reusable and not self._transport.is_closing()
        self._settle(answer, is_reusable, is_whole)
        self._keeper.ended(self, is_reusable)
        if error is None:
            answer.advance()
        else:
            answer.fail(error)

    def _settle(self, answer: PooledAnswer, is_reusable: bool, is_whole: bool) -> None:
        if is_reusable:
            self._deadline.set(self._limits.keep_alive)
            if answer.is_paused:
                self._transport.resume_reading()
        elif is_whole:
            self._transport.close()
        else:  # closing would first wait until the rest of the request is sent
            self._transport.abort()

    def _expired(self) -> None:
        answer = self._answer
        if answer is None:
            self._transport.close()
        elif answer.reply.head_done:
            self._end(answer, _silent("sent nothing more", self._timeouts.idle))
        elif 0 < self._transport.get_write_buffer_size() < self._unsent:
            self._unsent = self._transport.get_write_buffer_size()  # a long request is on its way
            self._deadline.set(self._timeouts.first_byte)
        else:
            self._end(answer, _silent("did not answer", self._timeouts.first_byte))


def _silent(what: str, seconds: float) -> UpstreamTimeout:
    return UpstreamTimeout(
        f"the upstream {what} within {seconds:g} s", hint="try again, or raise upstream_timeout"
    )
