"""A keep-alive pool of connections to one origin: the last one used is the first one used again.

Written for the hot path of the gateway: one write, no task and no timer per request. It speaks
HTTP/1.1 to one origin and nothing else; what needs more (an HTTP proxy) goes through `proxied`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import Mapping

from nexhina_nb.errors import Upstream, UpstreamTimeout
from nexhina_nb.gateway.upstreams.answer import PooledAnswer
from nexhina_nb.gateway.upstreams.connection import Connection
from nexhina_nb.gateway.upstreams.guard import judged_host
from nexhina_nb.gateway.upstreams.headers import refuse_breaks
from nexhina_nb.gateway.upstreams.limits import Limits, Timeouts
from nexhina_nb.gateway.upstreams.target import Target

# How long a goodbye over TLS may take; asyncio's own 30 s would hold up every shutdown.
_TLS_GOODBYE = 1.0


class Pool:
    """Connections to ``target``; ``tls`` is for an https target. Belongs to one event loop."""

    def __init__(
        self, target: Target, *, timeouts: Timeouts, limits: Limits, tls: ssl.SSLContext | None
    ) -> None:
        self._target = target
        self._timeouts = timeouts
        self._limits = limits
        self._tls = tls if target.is_tls else None
        self._idle: dict[Connection, None] = {}  # in the order of use
        self._open: set[Connection] = set()
        # Whoever has a slot uses an idle connection if there is one: slots bound connections, too.
        self._slots = asyncio.Semaphore(limits.connections)
        self._is_closed = self._is_retired = False
        self._emptied = asyncio.Event()

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> PooledAnswer:
        """Send a request; returns once the head of the answer is here."""
        request = render(self._target, path, headers, body)
        answer = await self._begin(request)
        try:
            return await answer.answered()
        except Upstream:
            if not answer.may_repeat:
                raise
        return await (await self._begin(request, on_new=True)).answered()

    def retire(self) -> None:
        """Keep no connection between calls from now on."""
        self._is_retired = True
        while self._idle:
            self._idle.popitem()[0].shut()

    async def aclose(self) -> None:
        """Close every connection; answers that are still going on fail."""
        self._is_closed = True
        for connection in tuple(self._open):
            connection.shut()
        if self._open:
            await self._emptied.wait()

    # What a connection calls.

    def opened(self, connection: Connection) -> None:
        self._open.add(connection)

    def ended(self, connection: Connection, is_reusable: bool) -> None:
        if is_reusable and self._is_retired:
            connection.shut()
        elif is_reusable:
            self._idle[connection] = None
        self._slots.release()

    def lost(self, connection: Connection) -> None:
        self._idle.pop(connection, None)
        self._open.discard(connection)
        if self._is_closed and not self._open:
            self._emptied.set()

    async def _begin(self, request: bytes, *, on_new: bool = False) -> PooledAnswer:
        if self._is_closed:
            raise Upstream("the connections to the upstream are closed")
        await self._take_slot()
        if self._idle and not on_new:
            connection, _ = self._idle.popitem()
            return connection.send(request)
        try:
            connection = await self._connect()
        except BaseException:
            self._slots.release()
            raise
        return connection.send(request)

    async def _take_slot(self) -> None:
        if not self._slots.locked():
            await self._slots.acquire()
            return
        try:
            async with asyncio.timeout(self._timeouts.connect):
                await self._slots.acquire()
        except TimeoutError:
            raise UpstreamTimeout(
                f"all {self._limits.connections} connections to the upstream were busy "
                f"for {self._timeouts.connect:g} s",
                hint="send fewer calls at a time",
            ) from None

    async def _connect(self) -> Connection:
        target, tls = self._target, self._tls
        try:
            async with asyncio.timeout(self._timeouts.connect):
                host = await judged_host(target)
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(self._timeouts, self._limits, self),
                    host,
                    target.port,
                    ssl=tls,
                    server_hostname=target.host if tls else None,
                    ssl_shutdown_timeout=_TLS_GOODBYE if tls else None,
                )
        except TimeoutError:
            raise UpstreamTimeout(
                f"no connection to the upstream within {self._timeouts.connect:g} s",
                hint="check the network and the base URL of the channel",
            ) from None
        except OSError as error:
            raise _unreachable(error) from error
        if self._is_closed:
            connection.shut()
        return connection


def render(target: Target, path: str, headers: Mapping[str, str], body: bytes) -> bytes:
    """A POST request in one piece; raises BadRequest for what would break its lines."""
    refuse_breaks(path, headers)
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    head = (
        f"POST {target.prefix}{path} HTTP/1.1\r\nhost: {target.authority}\r\n"
        f"{lines}content-length: {len(body)}\r\n\r\n"
    )
    return head.encode("latin-1") + body


def _unreachable(error: OSError) -> Upstream:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = f"its certificate is not trusted: {error.verify_message}"
        hint = "SSL_CERT_FILE names a file of further certificates to trust"
    elif isinstance(error, ssl.SSLError):
        reason, hint = f"no TLS: {error.reason or error}", "check http or https in the base URL"
    elif isinstance(error, socket.gaierror):
        reason = f"the name is not known ({error.strerror})"
        hint = "check the host in the base URL"
    else:
        reason = os.strerror(error.errno) if error.errno else str(error)
        hint = "check that the server runs there"
    return Upstream(f"cannot connect to the upstream: {reason}", hint=hint)
