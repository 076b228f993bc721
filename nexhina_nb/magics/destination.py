"""Where calls go: to an address that was set, else to the gateway that runs on this machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nexhina_nb import client, discovery
from nexhina_nb.discovery import Running
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings

if TYPE_CHECKING:
    from nexhina_nb.client import Client


@dataclass(frozen=True, slots=True)
class Destination:
    """Two that are equal can share a client.

    An address set in the notebook is kept apart from the settings, since a key of the settings
    belongs to the address of the settings; ``key`` is the one of `%nexhina login`.
    """

    settings: Settings
    base_url: str
    key: Secret
    running: Running | None

    @property
    def address(self) -> str:
        """The base URL, empty if there is none."""
        return self.base_url or self.settings.base_url or (self.running or _NOWHERE).base_url

    def connect(self) -> Client:
        """A new client. Raises GatewayNotRunning if there is nothing to talk to."""
        return client.Client(self.base_url or None, self.key, settings=self.settings)


_NOWHERE = Running("", 0, Secret(""))


def find(settings: Settings, base_url: str, key: Secret) -> Destination:
    """Look whether a gateway runs here, unless an address is set."""
    named = base_url or settings.base_url
    running = None if named else discovery.find(settings.home)
    return Destination(settings, base_url, key, running)
