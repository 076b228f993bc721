"""Responses that can be asked for again: what went in, what came out, for the user's own keys.

A row is found by its user and its id, so nobody learns of another user's. It ends by itself after
the days that the settings give it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, delete, insert, select

from nexhina_nb.store.tables import responses

LONGEST_ID = 128
Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """One response. ``input`` are the items of its own request, not those of ``previous_id``.

    ``upstream_id`` is the id under which the upstream of ``channel`` holds it itself; empty where
    no other server does. ``events`` are those of its stream, if it ran in the background.
    """

    user_id: int
    id: str
    created_at: int
    model: str
    input: list[Item]
    reply: dict[str, Any]
    channel: int = 0
    upstream_id: str = ""
    previous_id: str = ""
    events: tuple[Mapping[str, Any], ...] = ()

    @property
    def status(self) -> str:
        """Where the response is: completed, in_progress …"""
        return str(self.reply.get("status") or "completed")

    @property
    def output(self) -> list[Item]:
        """The items that came out."""
        items = self.reply.get("output")
        return [item for item in items if isinstance(item, dict)] if isinstance(items, list) else []


def save_response(connection: Connection, kept: KeptResponse, expired: int) -> None:
    """Write a response, or write it anew; those made before ``expired`` (Unix seconds) go."""
    row = responses.c
    connection.execute(delete(responses).where(row.created_at < expired))
    delete_response(connection, kept.user_id, kept.id)
    connection.execute(
        insert(responses).values(
            user_id=kept.user_id,
            id=kept.id,
            created_at=kept.created_at,
            model=kept.model,
            status=kept.status[:16],
            channel=kept.channel,
            upstream_id=kept.upstream_id,
            previous_id=kept.previous_id,
            request=_json(kept.input),
            reply=_json(kept.reply),
            events="\n".join(_json(event) for event in kept.events),
        )
    )


def find_response(
    connection: Connection, user_id: int, id: str, expired: int
) -> KeptResponse | None:
    """A response of a user, unless there is none, or none any more."""
    row = responses.c
    statement = select(responses).where(
        row.user_id == user_id, row.id == id, row.created_at >= expired
    )
    found = connection.execute(statement).first()
    if found is None:
        return None
    return KeptResponse(
        user_id=found.user_id,
        id=found.id,
        created_at=found.created_at,
        model=found.model,
        input=json.loads(found.request),
        reply=json.loads(found.reply),
        channel=found.channel,
        upstream_id=found.upstream_id,
        previous_id=found.previous_id,
        events=tuple(json.loads(line) for line in found.events.split("\n") if line),
    )


def delete_response(connection: Connection, user_id: int, id: str) -> bool:
    """Forget a response; whether there was one."""
    row = responses.c
    gone = connection.execute(delete(responses).where(row.user_id == user_id, row.id == id))
    return gone.rowcount > 0


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))
