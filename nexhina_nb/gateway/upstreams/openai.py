"""The upstream `openai`: any server that speaks the OpenAI protocol below a base URL."""

from __future__ import annotations

import functools
import ssl
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import orjson

from nexhina_nb.errors import BadRequest, ConfigError
from nexhina_nb.gateway.upstreams import coding
from nexhina_nb.gateway.upstreams.base import Answer, Call, Form
from nexhina_nb.gateway.upstreams.headers import forwarded
from nexhina_nb.gateway.upstreams.limits import Limits, Timeouts
from nexhina_nb.gateway.upstreams.pool import Pool
from nexhina_nb.gateway.upstreams.target import Target, parse, proxy_for
from nexhina_nb.release import version
from nexhina_nb.secret import Secret

if TYPE_CHECKING:
    from nexhina_nb.gateway.upstreams.proxied import Proxied

_STANDARD_TIMEOUTS = Timeouts()
_STANDARD_LIMITS = Limits()


class Transport(Protocol):
    """What carries a rendered call to one origin."""

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer: ...

    def retire(self) -> None: ...

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
        organization: str = "",
        only_public: bool = False,
        timeouts: Timeouts = _STANDARD_TIMEOUTS,
        limits: Limits = _STANDARD_LIMITS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._key = _checked(key) if key else None
        self._organization = organization
        self._user_agent = f"nexhina_nb/{version()}"
        self._target, self._timeouts, self._limits, self._tls = (
            parse(base_url, only_public=only_public),
            timeouts,
            limits,
            tls,
        )
        self._transport = open_transport(self._target, timeouts, limits, tls)
        self._other: Proxied | None = None

    async def send(self, call: Call) -> Answer:
        """Send the call; returns when status and headers are known.

        Raises Upstream or UpstreamTimeout; BadRequest for a header or body that cannot be written.
        """
        headers = self._headers(call)
        if call.method != "POST" or call.form is not None:
            form = None if call.form is None else _renamed(call.form, call.body.get("model"))
            return await coding.opened(
                await self._client().request(call.method, call.path, headers, form)
            )
        try:
            body = orjson.dumps(call.body)
        except TypeError as error:
            raise BadRequest(f"the body cannot be written as JSON: {error}") from None
        answer = await self._transport.post(call.path, headers, body)
        return await coding.opened(answer)

    def retire(self) -> None:
        """Keep no connection between calls from now on."""
        self._transport.retire()

    async def aclose(self) -> None:
        """Close what is kept open between calls."""
        await self._transport.aclose()
        if self._other is not None:
            await self._other.aclose()

    def _client(self) -> Proxied:
        """What sends everything but JSON by POST; made when there is such a call."""
        if self._other is None:
            self._other = _open_client(self._target, self._timeouts, self._limits, self._tls)
        return self._other

    def _headers(self, call: Call) -> dict[str, str]:
        headers = forwarded(call.headers) if call.headers else {}
        if call.form is None and call.method == "POST":
            headers["content-type"] = "application/json"
        headers["accept"] = "text/event-stream" if call.stream else "application/json, */*"
        headers["accept-encoding"] = "identity"  # bytes are relayed as they come
        headers["user-agent"] = self._user_agent
        if call.request_id:
            headers["x-request-id"] = call.request_id
        if self._key is not None:
            headers["authorization"] = f"Bearer {self._key.reveal()}"
        if self._organization:
            headers["openai-organization"] = self._organization
        return headers | self._filled(call.own_headers) if call.own_headers else headers

    def _filled(self, own: Mapping[str, str]) -> dict[str, str]:
        key = "" if self._key is None else self._key.reveal()
        return {name: text.replace("{api_key}", key) for name, text in own.items()}


def open_transport(
    target: Target, timeouts: Timeouts, limits: Limits, tls: ssl.SSLContext | None = None
) -> Transport:
    """The pool, or httpx2 where the environment sets a proxy for this target; decided only here."""
    proxy = proxy_for(target)
    if proxy is None:
        context = (tls or trusted()) if target.is_tls else None
        return Pool(target, timeouts=timeouts, limits=limits, tls=context)
    return _open_client(target, timeouts, limits, tls)


def _open_client(
    target: Target, timeouts: Timeouts, limits: Limits, tls: ssl.SSLContext | None
) -> Proxied:
    # httpx2 would be a good part of the gateway's start, and few calls need it
    from nexhina_nb.gateway.upstreams.proxied import Proxied  # noqa: PLC0415

    proxy = proxy_for(target)
    return Proxied(target, proxy, timeouts=timeouts, limits=limits, tls=tls or trusted())


@functools.cache
def trusted() -> ssl.SSLContext:
    """The standard TLS context: certificates that this machine trusts, or ``SSL_CERT_FILE``."""
    return ssl.create_default_context()


def _renamed(form: Form, model: object) -> Form:
    """The form under the model's name that the upstream knows; one without a name gets one."""
    fields = [(name, value) for name, value in form.fields if name != "model"]
    named = [("model", model)] if isinstance(model, str) else []
    return Form((*named, *fields), form.files)


def _checked(key: Secret) -> Secret:
    text = key.reveal()
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigError(
            "the key of the upstream has a blank, a line break or a character that no key has",
            hint="copy it again, without what stands around it",
        )
    return key
