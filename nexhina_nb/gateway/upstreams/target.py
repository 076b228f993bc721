"""Where an upstream is: the base URL of a channel, taken apart and checked once."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from nexhina_nb.errors import ConfigError

_DEFAULT_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[0-9a-z._:-]+")
_PATH = re.compile(r"[!-~]*")


@dataclass(frozen=True, slots=True)
class Target:
    """One origin and the path below which its API lives; ``authority`` is its ``host`` header.

    With ``only_public`` it must not lie in a private network, or on this machine.
    """

    scheme: str
    host: str
    port: int
    authority: str
    prefix: str
    only_public: bool = False

    @property
    def is_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.scheme == "https"

    def url(self, path: str) -> str:
        """The whole URL of a path below the base URL."""
        return f"{self.scheme}://{self.authority}{self.prefix}{path}"


def parse(base_url: str, *, only_public: bool = False) -> Target:
    """The target of a base URL such as ``https://api.openai.com/v1``; raises ConfigError."""
    try:
        parts = urlsplit(base_url.strip())
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme, 0)
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError as error:
        raise _refusal(str(error)) from None
    _check(parts, host)
    name = f"[{host}]" if ":" in host else host
    return Target(
        scheme=parts.scheme,
        host=host,
        port=port,
        authority=name if port == _DEFAULT_PORTS[parts.scheme] else f"{name}:{port}",
        prefix=parts.path.rstrip("/"),
        only_public=only_public,
    )


def places(base_url: str) -> tuple[str, ...]:
    """All that names the place of a base URL in a text; a bare word (localhost) names none."""
    parts = urlsplit(base_url.strip())
    host = parts.hostname or ""
    return (base_url.strip().rstrip("/"), parts.netloc, host if "." in host or ":" in host else "")


def proxy_for(target: Target) -> str | None:
    """The HTTP proxy that the environment sets for this target; never one for this machine."""
    proxies = getproxies()
    proxy = proxies.get(target.scheme) or proxies.get("all")
    if not proxy or _is_loopback(target.host) or proxy_bypass(target.host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def _check(parts: SplitResult, host: str) -> None:
    if parts.scheme not in _DEFAULT_PORTS or not _HOST.fullmatch(host):
        raise _refusal("it needs http:// or https:// and a host")
    if parts.username or parts.password:
        raise _refusal("it carries a user name or a password; the key has its own setting")
    if parts.query or parts.fragment:
        raise _refusal("it carries a query or a fragment")
    if not _PATH.fullmatch(parts.path):
        raise _refusal("its path has characters that need %-encoding")


def _refusal(reason: str) -> ConfigError:
    # The URL itself is left out: a key that was pasted into it must not reach a log.
    return ConfigError(
        f"the base URL of the upstream cannot be used: {reason}",
        hint="write it like https://api.openai.com/v1",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
