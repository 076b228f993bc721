"""Where calls go and with which key: the one place that decides, so that a key goes only to the
host it was given for.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from nexhina_nb import discovery
from nexhina_nb.errors import ConfigError, GatewayNotRunning
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings

KEYRING_SERVICE = "nexhina"
HOW_TO_START = (
    "run `%load_ext nexhina_nb` and `%nexhina gateway start` in a notebook, or `nexhina gateway "
    "serve` in a terminal, or set NEXHINA_BASE_URL"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A gateway: ``base_url`` without a trailing slash, the key for it, and whether discovery named
    the address.
    """

    base_url: str
    key: Secret
    discovered: bool = False

    @property
    def root(self) -> str:
        """The address above ``/v1``, where the ``/api`` routes are."""
        return self.base_url.removesuffix("/v1")

    @property
    def is_local(self) -> bool:
        """Whether the host is this machine itself."""
        host = urlsplit(self.base_url).hostname or ""
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return host == "localhost" or host.endswith(".localhost")

    def is_among(self, gateways: str) -> bool:
        """Whether it is one of those in a list, separated by commas, of hosts (each with its port
        or without) and base URLs.
        """
        if not gateways:
            return False
        parts = urlsplit(self.base_url.lower())
        names = {parts.hostname, parts.netloc, f"{parts.scheme}://{parts.netloc}"}
        return any(_origin(name) in names for name in gateways.lower().split(","))

    def how_to_reach(self) -> str:
        """What to do when nothing answers there."""
        if self.is_local:
            return f"is a gateway running there? {HOW_TO_START}"
        return f"check the base URL and the network, or {HOW_TO_START}"

    def hide(self, text: str) -> str:
        """The text with the key blotted out: some servers repeat the key in what they answer."""
        return text.replace(self.key.reveal(), "[the key]") if self.key else text


def normalise(base_url: str) -> str:
    """A base URL as it is used: no trailing slash; a bare host gets ``/v1``; any other path is left
    as given.

    Raises ConfigError for what is not an http(s) address, and for one that carries a user name or a
    password, since addresses are shown and logged.
    """
    parts = _split(base_url.strip())
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise ConfigError(
            "the base URL is not an http(s) address",
            hint="for example https://gateway.example/v1 (argument base_url or NEXHINA_BASE_URL)",
        )
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "the base URL carries a user name or password",
            hint="take it out, and give the key as api_key or NEXHINA_API_KEY",
        )
    path = parts.path.rstrip("/").removesuffix("/chat/completions") or "/v1"
    return f"{parts.scheme}://{parts.netloc}{path}"


def _origin(gateway: str) -> str:
    """The scheme and host of an address; a host is left as it is."""
    scheme, found, rest = gateway.strip().rpartition("://")
    return scheme + found + rest.partition("/")[0]


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # read for its ValueError: a port that is no number
    except ValueError:
        return None
    return None if any(character.isspace() for character in url) else parts


def resolve(settings: Settings, base_url: str | None, given: Secret) -> Target:
    """Arguments, else settings, else the key saved for that address, else the gateway that runs on
    this machine.

    Raises GatewayNotRunning if nothing names a gateway.
    """
    named = base_url or settings.base_url
    if not named:
        return discovered(settings, given)
    url = normalise(named)
    key = given or _settings_key(settings, url) or _saved_key(url)
    return Target(url, check_key(key))


def discovered(settings: Settings, given: Secret) -> Target:
    """The running gateway of this machine, with the caller's own key if there is one."""
    running = discovery.find(settings.home)
    if running is None:
        raise GatewayNotRunning("no gateway is running on this machine", hint=HOW_TO_START)
    key = given or settings.api_key or running.key
    return Target(normalise(running.base_url), check_key(key), discovered=True)


def relocated(settings: Settings, given: Secret) -> Target | None:
    """The gateway that discovery names now, or None: it may have restarted on another port, or be
    gone.
    """
    try:
        return discovered(settings, given)
    except GatewayNotRunning:
        return None


def check_key(key: Secret) -> Secret:
    """The key without white space around it; one that cannot stand in a header is a ConfigError
    that does not show it.
    """
    text = key.reveal().strip()
    if not (text.isascii() and text.isprintable()) or " " in text:
        raise ConfigError(
            "the API key has characters that no key has", hint="copy it again, without line breaks"
        )
    return Secret(text)


def _settings_key(settings: Settings, url: str) -> Secret:
    # A key of the settings belongs to the address of the settings: an address given as argument
    # must not get it, unless the settings name no address at all.
    own = normalise(settings.base_url) if settings.base_url else url
    return settings.api_key if urlsplit(own)[:2] == urlsplit(url)[:2] else Secret("")


def _saved_key(url: str) -> Secret:
    try:
        import keyring  # noqa: PLC0415 - optional, and slow to load: only for an address without a key
        import keyring.errors  # noqa: PLC0415 - as above
    except ImportError:
        return Secret("")
    try:
        return Secret(keyring.get_password(KEYRING_SERVICE, url) or "")
    except (keyring.errors.KeyringError, OSError, RuntimeError):
        return Secret("")  # no usable keyring on this machine is the same as no saved key
