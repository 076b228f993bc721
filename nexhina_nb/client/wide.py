"""Connections to a server of this machine that are read in larger pieces.

There an answer comes as fast as it can be copied, and most of the time goes to the layers that each
piece passes. `httpcore2` asks for 64 KB at a time, of the 256 KB that `asyncio` has taken in. From
anywhere else it is the network that is slow.
"""

from __future__ import annotations

import ssl
from typing import Any

import httpcore2
import httpx2

PIECE = 256 << 10  # bytes: what asyncio reads of a socket at once


class WideTransport(httpx2.AsyncHTTPTransport):
    """The library's own transport, with wide connections; no proxy lies on the way."""

    def __init__(self, verify: ssl.SSLContext | bool, limits: httpx2.Limits) -> None:
        context = httpx2.create_ssl_context(verify=verify, trust_env=False)
        super().__init__(verify=context, limits=limits)
        # The library has no option for it; its pool has.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Backend(),
        )


class _Backend(httpcore2.AnyIOBackend):
    async def connect_tcp(self, *place: Any, **options: Any) -> httpcore2.AsyncNetworkStream:
        return _Stream(await super().connect_tcp(*place, **options))


class _Stream(httpcore2.AsyncNetworkStream):
    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, *patience: Any, **named: Any) -> bytes:
        return await self._stream.read(max(max_bytes, PIECE), *patience, **named)

    async def write(self, buffer: bytes, *patience: Any, **named: Any) -> None:
        await self._stream.write(buffer, *patience, **named)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(self, *context: Any, **options: Any) -> httpcore2.AsyncNetworkStream:
        return _Stream(await self._stream.start_tls(*context, **options))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
