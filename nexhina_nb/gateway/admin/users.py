"""Users as administrators see and change them (contract 7.2)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput
from nexhina_nb.gateway.admin.door import ADMIN, Door
from nexhina_nb.gateway.admin.envelope import Fields, fields_of, id_of, page_of, whole_of
from nexhina_nb.store import people_changes as changes
from nexhina_nb.store.accounts import ROLE_COMMON, Account
from nexhina_nb.store.people import PeopleFilter, hash_password, search_people, show_person

_LONGEST_KEYWORD = 64
_ACTIONS: Mapping[str, Callable[[Connection, Account, int], None]] = {
    "enable": changes.enable,
    "disable": changes.disable,
    "delete": changes.delete,
    "promote": changes.promote,
    "demote": changes.demote,
}


def routes(door: Door) -> list[BaseRoute]:
    """The routes for administrators. They come after those of `selves`: what they take for a number
    in the path may be the name of one of those.
    """
    desk, path = _Users(door), "/api/user"
    return [
        door.route(path, desk.list, "GET", ADMIN),
        door.route(f"{path}/search", desk.list, "GET", ADMIN, guard="search"),
        door.route(f"{path}/manage", desk.manage, "POST", ADMIN),
        door.route(path, desk.create, "POST", ADMIN),
        door.route(path, desk.change, "PUT", ADMIN),
        door.route(f"{path}/{{id}}", desk.show, "GET", ADMIN),
        door.route(f"{path}/{{id}}", desk.delete, "DELETE", ADMIN),
    ]


async def hashed(fields: Fields) -> str | None:
    """The hash of the password in a body, None where none is given; empty means not given."""
    password = fields.text("password")
    # Made outside of any transaction, since it takes its time on purpose.
    return await asyncio.to_thread(hash_password, password) if password else None


class _Users:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._gateway = door.gateway

    async def list(self, request: Request, _: Account) -> dict[str, Any]:
        """users, newest first; `keyword`, `group`, `role` and `status` narrow the list"""
        page, query = page_of(request), request.query_params
        wanted = PeopleFilter(
            keyword=_plain(query.get("keyword", "")),
            group=_plain(query.get("group", "")),
            role=whole_of(request, "role"),
            status=whole_of(request, "status"),
        )
        rows, total = await self._gateway.read(
            lambda connection: search_people(
                connection, wanted, offset=page.offset, limit=page.size
            )
        )
        return page.of(rows, total)

    async def show(self, request: Request, _: Account) -> dict[str, Any]:
        """one user"""
        return await self._gateway.read(show_person, id_of(request))

    async def create(self, request: Request, person: Account) -> None:
        """add a user with a role below the caller's"""
        fields = await fields_of(request)
        name, shown = fields.text("username"), fields.text("display_name", most=20) or ""
        role = fields.whole("role") or ROLE_COMMON
        password = await hashed(fields)
        if name is None or password is None:
            raise BadInput("a user needs a 'username' and a 'password'")
        await self._door.act(
            request,
            person,
            "create user",
            {"username": name, "role": role},
            lambda connection: changes.create_person(
                connection, person, name, password, display_name=shown, role=role
            ),
        )

    async def change(self, request: Request, person: Account) -> None:
        """change a user's names, group, remark or password, but not the quota"""
        fields = await fields_of(request)
        user_id = fields.id()
        plain = {
            "username": fields.text("username", least=1),
            "display_name": fields.text("display_name", most=20),
            "email": fields.text("email", most=50),
            "group": fields.text("group", least=1, most=64),
            "remark": fields.text("remark"),
        }
        password = await hashed(fields)
        given = {name: value for name, value in plain.items() if value is not None}
        told = {"id": user_id, **given, "password": "changed" if password else "kept"}
        every = given | {"password_hash": password}
        await self._door.act(
            request, person, "change user", told, changes.change_person, person, user_id, every
        )
        if password:
            self._door.sessions.end_all(user_id)

    async def delete(self, request: Request, person: Account) -> None:
        """delete a user with all keys"""
        user_id = id_of(request)
        await self._door.act(
            request, person, "delete user", {"id": user_id}, changes.delete, person, user_id
        )
        self._door.sessions.end_all(user_id)

    async def manage(self, request: Request, person: Account) -> dict[str, Any] | None:
        """enable, disable, delete, promote or demote a user, or change the quota"""
        fields = await fields_of(request)
        user_id, action = fields.id(), fields.text("action") or ""
        if action == "add_quota":
            await self._change_quota(request, person, user_id, fields)
        elif action in _ACTIONS:
            told = {"id": user_id}
            await self._door.act(
                request, person, f"{action} user", told, _ACTIONS[action], person, user_id
            )
        else:
            raise BadInput("'action' is unknown", hint=f"known: {', '.join(_ACTIONS)}, add_quota")
        if action in ("disable", "delete"):
            self._door.sessions.end_all(user_id)
        if action == "delete":
            return None
        row = await self._gateway.read(show_person, user_id)
        return {"role": row["role"], "status": row["status"]}

    async def _change_quota(
        self, request: Request, person: Account, user_id: int, fields: Fields
    ) -> None:
        mode = fields.text("mode") or "add"
        if mode not in changes.MODES:
            raise BadInput("'mode' is unknown", hint=f"known: {', '.join(changes.MODES)}")
        value = fields.whole("value", least=0 if mode == "override" else 1)
        if value is None:
            raise BadInput("'value' is required: an amount of quota")
        await self._door.act(
            request,
            person,
            f"{mode} quota",
            {"id": user_id, "value": value},
            lambda connection: changes.change_quota(connection, person, user_id, mode, value),
        )


def _plain(text: str) -> str:
    """A text of the query that any database can compare with."""
    if len(text) > _LONGEST_KEYWORD or "\0" in text:
        raise BadInput(f"what is looked for has at most {_LONGEST_KEYWORD} plain characters")
    return text
