"""From a channel and one of its keys to what answers its calls."""

from __future__ import annotations

from collections.abc import Iterable
from weakref import WeakSet

from nexhina_nb.errors import ConfigError, ServiceUnavailable
from nexhina_nb.gateway.upstreams.base import UpstreamPort
from nexhina_nb.gateway.upstreams.key_sources import INVALID_KEY, resolve
from nexhina_nb.gateway.upstreams.limits import Timeouts
from nexhina_nb.gateway.upstreams.local import LocalUpstream
from nexhina_nb.gateway.upstreams.openai import OpenAIUpstream
from nexhina_nb.gateway.upstreams.target import places
from nexhina_nb.gateway.upstreams.translated import Translated
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings
from nexhina_nb.store.channels import Channel
from nexhina_nb.wire.masking import masked

_Identity = tuple[object, ...]


class Upstreams:
    """The upstreams of all channels, each with the connections that it keeps between calls.

    What a channel was before it changed serves the calls that it has, and keeps no connection.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ports: dict[_Identity, UpstreamPort] = {}
        self._keys: dict[_Identity, list[Secret | None]] = {}
        # By ids of channels, with the row that it was found for: most calls see the same rows.
        self._at_hand: dict[tuple[int, int], tuple[Channel, UpstreamPort]] = {}
        self._retired: WeakSet[UpstreamPort] = WeakSet()

    def port(self, channel: Channel, key_index: int = 0) -> UpstreamPort:
        """Where the calls of a channel go with one of its keys.

        Raises ServiceUnavailable (code ``channel:…``), so that another channel is asked, when there
        is no such key, or what the channel says does not make sense.
        """
        at_hand = self._at_hand.get((channel.id, key_index))
        if at_hand is not None and at_hand[0] is channel:
            return at_hand[1]
        identity = (key_index, *identity_of(channel))
        if (port := self._ports.get(identity)) is None:
            keys = self._keys_of(channel)
            if not 0 <= key_index < len(keys):
                raise _refusal(channel, "no key that is on", code="channel:no_available_key")
            port = self._ports[identity] = connect(channel, self._settings, keys[key_index])
        self._at_hand[channel.id, key_index] = channel, port
        return port

    def count_keys(self, channel: Channel) -> int:
        """How many keys a channel has; 1 if it needs none, or they cannot be read now."""
        if not channel.keys:
            return 1
        try:
            return len(self._keys_of(channel))
        except ServiceUnavailable:
            return 1

    def masked(self, channel: Channel, key_index: int, text: str) -> str:
        """What an upstream said, without the channel's key, address and anything like a secret."""
        keys = self._keys.get(identity_of(channel), [])
        key = keys[key_index] if 0 <= key_index < len(keys) else None
        return masked(text, [*places(channel.base_url), "" if key is None else key.reveal()])

    def forget_keys(self, channel: Channel) -> None:
        """A key was refused: perhaps another one is there by now."""
        identity = identity_of(channel)
        before = self._keys.pop(identity, None)
        try:
            is_changed = before is not None and self._keys_of(channel) != before
        except ServiceUnavailable:
            is_changed = True
        if is_changed:
            self._retire([row for row in self._ports if row[1:] == identity])

    def keep_only(self, channels: Iterable[Channel]) -> None:
        """Let go of what no channel in force needs any more."""
        if not self._ports:
            return
        wanted = {identity_of(channel) for channel in channels}
        self._retire([row for row in self._ports if row[1:] not in wanted])
        self._keys = {row: keys for row, keys in self._keys.items() if row in wanted}

    async def aclose(self) -> None:
        """Close every connection."""
        for port in (*self._ports.values(), *self._retired):
            await port.aclose()

    def _keys_of(self, channel: Channel) -> list[Secret | None]:
        identity = identity_of(channel)
        if (keys := self._keys.get(identity)) is None:
            keys = self._keys[identity] = read_keys(channel, self._settings)
        return keys

    def _retire(self, identities: Iterable[_Identity]) -> None:
        self._at_hand.clear()
        for identity in identities:
            port = self._ports.pop(identity)
            self._retired.add(port)
            port.retire()


def identity_of(channel: Channel) -> _Identity:
    """All that an upstream is made of; with another identity a channel is another upstream."""
    return (
        channel.id, channel.name, channel.type, channel.base_url, channel.keys,
        channel.openai_organization, channel.first_token_timeout, channel.idle_timeout,
        channel.allow_private,
    )  # fmt: skip


def read_keys(channel: Channel, settings: Settings) -> list[Secret | None]:
    """The keys of a channel, from where it says that they are; a single None if it needs none.

    Raises ServiceUnavailable, which names the channel.
    """
    try:
        found = [key for place in channel.keys for key in resolve(place, settings.home)]
    except ServiceUnavailable as error:
        raise _refusal(channel, "no key", error, INVALID_KEY) from None
    return [*found] or [None]


def connect(channel: Channel, settings: Settings, key: Secret | None = None) -> UpstreamPort:
    """The upstream of a channel with one key. Raises ServiceUnavailable when the key or the base
    URL cannot be used.
    """
    if channel.type == "local":
        return Translated(LocalUpstream(settings), only_chat=True)
    wait = settings.upstream_timeout
    timeouts = Timeouts(
        connect=settings.connect_timeout,
        first_byte=first_token_timeout(channel, settings),
        idle=channel.idle_timeout or wait,
    )
    try:
        upstream = OpenAIUpstream(
            channel.base_url,
            key,
            organization=channel.openai_organization,
            only_public=not channel.allow_private,
            timeouts=timeouts,
        )
    except ConfigError as error:
        raise _refusal(channel, "a setting that is wrong", error, INVALID_KEY) from None
    return Translated(upstream)


def first_token_timeout(channel: Channel, settings: Settings) -> float:
    """The longest wait for the first bytes of an answer, in seconds."""
    return channel.first_token_timeout or settings.first_token_timeout or settings.upstream_timeout


def _refusal(
    channel: Channel,
    what: str,
    error: ServiceUnavailable | ConfigError | None = None,
    code: str = INVALID_KEY,
) -> ServiceUnavailable:
    why = "" if error is None else f": {error.message}"
    return ServiceUnavailable(
        f"channel '{channel.name}' has {what}{why}",
        code=code,
        hint=None if error is None else error.hint,
    )
