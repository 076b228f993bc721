"""The HTTP protocol of the gateway's connections, with bounds on what a client may take: bytes of a
head, time to send and to read, connections.

uvicorn's own waits for ever for the rest of a head, for a body, and for a client to read.
"""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from nexhina_nb.errors import APIError, BadRequest, ServiceUnavailable
from nexhina_nb.gateway.upstreams.deadline import Deadline
from nexhina_nb.settings import Settings
from nexhina_nb.wire.errors import to_body

# How long a client that is refused may go on sending, so that it comes to read why.
_GOODBYE = 1.0


def protocol(settings: Settings) -> type[HttpToolsProtocol]:
    """The protocol with the bounds of these settings: what uvicorn makes connections of."""
    return type("BoundedHTTP", (_Bounded,), {"settings": settings})


class _Bounded(HttpToolsProtocol):
    """One connection. One timer tells when its client has been silent, or deaf, for too long."""

    settings: Settings

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._deadline = Deadline(self.loop, self._expired)
        self._has_begun = self._has_head = False  # the request that comes in now
        self._is_over = self._has_parted = False  # nothing more is read; the client was told why
        self._ended = 0  # requests that came in whole
        self._head_size = 0
        self._unsent = 0

    # What the transport calls.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._deadline.set(self.settings.client_timeout)
        if len(self.connections) > self.settings.max_connections:
            self.connections.discard(self)
            self._refuse(
                ServiceUnavailable("there are too many connections", code="too_many_connections")
            )

    def connection_lost(self, exc: Exception | None) -> None:
        self._deadline.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_over:
            return
        had_begun, ended = self._has_begun, self._ended
        super().data_received(data)
        if self._has_head or (self._has_begun and not had_begun):
            self._deadline.set(self.settings.client_timeout)
        if self._has_begun and not self._has_head and self._ended == ended:
            self._head_size += len(data)
            self._bound_head()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_reading()

    # What the parser calls.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._has_begun, self._has_head, self._head_size = True, False, 0

    def on_headers_complete(self) -> None:
        self._has_head = True
        lines = sum(len(name) + len(value) + 4 for name, value in self.headers)
        self._head_size = len(self.url) + lines
        self._bound_head()
        if not self._is_over:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._is_over:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._has_begun = self._has_head = False
        self._ended += 1
        if not self._is_over:
            super().on_message_complete()

    # What uvicorn calls.

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._watch_reading()

    def send_400_response(self, msg: str) -> None:
        self._refuse(BadRequest("this is not a request in HTTP/1.1", code="invalid_http"))

    def _bound_head(self) -> None:
        most = self.settings.max_header_kb
        if self._head_size > most << 10:
            self._refuse(_too_large(most))

    def _watch_reading(self) -> None:
        self._unsent = self.transport.get_write_buffer_size()
        self._deadline.set(self.settings.client_timeout)

    @property
    def _answering(self) -> RequestResponseCycle | None:
        """The newest request, if it is not answered yet."""
        cycle: Any = self.cycle  # None before the first, which uvicorn's type does not say
        return None if cycle is None or cycle.response_complete else cycle

    @property
    def _is_our_turn(self) -> bool:
        """Whether the client waits for the gateway, not the gateway for the client."""
        cycle = self._answering
        return cycle is not None and (
            not cycle.more_body or cycle.waiting_for_100_continue or self.flow.read_paused
        )

    @property
    def _may_be_told(self) -> bool:
        """Whether the request that comes in now has no answer yet, so that it can get one."""
        cycle = self._answering
        if not self._has_head:
            return self._has_begun
        return cycle is not None and not cycle.response_started

    def _expired(self) -> None:
        is_deaf, unsent = self._is_deaf(), self.transport.get_write_buffer_size()
        if is_deaf or self._has_parted or self.transport.is_closing():
            self.transport.abort()
        elif unsent or self._is_our_turn:
            self._unsent = unsent
            self._deadline.set(self.settings.client_timeout)
        elif self._may_be_told and not self._is_over:
            self._refuse(_late(self.settings.client_timeout))
        elif self._answering is not None:
            self.transport.abort()
        else:
            self.transport.close()

    def _is_deaf(self) -> bool:
        """Whether the client has read nothing since the last look. While more is written, a longer
        buffer does not tell.
        """
        unsent = self.transport.get_write_buffer_size()
        is_stable = self.flow.write_paused or self._answering is None
        return is_stable and unsent > 0 and unsent >= self._unsent

    def _refuse(self, error: APIError) -> None:
        """Say why, and part; in the middle of an answer, part after it without a word."""
        if self._is_over:
            return
        self._is_over = True
        cycle = self._answering
        if cycle is not None:
            if cycle.response_started or self.pipeline or not cycle.more_body:
                cycle.keep_alive = False
                return
            cycle.disconnected = True
            cycle.message_event.set()
        self._has_parted = True
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        self.transport.write(_rendered(error, self.server_state.default_headers))
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._deadline.set(_GOODBYE)


def _too_large(most: int) -> APIError:
    return APIError(
        f"the head of the request has more than {most} KiB",
        type="invalid_request_error",
        code="request_header_too_large",
        status=431,
    )


def _late(seconds: float) -> APIError:
    return APIError(
        f"nothing more of the request came within {seconds:g} s",
        type="invalid_request_error",
        code="request_timeout",
        status=408,
    )


def _rendered(error: APIError, headers: list[tuple[bytes, bytes]]) -> bytes:
    body = orjson.dumps(to_body(error))
    own = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"connection", b"close"),
    ]
    if error.status_code == 503:
        own.append((b"retry-after", b"1"))
    lines = [b"%s: %s\r\n" % row for row in (*headers, *own)]
    return b"".join([STATUS_LINE[error.status_code], *lines, b"\r\n", body])
