"""``nexhina channels list``."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from nexhina_nb.cli.common import json_option, opened, print_json, show, store_option

if TYPE_CHECKING:
    from nexhina_nb.store.channels import Channel

_STATES = {1: "on", 2: "off", 3: "off by itself"}
_COLUMNS = (
    "id", "name", "type", "state", "base URL", "keys", "priority", "weight", "groups", "last test",
    "models",
)  # fmt: skip


@click.command("list")
@store_option
@json_option
def list_all(store: str | None, as_json: bool) -> None:
    """Every channel, with where its keys are kept. Example: nexhina channels list --json"""
    from nexhina_nb.store.channels import list_channels

    with opened(store) as found, found.reading() as connection:
        rows = list_channels(connection)
    if as_json:
        print_json([dataclasses.asdict(row) for row in rows])
    else:
        show(_COLUMNS, [_cells(row) for row in rows], "No channels but the built-in engines.")


def _cells(row: Channel) -> tuple[Any, ...]:
    tested = ""
    if row.test_time:
        day = datetime.fromtimestamp(row.test_time, UTC)
        tested = f"{row.response_time} ms, {day:%Y-%m-%d %H:%M} UTC"
    return (
        row.id, row.name, row.type, _STATES.get(row.status, str(row.status)), row.base_url,
        ", ".join(row.keys), row.priority, row.weight, ", ".join(row.groups), tested,
        ", ".join(row.models),
    )  # fmt: skip
