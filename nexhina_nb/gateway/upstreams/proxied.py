"""The way to an upstream by httpx2: through an HTTP proxy, with a form, or with another method.

Slower than the pool by an order of magnitude, which is little beside the way through a proxy, or
an upload. Imported only where it is needed, since the library takes long to import.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx2

from nexhina_nb.errors import ConfigError, StreamBroken, Upstream, UpstreamTimeout
from nexhina_nb.gateway.upstreams.base import Form
from nexhina_nb.gateway.upstreams.guard import judged_host
from nexhina_nb.gateway.upstreams.headers import drop_hops, joined, refuse_breaks
from nexhina_nb.gateway.upstreams.limits import Limits, Timeouts
from nexhina_nb.gateway.upstreams.target import Target


class Proxied:
    """Calls to ``target``, through the ``proxy`` if there is one; ``tls`` is for an https
    target.
    """

    def __init__(
        self,
        target: Target,
        proxy: str | None,
        *,
        timeouts: Timeouts,
        limits: Limits,
        tls: ssl.SSLContext,
    ) -> None:
        self._target = target
        self._timeouts = timeouts
        try:
            self._client = httpx2.AsyncClient(
                proxy=proxy,
                verify=tls,
                trust_env=False,
                # the waits for the answer are measured here, where head and body differ
                timeout=httpx2.Timeout(None, connect=timeouts.connect, pool=timeouts.connect),
                limits=httpx2.Limits(
                    max_connections=limits.connections, keepalive_expiry=limits.keep_alive
                ),
            )
        except (ValueError, ImportError, httpx2.InvalidURL):
            raise ConfigError(
                "the proxy that the environment sets cannot be used",
                hint="HTTP_PROXY and HTTPS_PROXY need http:// or https://, a host and a port",
            ) from None

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> ProxiedAnswer:
        """Send a request; returns once the head of the answer is here."""
        return await self.request("POST", path, headers, body)

    async def request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | Form | None
    ) -> ProxiedAnswer:
        """Send a request with any method and body; a form's files are read from disk as they go."""
        refuse_breaks(path, headers)
        request = await self._request(method, path, headers, body)
        seconds = self._timeouts.first_byte
        try:
            async with asyncio.timeout(seconds):
                response = await self._client.send(request, stream=True)
        except httpx2.TimeoutException:
            raise UpstreamTimeout(
                f"no connection to the upstream within {self._timeouts.connect:g} s"
            ) from None
        except TimeoutError:
            raise UpstreamTimeout(f"the upstream did not answer within {seconds:g} s") from None
        except httpx2.TransportError as error:
            raise _unanswered(error) from error
        return ProxiedAnswer(response, self._timeouts.idle)

    def retire(self) -> None:
        """The few connections of this kind are closed with the gateway."""

    async def _request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | Form | None
    ) -> httpx2.Request:
        """The request, addressed to what was judged; its name stays in the head and the TLS."""
        url, extensions = httpx2.URL(self._target.url(path)), {}
        if self._target.only_public:
            url = url.copy_with(host=await judged_host(self._target))
            headers = {**headers, "host": self._target.authority}
            extensions = {"sni_hostname": self._target.host}
        return httpx2.Request(
            method, url, headers=dict(headers), extensions=extensions, **_content(body)
        )

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


class ProxiedAnswer:
    """An answer that httpx2 reads."""

    def __init__(self, response: httpx2.Response, idle: float) -> None:
        self._response = response
        self._idle = idle
        self.status = response.status_code
        headers = joined(response.headers.raw)
        drop_hops(headers)
        self.headers: Mapping[str, str] = headers

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes; to be iterated once."""
        pieces = aiter(self._response.aiter_raw())
        while (piece := await self._next(pieces)) is not None:
            yield piece

    async def aclose(self) -> None:
        """Stop, and close the connection unless the answer is complete."""
        await self._response.aclose()

    async def _next(self, pieces: AsyncIterator[bytes]) -> bytes | None:
        try:
            async with asyncio.timeout(self._idle):
                return await anext(pieces, None)
        except TimeoutError:
            raise UpstreamTimeout(
                f"the upstream sent nothing more within {self._idle:g} s"
            ) from None
        except (httpx2.TransportError, httpx2.StreamError) as error:
            raise StreamBroken(
                f"the upstream broke off in the middle of its answer: {error}",
                hint="ask again; what came so far is not complete",
            ) from error


def _content(body: bytes | Form | None) -> dict[str, Any]:
    """A body as httpx2 takes it; all of a form as its files, which alone keep their order."""
    if not isinstance(body, Form):
        return {"content": body}
    parts: list[tuple[str, Any]] = [(name, (None, value)) for name, value in body.fields]
    for upload in body.files:
        upload.file.seek(0)
        parts.append((upload.name, (upload.filename, upload.file, upload.content_type)))
    return {"files": parts}


def _unanswered(error: httpx2.TransportError) -> Upstream:
    if isinstance(error, httpx2.ProxyError):
        return Upstream(f"the proxy does not let calls through to the upstream: {error}")
    if isinstance(error, httpx2.ConnectError):
        return Upstream(f"cannot connect to the upstream or the proxy before it: {error}")
    is_junk = isinstance(error, httpx2.ProtocolError) and "disconnected" not in str(error)
    return Upstream(
        f"the upstream gave no usable HTTP answer: {error}",
        code="bad_response_body" if is_junk else None,
    )
