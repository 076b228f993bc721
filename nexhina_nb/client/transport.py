"""What the two shells share about HTTP: making a client, writing headers, naming failures.

The library is `httpx2`; a caller's own client may also be one of `httpx`, which has the same
interface. Which of the two a client belongs to is read off its class, so that neither is imported
before it is needed.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import socket
import ssl
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

from nexhina_nb.client.exchange import Failure, Request, Response
from nexhina_nb.client.session import Session
from nexhina_nb.client.target import Target
from nexhina_nb.errors import BadInput, ConnectionFailed, TimedOut
from nexhina_nb.errors.kinds import kind_of
from nexhina_nb.wire.extensions import TAGS_HEADER

USER_AGENT = "nexhina_nb"
# The caller's client may be set to follow redirects or to sign in on its own; the key must go where
# it was meant to.
SEND: dict[str, Any] = {"stream": True, "auth": None, "follow_redirects": False}
HOW_TO_WAIT = "wait longer with timeout= (seconds) or NEXHINA_TIMEOUT"


@functools.cache
def library() -> ModuleType:
    """httpx2, loaded when the first client is made: it costs more than the rest of this package."""
    return importlib.import_module("httpx2")


def library_of(http_client: Any) -> ModuleType:
    """The module, httpx2 or httpx, whose client this is; BadInput for anything else."""
    for kind in type(http_client).__mro__:
        module = sys.modules.get(kind.__module__.partition(".")[0])
        if module is not None and hasattr(module, "TransportError") and hasattr(module, "Timeout"):
            return module
    raise BadInput(
        f"http_client is {kind_of(http_client)}", hint="pass a client of httpx2 or httpx"
    )


@dataclass(frozen=True, slots=True)
class Transport:
    """An HTTP client with what must be known to use it. ``owned``: made here, so closed here;
    ``given``: the caller made it, with whatever it knows of proxies and certificates.
    """

    http: Any
    module: ModuleType
    timeout: Any
    owned: bool
    given: bool = False

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the library raises when an exchange fails."""
        return (self.module.RequestError, self.module.InvalidURL, self.module.StreamError)

    def borrowed(self) -> Transport:
        """The same, for a client that must not close it."""
        return replace(self, owned=False)

    def build(self, request: Request, tags: Mapping[str, str]) -> Any:
        """The library's request. The one place where the key is revealed."""
        target = request.target
        assert target is not None
        headers = _headers(request, tags)
        if target.key and request.goes_home:
            headers["Authorization"] = f"Bearer {target.key.reveal()}"
        return self.http.build_request(
            request.method,
            request.url,
            headers=headers,
            timeout=self.timeout if request.patience is None else request.patience,
            **_content(request),
        )

    def failure(self, error: Exception, request: Request, *, answered: bool = False) -> Failure:
        """The library's exception as a Failure: whose error type, and whether the request may have
        got through.
        """
        module, target = self.module, request.target
        assert target is not None
        never_sent = isinstance(
            error,
            (module.ConnectError, module.ConnectTimeout, module.PoolTimeout, module.ProxyError,
             module.UnsupportedProtocol, module.InvalidURL, module.LocalProtocolError),
        )  # fmt: skip
        late = isinstance(error, module.TimeoutException)
        if never_sent:
            message = f"cannot reach {target.base_url}: {self._why(error)}"
        else:
            message = f"{target.base_url}: {self.reason(error, answered)}"
        hint = HOW_TO_WAIT if late and not never_sent else target.how_to_reach()
        kind = TimedOut if late else ConnectionFailed
        return Failure(kind(message, hint=hint), sent=not never_sent, answered=answered)

    def reason(self, error: Exception, answered: bool = True) -> str:
        """Why an exchange that had begun failed, in words."""
        where = "in the middle of the answer" if answered else "before an answer came"
        late = isinstance(error, self.module.TimeoutException)
        return f"it took too long, {where}" if late else f"the connection broke {where}"

    def _why(self, error: Exception) -> str:
        # Not the text of a LocalProtocolError: it quotes the header that it could not send.
        if isinstance(error, self.module.LocalProtocolError):
            return "the request could not be written"
        if isinstance(error, self.module.TimeoutException):
            return "it took too long"
        return str(error) or type(error).__name__


def transport(kind: str, session: Session, http_client: Any, timeout: float | None) -> Transport:
    """The caller's HTTP client, or a new one; ``kind`` is Client or AsyncClient.

    A caller's client keeps time limits of its own unless ``timeout`` is given.
    """
    module = library() if http_client is None else library_of(http_client)
    wait = session.settings.timeout if timeout is None else timeout
    limits = module.Timeout(wait, connect=min(session.settings.connect_timeout, wait), pool=None)
    if http_client is None:
        http = getattr(module, kind)(**_options(module, session.target))
        return Transport(http, module, limits, owned=True)
    if not isinstance(http_client, getattr(module, kind)):
        what = f"{module.__name__}.{type(http_client).__name__}"
        raise BadInput(f"http_client is an {what}", hint=f"this client needs a {kind}")
    has_own = timeout is None and http_client.timeout != module.Timeout(5.0)  # 5 s is the default
    own = http_client.timeout if has_own else limits
    return Transport(http_client, module, own, owned=False, given=True)


def for_large_answers(session: Session, timeout: Any) -> Transport:
    """A new HTTP client, asynchronous, for many large answers at once."""
    module = library()
    options = _options(module, session.target)
    if session.target.is_local:
        wide = importlib.import_module("nexhina_nb.client.wide")
        options["transport"] = wide.WideTransport(options["verify"], options["limits"])
    return Transport(module.AsyncClient(**options), module, timeout, owned=True)


def _options(module: ModuleType, target: Target) -> dict[str, Any]:
    return {
        # uvicorn, and so this package's gateway, closes after 5 idle seconds; a request sent at
        # that moment is lost.
        "limits": module.Limits(max_keepalive_connections=100, keepalive_expiry=4.0),
        # A proxy of the environment cannot reach this machine's own addresses.
        "trust_env": not target.is_local,
        # Loading certificates costs 40 ms, and plain HTTP has no use for them; a context without
        # any trusts nobody.
        "verify": target.base_url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
    }


def hang_up(answer: Any) -> None:
    """Break the connection of an open answer that another thread reads. That thread wakes up, and
    closes it.

    Closing it from here would not wake a thread that waits for bytes, and the number of the closed
    socket could be given to another one while that thread still uses it.
    """
    network = answer.extensions.get("network_stream")
    if answer.is_closed or network is None:
        return
    # It may have ended by itself in the meantime.
    with contextlib.suppress(OSError):
        network.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


def _content(request: Request) -> dict[str, Any]:
    """The body as the library takes it; of a form it reads the files while it sends."""
    if request.form is None:
        return {"content": request.body}
    return {"data": request.form.data, "files": request.form.parts}


def _headers(request: Request, tags: Mapping[str, str]) -> dict[str, str]:
    headers = {"User-Agent": USER_AGENT, "Accept": request.accept}
    if request.body is not None:
        headers["Content-Type"] = "application/json"
    if request.stream:
        # A compressing proxy would hold pieces back until its block is full.
        headers |= {"Accept": f"text/event-stream, {request.accept}", "Accept-Encoding": "identity"}
    if tags and request.goes_home:
        headers[TAGS_HEADER] = urlencode(tags)
    return headers


def response(answer: Any, body: bytes = b"", *, source: Any = None) -> Response:
    """An answer of the library as this package knows it."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return Response(answer.status_code, headers, body, source, time.time())
