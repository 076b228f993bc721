"""The admin API under /api (contract 7): people, keys, codes, and what the gateway serves.

`door` lets people in, `envelope` has the form of what they send and are told.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from nexhina_nb.gateway.admin import (
    channel_edits,
    channel_multikeys,
    channel_saving,
    channel_trials,
    channels,
    data,
    groups,
    logs,
    options,
    redemptions,
    selves,
    site,
    tokens,
    users,
)
from nexhina_nb.gateway.admin.door import Door
from nexhina_nb.gateway.services import Gateway


def routes(gateway: Gateway) -> list[BaseRoute]:
    """Every route of it; they share one door."""
    door = Door(gateway)
    return [
        # Before those of all users, where a name would be taken for an id.
        *selves.routes(door),
        *tokens.routes(door),
        *redemptions.routes(door),
        *users.routes(door),
        *logs.routes(door),
        *data.routes(door),
        *groups.routes(door),
        *options.routes(door),
        *site.routes(door),
        *channel_trials.routes(door),
        *channel_multikeys.routes(door),
        *channel_edits.routes(door),
        *channel_saving.routes(door),
        *channels.routes(door),
    ]
