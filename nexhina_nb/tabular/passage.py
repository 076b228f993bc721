"""What a client is to other processes: the gateway it talks to, the key, and how patiently.

A client holds connections, and a `Secret` refuses to be pickled, so neither goes with a plan that
is carried out elsewhere. A `Passage` does, and makes a client there.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from nexhina_nb import discovery, settings as settings_module
from nexhina_nb.batch.desk import Desk
from nexhina_nb.client.shell import Shell
from nexhina_nb.client.sync import Client
from nexhina_nb.errors import BadInput, GatewayNotRunning
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings


@dataclass(frozen=True)
class Passage:
    """The way from other processes to a gateway. ``base_url`` is empty for the gateway that is
    found on this machine; on any other machine that is the one which the settings there name.

    The key is in the pickled bytes and nowhere else: not in a repr, not in the name of a task.
    """

    base_url: str
    key: Secret
    machine: str
    settings: Mapping[str, Any]
    options: Mapping[str, Any]

    @classmethod
    def of(cls, desk: Desk) -> Passage:
        """The way that the client of this desk takes. Raises BadInput for one that cannot go."""
        client, known = desk.client, desk.settings
        options = {} if client is None else _options(client)
        is_found = client is None or client.is_local
        return cls(
            base_url="" if client is None or is_found else client.base_url,
            key=_key(client, known),
            machine=platform.node(),
            settings=_public(known),
            options=options,
        )

    @property
    def is_at_home(self) -> bool:
        """Whether this is the machine that it began on."""
        return platform.node() == self.machine

    def open(self) -> Client | None:
        """A client of that gateway; None if none runs: answers on disk can be had all the same."""
        try:
            return Client(self.base_url or None, self.key, settings=self._known(), **self.options)
        except GatewayNotRunning:
            return None

    def _known(self) -> Settings:
        known = {name: value for name, value in self.settings.items() if name != "home"}
        if self.is_at_home:
            known["home"] = self.settings["home"]
        if self.base_url or self.is_at_home:
            # What the environment says here is of no account: above all, its key must not go there.
            known |= {"base_url": self.base_url, "api_key": ""}
        return settings_module.load(**known)

    def __reduce__(self) -> Any:
        parts = (self.base_url, self.key.reveal(), self.machine, self.settings, self.options)
        return _arrived, parts

    def __dask_tokenize__(self) -> Any:
        # Another key brings the same answers.
        return type(self).__name__, self.base_url


def _arrived(base_url: str, key: str, *rest: Any) -> Passage:
    return Passage(base_url, Secret(key), *rest)


def _options(client: Shell) -> dict[str, Any]:
    if client._transport.given:
        raise BadInput(
            "a client with an http_client of its own cannot go to the workers of Dask",
            hint="pass one without http_client=, or leave client= out",
        )
    return {
        "max_retries": client._session.policy.max_retries,
        "timeout": client._transport.timeout.read,
    }


def _key(client: Shell | None, known: Settings) -> Secret:
    if client is None:
        return known.api_key
    running = discovery.find(known.home) if client.is_local else None
    # The gateway's own key is found together with the gateway, and changes with it.
    return Secret("") if running is not None and running.key == client.key else client.key


def _public(known: Settings) -> dict[str, Any]:
    rows = (row for row in settings_module.rows() if row.metadata["side"] == "client")
    shown = {row.name: getattr(known, row.name) for row in rows if not row.metadata["private"]}
    return {**shown, "home": str(known.home)}
