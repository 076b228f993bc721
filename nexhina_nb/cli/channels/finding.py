"""The channel that a command line means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nexhina_nb.errors import NotFound

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from nexhina_nb.store.channels import Channel


def find(connection: Connection, which: str) -> Channel:
    """The channel of that id or name. Raises NotFound."""
    from nexhina_nb.store.channels import list_channels

    for channel in list_channels(connection):
        if which in (str(channel.id), channel.name):
            return channel
    raise NotFound(f"there is no channel {which}", hint="`nexhina channels list` shows them")
