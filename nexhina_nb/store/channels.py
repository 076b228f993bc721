"""Upstream channels: where the gateway can send calls, and which models each one serves.

A channel names the environment variable that holds its key, never the key itself.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.store.tables import channels

KINDS = ("openai", "local")
ENABLED = 1


@dataclass(frozen=True, slots=True)
class Channel:
    """One row; ``mapping`` leads from the asked model name to the upstream's own."""

    name: str
    type: str
    models: tuple[str, ...]
    base_url: str = ""
    key_env: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    weight: int = 1
    groups: tuple[str, ...] = ("default",)
    status: int = ENABLED
    id: int = 0


def add_channel(connection: Connection, channel: Channel) -> int:
    """Store a channel; returns its id. BadInput when it could not work."""
    _check(channel)
    row = {
        "name": channel.name,
        "type": channel.type,
        "status": channel.status,
        "base_url": channel.base_url.rstrip("/"),
        "key_env": channel.key_env,
        "models": ",".join(channel.models),
        "model_mapping": json.dumps(dict(channel.mapping)),
        "group": ",".join(channel.groups),
        "priority": channel.priority,
        "weight": channel.weight,
        "created_time": int(time.time()),
    }
    try:
        channel_id: int = connection.execute(
            insert(channels).values(row).returning(channels.c.id)
        ).scalar_one()
    except IntegrityError:
        raise BadInput(f"there is already a channel {channel.name!r}") from None
    return channel_id


def _check(channel: Channel) -> None:
    if channel.type not in KINDS:
        raise BadInput(f"no channel type {channel.type!r}", hint=f"types: {', '.join(KINDS)}")
    if not channel.name or not channel.models:
        raise BadInput("a channel needs a name and at least one model")
    if channel.type == "openai" and not channel.base_url.startswith(("http://", "https://")):
        raise BadInput(
            "a channel of type openai needs a base URL",
            hint="for example --base-url https://host/v1",
        )
    if channel.weight < 0:
        raise BadInput("a weight is zero or more")


def list_channels(connection: Connection) -> list[Channel]:
    """Every channel, in order of id."""
    return [
        Channel(
            name=row["name"],
            type=row["type"],
            models=_split(row["models"]),
            base_url=row["base_url"],
            key_env=row["key_env"],
            mapping=json.loads(row["model_mapping"]),
            priority=row["priority"],
            weight=row["weight"],
            groups=_split(row["group"]),
            status=row["status"],
            id=row["id"],
        )
        for row in connection.execute(select(channels).order_by(channels.c.id)).mappings()
    ]


def remove_channel(connection: Connection, channel_id: int) -> None:
    """Delete a channel; NotFound if there is none of that id."""
    if not connection.execute(delete(channels).where(channels.c.id == channel_id)).rowcount:
        raise NotFound(f"there is no channel {channel_id}", hint="`nexhina channels list`")


def _split(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
