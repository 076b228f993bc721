"""Upstream channels: where the gateway can send calls, and which models each one serves.

A channel says where its keys are kept ("env:NAME", "keyring:NAME", "file:PATH"), never the keys
themselves.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.store.tables import channels
from nexhina_nb.store.terms import names

KINDS = ("openai", "local")
ENABLED = 1
_SOURCES = ("env", "keyring", "file")


@dataclass(frozen=True, slots=True)
class Channel:
    """One row.

    ``type`` says how it is spoken to, ``code`` is the provider's number on the wire. ``mapping``
    leads from an asked model name to the upstream's own, in steps. ``keys``: where its keys are;
    ``key_states``: index of a key → why it is off; ``multi_key_mode``: random or polling.
    ``allow_private``: it may lie in a private network, which is so for what the machine's owner
    writes. Overrides are JSON as the contract has it (6.7, 6.8); time-outs are seconds, 0 for those
    of the settings.
    """

    name: str
    type: str
    models: tuple[str, ...]
    base_url: str = ""
    keys: tuple[str, ...] = ()
    mapping: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    weight: int = 1
    groups: tuple[str, ...] = ("default",)
    status: int = ENABLED
    id: int = 0
    code: int = 1
    multi_key_mode: str = "random"
    key_states: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    allow_private: bool = True
    first_token_timeout: float = 0.0
    idle_timeout: float = 0.0
    param_override: str = ""
    header_override: str = ""
    status_code_mapping: str = ""
    openai_organization: str = ""
    test_model: str = ""
    test_time: int = 0
    response_time: int = 0
    balance: float = 0.0
    balance_updated_time: int = 0
    used_quota: int = 0
    auto_ban: bool = True
    tag: str = ""
    remark: str = ""
    setting: str = ""
    settings: str = ""
    other: str = ""
    other_info: str = ""
    created_time: int = 0


def add_channel(connection: Connection, channel: Channel) -> int:
    """Store a channel; returns its id. BadInput when it could not work."""
    check_channel(channel)
    row = row_of(channel) | {"created_time": int(time.time())}
    try:
        channel_id: int = connection.execute(
            insert(channels).values(row).returning(channels.c.id)
        ).scalar_one()
    except IntegrityError:
        raise _taken(channel) from None
    return channel_id


def change_channel(connection: Connection, channel: Channel) -> None:
    """Write a channel over the row with its id. BadInput when it could not work, NotFound."""
    check_channel(channel)
    row = row_of(channel)
    # What only the gateway writes, perhaps at this moment.
    for name in ("used_quota", "created_time"):
        del row[name]
    try:
        done = connection.execute(update(channels).where(channels.c.id == channel.id).values(row))
    except IntegrityError:
        raise _taken(channel) from None
    if not done.rowcount:
        raise _unknown(channel.id)


def check_channel(channel: Channel) -> None:
    """Raise BadInput for a channel that could not work."""
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
    for key in channel.keys:
        source, _, name = key.partition(":")
        if source not in _SOURCES or not name:
            # Not quoted: it may be a key that was put in the wrong place.
            raise BadInput(
                "a channel says where its key is kept", hint="env:NAME, keyring:NAME or file:PATH"
            )


def list_channels(connection: Connection) -> list[Channel]:
    """Every channel, in order of id."""
    rows = connection.execute(select(channels).order_by(channels.c.id)).mappings()
    return [_channel(row) for row in rows]


def find_channel(connection: Connection, channel_id: int) -> Channel:
    """One channel; NotFound if there is none of that id."""
    wanted = select(channels).where(channels.c.id == channel_id)
    row = connection.execute(wanted).mappings().first()
    if row is None:
        raise _unknown(channel_id)
    return _channel(row)


def remove_channel(connection: Connection, channel_id: int) -> None:
    """Delete a channel; NotFound if there is none of that id."""
    if not connection.execute(delete(channels).where(channels.c.id == channel_id)).rowcount:
        raise _unknown(channel_id)


def row_of(channel: Channel) -> dict[str, Any]:
    """The columns of a channel, all but its id."""
    return {name: getattr(channel, name) for name in _PLAIN} | {
        "base_url": channel.base_url.rstrip("/"),
        "models": ",".join(channel.models),
        "model_mapping": json.dumps(dict(channel.mapping)),
        "group": ",".join(channel.groups),
        "keys": json.dumps(channel.keys),
        "key_states": json.dumps(channel.key_states),
    }


_PLAIN = (
    "name", "type", "priority", "weight", "status", "code", "multi_key_mode", "allow_private",
    "first_token_timeout", "idle_timeout", "param_override", "header_override",
    "status_code_mapping", "openai_organization", "test_model", "test_time", "response_time",
    "balance", "balance_updated_time", "used_quota", "auto_ban", "tag", "remark", "setting",
    "settings", "other", "other_info", "created_time",
)  # fmt: skip


def _channel(row: RowMapping) -> Channel:
    states = json.loads(row["key_states"] or "{}")
    return Channel(
        id=row["id"],
        base_url=row["base_url"],
        models=names(row["models"]),
        mapping=json.loads(row["model_mapping"] or "{}"),
        groups=names(row["group"]),
        keys=tuple(json.loads(row["keys"] or "[]")),
        key_states={int(index): state for index, state in states.items()},
        **{name: row[name] for name in _PLAIN},
    )


def _taken(channel: Channel) -> BadInput:
    return BadInput(f"there is already a channel {channel.name!r}")


def _unknown(channel_id: int) -> NotFound:
    return NotFound(f"there is no channel {channel_id}", hint="`nexhina channels list`")
