"""Groups of users, keys and channels (contract 5.1 and 7.8): their names, and what is ours beyond
that, to make and change one in a single step.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput
from nexhina_nb.gateway.admin.door import ADMIN, Door
from nexhina_nb.gateway.admin.envelope import Fields, fields_of
from nexhina_nb.gateway.admin.group_options import ratios_of
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.groups import Group, list_groups, remove_group, set_group

_LIMITS = ("auto_order", "rpm", "tpm", "parallel")


def routes(door: Door) -> list[BaseRoute]:
    """The groups, for administrators."""
    desk = Groups(door)
    path = "/api/group"
    return [
        door.route(path, desk.list, "GET", ADMIN),
        door.route(path, desk.set, "POST", ADMIN),
        door.route(f"{path}/{{name}}", desk.delete, "DELETE", ADMIN),
    ]


class Groups:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def list(self, _request: Request, _: Account) -> list[str]:
        """the names of all groups"""
        return sorted(await self._door.gateway.read(list_groups))

    async def set(self, request: Request, person: Account) -> dict[str, Any]:
        """make a group, or change what is named of the one that is there"""
        fields = await fields_of(request)
        name = fields.text("name", least=1, most=64)
        if name is None:
            raise BadInput("a group needs a 'name'")
        changes = _changes(fields)
        told = {field: _told(value) for field, value in changes.items()}
        group = await self._door.act(
            request, person, "set group", {"name": name, **told}, _set, name, changes
        )
        return _row(group)

    async def delete(self, request: Request, person: Account) -> None:
        """delete a group that nobody is in"""
        name = request.path_params["name"]
        await self._door.act(request, person, "delete group", {"name": name}, remove_group, name)


def _changes(fields: Fields) -> dict[str, Any]:
    given: dict[str, Any] = {
        "description": fields.text("description"),
        "selectable": fields.flag("selectable"),
        **{limit: fields.whole(limit) for limit in _LIMITS},
    }
    if (ratio := fields.values.get("ratio")) is not None:
        given |= ratios_of("a group", {"ratio": ratio})
    if (ratios := fields.values.get("ratios")) is not None:
        given["ratios"] = ratios_of("'ratios'", ratios)
    return {name: value for name, value in given.items() if value is not None}


def _set(connection: Connection, name: str, changes: dict[str, Any]) -> Group:
    known = list_groups(connection).get(name) or Group(name)
    group = replace(known, **changes)
    set_group(connection, group)
    return group


def _row(group: Group) -> dict[str, Any]:
    fields = ("name", "description", "ratio", "ratios", "selectable", *_LIMITS)
    return {field: _told(getattr(group, field)) for field in fields}


def _told(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: float(ratio) for name, ratio in value.items()}
    return value if isinstance(value, bool | int | str) else float(value)
