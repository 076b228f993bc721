"""The upstream `openai`: any server that speaks the OpenAI protocol below a base URL."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Mapping
from typing import Protocol

import orjson

from nexhina_nb.errors import BadRequest, ConfigError
from nexhina_nb.gateway.upstreams import coding
from nexhina_nb.gateway.upstreams.base import Answer, Call
from nexhina_nb.gateway.upstreams.headers import forwarded
from nexhina_nb.gateway.upstreams.limits import Limits, Timeouts
from nexhina_nb.gateway.upstreams.pool import Pool
from nexhina_nb.gateway.upstreams.target import Target, parse, proxy_for
from nexhina_nb.release import version
from nexhina_nb.secret import Secret

_STANDARD_TIMEOUTS = Timeouts()
_STANDARD_LIMITS = Limits()


class Transport(Protocol):
    """What carries a rendered call to one origin."""

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer: ...

    async def aclose(self) -> None: ...


class OpenAIUpstream:
    """Calls to ``base_url`` with the upstream's own ``key``; keeps connections open between calls.

    Raises ConfigError for a base URL or a key that cannot be sent. Belongs to one event loop.
    """

    def __init__(
        self,
        base_url: str,
        key: Secret | None = None,
        *,
        timeouts: Timeouts = _STANDARD_TIMEOUTS,
        limits: Limits = _STANDARD_LIMITS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._key = _checked(key) if key else None
        self._user_agent = f"nexhina_nb/{version()}"
        self._transport = open_transport(parse(base_url), timeouts, limits, tls)

    async def send(self, call: Call) -> Answer:
        """Send the call; returns when status and headers are known.

        Raises Upstream or UpstreamTimeout; BadRequest for a header or body that cannot be written.
        """
        try:
            body = orjson.dumps(call.body)
        except TypeError as error:
            raise BadRequest(f"the body cannot be written as JSON: {error}") from None
        answer = await self._transport.post(call.path, self._headers(call), body)
        return await coding.opened(answer)

    async def aclose(self) -> None:
        """Close what is kept open between calls."""
        await self._transport.aclose()

    def _headers(self, call: Call) -> dict[str, str]:
        headers = forwarded(call.headers) if call.headers else {}
        headers["content-type"] = "application/json"
        headers["accept"] = "text/event-stream" if call.stream else "application/json"
        headers["accept-encoding"] = "identity"  # bytes are relayed as they come
        headers["user-agent"] = self._user_agent
        if call.request_id:
            headers["x-request-id"] = call.request_id
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key.reveal()}"
        return headers


def open_transport(
    target: Target, timeouts: Timeouts, limits: Limits, tls: ssl.SSLContext | None = None
) -> Transport:
    """The pool, or httpx2 where the environment sets a proxy for this target; decided only here."""
    proxy = proxy_for(target)
    if proxy is None:
        context = (tls or trusted()) if target.is_tls else None
        return Pool(target, timeouts=timeouts, limits=limits, tls=context)
    # httpx2 would be a good part of the gateway's start, and few machines have a proxy
    from nexhina_nb.gateway.upstreams.proxied import Proxied  # noqa: PLC0415

    return Proxied(target, proxy, timeouts=timeouts, limits=limits, tls=tls or trusted())


@functools.cache
def trusted() -> ssl.SSLContext:
    """The standard TLS context: certificates that this machine trusts, or ``SSL_CERT_FILE``."""
    return ssl.create_default_context()


def _checked(key: Secret) -> Secret:
    text = key.reveal()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigError(
            "the key of the upstream has a blank, a line break or a character that no key has",
            hint="copy it again, without what stands around it",
        )
    return key
