"""Under which names the gateway may be called, and by whose pages.

A page of the web can give its own name this machine's address (DNS rebinding) and then read what a
server here answers, since for the browser it is the page's own server. So a name that is not this
machine's is refused. What pages of other origins may read is closed unless the settings open it.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from nexhina_nb.errors import BadRequest, PermissionDenied
from nexhina_nb.gateway.failures import error_response
from nexhina_nb.settings import Settings
from nexhina_nb.store.terms import names

_MOST_KNOWN = 64
_NAME = re.compile(rb"(\[[0-9a-fA-F:.%]+\]|[^:\[\]@/?#\s]+)(?::\d{1,5})?")
# What a page may read of an answer beside its body.
_EXPOSED = (
    "x-nexhina-quota", "x-nexhina-low-balance", "x-request-id", "x-oneapi-request-id",
    "retry-after", "x-should-retry", "x-ratelimit-limit-requests",
    "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests", "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens",
)  # fmt: skip
_METHODS = ("GET", "POST", "PUT", "DELETE")


def guards(settings: Settings) -> list[Middleware]:
    """What stands before every route: the check of names, and the list of origins if there is
    one.
    """
    found = [Middleware(Hosts, allowed=names(settings.allowed_hosts))]
    origins = names(settings.cors_origins)
    if origins:
        found.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(origins),
                allow_methods=list(_METHODS),
                allow_headers=["*"],
                expose_headers=list(_EXPOSED),
                # Keys travel in a header that the page sets; a session is for the same origin.
                allow_credentials=False,
            )
        )
    return found


class Hosts:
    """Refuses requests that call this gateway by a name that is not its own."""

    def __init__(self, app: ASGIApp, allowed: Iterable[str] = ()) -> None:
        self._app = app
        self._names = {"localhost", socket.gethostname().lower(), *map(str.lower, allowed)}
        self._known: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        found = [value for name, value in scope["headers"] if name == b"host"]
        if len(found) == 1 and (found[0] in self._known or self._learn(found[0])):
            await self._app(scope, receive, send)
            return
        await error_response(Request(scope), _refusal(found))(scope, receive, send)

    def _learn(self, host: bytes) -> bool:
        """Whether a name is one of this gateway's; one that is, is known from then on."""
        if not (match := _NAME.fullmatch(host)):
            return False
        name = match[1].decode("latin-1").strip("[]").lower().rstrip(".")
        if not (name in self._names or name.endswith(".localhost") or _is_address(name)):
            return False
        if len(self._known) < _MOST_KNOWN:
            self._known.add(host)
        return True


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        return False
    return True


def _refusal(found: list[bytes]) -> BadRequest | PermissionDenied:
    if len(found) != 1:
        return BadRequest("the request names no host, or several", param="host")
    return PermissionDenied(
        "this gateway is not called by that name",
        hint="its operator can add the name to the setting allowed_hosts (NEXHINA_ALLOWED_HOSTS)",
    )
