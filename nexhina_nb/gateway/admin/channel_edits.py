"""Many channels at once, or a part of one (contract 7.4): on and off, tags, deletion."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.gateway.admin.channel_forms import changed
from nexhina_nb.gateway.admin.channel_keys import drop_keys
from nexhina_nb.gateway.admin.channels import PATH
from nexhina_nb.gateway.admin.door import ADMIN, Door
from nexhina_nb.gateway.admin.envelope import Fields, fields_of, id_of
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.channels import (
    ENABLED,
    Channel,
    change_channel,
    find_channel,
    list_channels,
    remove_channel,
)

_OFF = 2  # by hand
_OF_TAG = (
    "priority", "weight", "model_mapping", "models", "groups", "group", "param_override",
    "header_override",
)  # fmt: skip
_Choice = Callable[[Connection], Sequence[Channel]]


def routes(door: Door) -> list[BaseRoute]:
    """What changes parts of channels, or takes them away."""
    desk = _Edits(door)
    return [
        door.route(f"{PATH}/status/batch", desk.switch_many, "POST", ADMIN),
        door.route(f"{PATH}/{{id}}/status", desk.switch, "POST", ADMIN),
        door.route(f"{PATH}/disabled", desk.delete_disabled, "DELETE", ADMIN),
        door.route(f"{PATH}/{{id}}", desk.delete, "DELETE", ADMIN),
        door.route(f"{PATH}/batch", desk.delete_many, "POST", ADMIN),
        door.route(f"{PATH}/batch/tag", desk.tag_many, "POST", ADMIN),
        door.route(f"{PATH}/tag", desk.change_tag, "PUT", ADMIN),
        door.route(f"{PATH}/tag/disabled", desk.disable_tag, "POST", ADMIN),
        door.route(f"{PATH}/tag/enabled", desk.enable_tag, "POST", ADMIN),
        door.route(f"{PATH}/tag/models", desk.models_of_tag, "GET", ADMIN),
    ]


class _Edits:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._gateway = door.gateway

    async def switch(self, request: Request, person: Account) -> int:
        """switch a channel on (`status` 1) or off (2)"""
        changes = _status(await fields_of(request))
        return await self._edit(request, person, _with_ids([id_of(request)]), changes)

    async def switch_many(self, request: Request, person: Account) -> int:
        """switch the channels of `ids` on or off; how many it were"""
        fields = await fields_of(request)
        return await self._edit(request, person, _with_ids(fields.ids()), _status(fields))

    async def delete(self, request: Request, person: Account) -> int:
        """delete a channel, with the keys that were written here"""
        return await self._delete(request, person, _with_ids([id_of(request)]))

    async def delete_many(self, request: Request, person: Account) -> int:
        """delete the channels of `ids`; how many it were"""
        ids = (await fields_of(request)).ids()
        return await self._delete(request, person, _with_ids(ids))

    async def delete_disabled(self, request: Request, person: Account) -> int:
        """delete the channels that are off; how many it were"""

        def chosen(connection: Connection) -> Sequence[Channel]:
            return [row for row in list_channels(connection) if row.status != ENABLED]

        return await self._delete(request, person, chosen)

    async def tag_many(self, request: Request, person: Account) -> int:
        """give the channels of `ids` a `tag`, or none"""
        fields = await fields_of(request)
        changes = {"tag": fields.text("tag", most=64) or ""}
        return await self._edit(request, person, _with_ids(fields.ids()), changes)

    async def change_tag(self, request: Request, person: Account) -> int:
        """change all channels of a `tag`: `new_tag`, priority, weight, models, groups, overrides"""
        fields = await fields_of(request)
        changes = {
            name: value for name in _OF_TAG if (value := fields.values.get(name)) is not None
        }
        if (tag := fields.text("new_tag", most=64)) is not None:
            changes["tag"] = tag
        return await self._edit(request, person, _with_tag(_tag_in(fields)), changes)

    async def enable_tag(self, request: Request, person: Account) -> int:
        """switch all channels of a `tag` on"""
        chosen = _with_tag(_tag_in(await fields_of(request)))
        return await self._edit(request, person, chosen, {"status": ENABLED})

    async def disable_tag(self, request: Request, person: Account) -> int:
        """switch all channels of a `tag` off"""
        chosen = _with_tag(_tag_in(await fields_of(request)))
        return await self._edit(request, person, chosen, {"status": _OFF})

    async def models_of_tag(self, request: Request, _: Account) -> str:
        """the models that the channels of a `tag` serve"""
        rows = await self._gateway.read(_with_tag(request.query_params.get("tag", "")))
        return ",".join(dict.fromkeys(model for row in rows for model in row.models))

    async def _edit(
        self, request: Request, person: Account, chosen: _Choice, changes: Mapping[str, Any]
    ) -> int:
        params: dict[str, Any] = {"fields": sorted(changes)}

        def edit(connection: Connection) -> int:
            rows = chosen(connection)
            for row in rows:
                change_channel(connection, changed(row, changes))
            params["ids"] = [row.id for row in rows]
            return len(rows)

        return await self._door.act(request, person, "change channels", params, edit)

    async def _delete(self, request: Request, person: Account, chosen: _Choice) -> int:
        params: dict[str, Any] = {}

        def remove(connection: Connection) -> Sequence[Channel]:
            rows = chosen(connection)
            for row in rows:
                remove_channel(connection, row.id)
            params["names"] = [row.name for row in rows]
            return rows

        gone = await self._door.act(request, person, "delete channels", params, remove)
        places = [place for row in gone for place in row.keys]
        await run_in_threadpool(drop_keys, self._gateway.settings.home, places)
        return len(gone)


def _with_ids(ids: Sequence[int]) -> _Choice:
    """The channels of these ids. Raises NotFound unless all are there."""
    return lambda connection: [find_channel(connection, number) for number in dict.fromkeys(ids)]


def _with_tag(tag: str) -> _Choice:
    """The channels of a tag. Raises NotFound when there are none."""

    def chosen(connection: Connection) -> Sequence[Channel]:
        rows = [row for row in list_channels(connection) if tag and row.tag == tag]
        if not rows:
            raise NotFound(f"no channel has the tag {tag!r:.70}")
        return rows

    return chosen


def _tag_in(fields: Fields) -> str:
    tag = fields.text("tag", least=1, most=64)
    if tag is None:
        raise BadInput("'tag' is required")
    return tag


def _status(fields: Fields) -> dict[str, int]:
    status = fields.whole("status", least=1, most=2)
    if status is None:
        raise BadInput("'status' is required", hint="1 switches on, 2 off")
    return {"status": status}
