"""What users do for themselves: log in, see and change what is theirs (contract 7.2 and 7.8)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import BadInput, PermissionDenied
from nexhina_nb.gateway.admin.door import Door, request_id
from nexhina_nb.gateway.admin.envelope import Fields, fields_of, success
from nexhina_nb.gateway.admin.sessions import COOKIE, LASTS_SECONDS
from nexhina_nb.gateway.admin.users import hashed
from nexhina_nb.store.accounts import ENABLED, Account
from nexhina_nb.store.channels import Channel
from nexhina_nb.store.groups import DEFAULT, Group
from nexhina_nb.store.people import (
    find_password,
    find_person,
    fits,
    renew_access_token,
    seal_of,
    show_person,
)
from nexhina_nb.store.people_changes import (
    change_self,
    change_setting,
    delete_self,
    enter_login,
)

_WAYS_TO_NOTIFY = ("email", "webhook", "bark", "gotify")
_OF_LOGIN = ("id", "username", "display_name", "role", "status", "group")
# Contract 7.8 names them; nobody logs in by other sites, invites or pays here.
_OTHER_SITES = ("github", "discord", "oidc", "wechat", "telegram", "linux_do")
_UNUSED: Mapping[str, Any] = {
    **{f"{site}_id": "" for site in _OTHER_SITES},
    "aff_code": "",
    "aff_count": 0,
    "aff_quota": 0,
    "aff_history_quota": 0,
    "inviter_id": 0,
    "stripe_customer": "",
    "sidebar_modules": "",
    "permissions": {},
}
_FOR_ADMINISTRATORS = ("remark",)


def routes(door: Door) -> list[BaseRoute]:
    """The routes for every user, and those by which one comes in and goes."""
    desk, path = _Selves(door), "/api/user"
    return [
        door.public(f"{path}/login", desk.login, "POST"),
        door.public(f"{path}/register", desk.register, "POST"),
        door.public(f"{path}/logout", desk.logout, "GET", guard=""),
        door.route(f"{path}/self", desk.show, "GET"),
        door.route(f"{path}/self", desk.change, "PUT"),
        door.route(f"{path}/self", desk.delete, "DELETE"),
        door.route(f"{path}/self/groups", desk.groups, "GET"),
        door.route(f"{path}/groups", desk.groups, "GET"),
        door.route(f"{path}/models", desk.models, "GET"),
        door.route(f"{path}/token", desk.token, "GET"),
        door.route(f"{path}/setting", desk.set, "PUT"),
        door.route(f"{path}/aff", desk.invite, "GET"),
        door.route(f"{path}/aff_transfer", desk.invite, "POST"),
    ]


class _Selves:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._gateway = door.gateway

    async def login(self, request: Request) -> Response:
        """begin a session with `username` and `password`; the cookie stands for it"""
        fields = await fields_of(request)
        name, password = fields.text("username") or "", fields.text("password") or ""
        known = await self._gateway.read(find_password, name)
        user_id, kept = known or (0, "")
        if not await asyncio.to_thread(fits, password, kept):
            raise BadInput("the username or the password is wrong")
        found = await self._gateway.read(find_person, user_id)
        if found is None or found[0].user_status != ENABLED:
            raise PermissionDenied("this user is disabled")
        await self._gateway.write(enter_login, user_id, request_id(request))
        row = await self._gateway.read(show_person, user_id)
        response = success({name: row[name] for name in _OF_LOGIN})
        response.set_cookie(
            COOKIE,
            self._door.sessions.begin(user_id, seal_of(kept)),
            max_age=LASTS_SECONDS,
            httponly=True,
            secure=request.url.scheme == "https",
            samesite="strict",
        )
        return response

    async def register(self, _: Request) -> None:
        """refused: an administrator adds users"""
        raise BadInput("registration is closed")

    async def logout(self, request: Request) -> Response:
        """end the session"""
        self._door.sessions.end(request.cookies.get(COOKIE, ""))
        response = success()
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")
        return response

    async def show(self, _: Request, person: Account) -> dict[str, Any]:
        """who asks, with the wallet and what is set"""
        row = await self._gateway.read(show_person, person.user_id)
        shown = {name: value for name, value in row.items() if name not in _FOR_ADMINISTRATORS}
        return {**_UNUSED, **shown}

    async def change(self, request: Request, person: Account) -> None:
        """change the names, or with `original_password` the password, which ends every session"""
        _refuse_keys(person)
        fields = await fields_of(request)
        changes = {
            "username": fields.text("username", least=1),
            "display_name": fields.text("display_name", most=20),
            "password_hash": await hashed(fields),
        }
        if changes["password_hash"]:
            await self._check_password(person, fields)
        await self._gateway.write(change_self, person.user_id, changes)
        if changes["password_hash"]:
            self._door.sessions.end_all(person.user_id)

    async def delete(self, _: Request, person: Account) -> None:
        """delete the user who asks, with all keys"""
        _refuse_keys(person)
        await self._gateway.write(delete_self, person.user_id)
        self._door.sessions.end_all(person.user_id)

    async def groups(self, _: Request, person: Account) -> dict[str, Any]:
        """the groups that the caller's keys may use, with their ratios"""
        return {
            name: {"ratio": float(group.ratio_for(person.user_group)), "desc": group.description}
            for name, group in (await self._open_groups(person)).items()
        }

    async def models(self, request: Request, person: Account) -> list[str]:
        """the models that the caller may use, in all groups or in one `group`"""
        routes, group = await self._gateway.routes(), request.query_params.get("group", "")
        names = [group] if group else await self._open_groups(person)
        found = (routes.models(replace(person, group=name)) for name in names)
        served = {model: channel for models in found for model, channel in models.items()}
        return [model for model, channel in sorted(served.items()) if _can_run(model, channel)]

    async def token(self, _: Request, person: Account) -> str:
        """make the caller's access token anew; it is shown this once"""
        _refuse_keys(person)
        return await self._gateway.write(renew_access_token, person.user_id)

    async def set(self, request: Request, person: Account) -> None:
        """when and how to be told of a low balance, and whether addresses are logged"""
        fields = await fields_of(request)
        way = fields.text("notify_type")
        if way is not None and way not in _WAYS_TO_NOTIFY:
            raise BadInput("'notify_type' is unknown", hint=f"known: {', '.join(_WAYS_TO_NOTIFY)}")
        values = {
            "notify_type": way,
            "quota_warning_threshold": fields.whole("quota_warning_threshold", least=1),
            "record_ip_log": fields.flag("record_ip_log"),
        }
        await self._gateway.write(change_setting, person.user_id, values)

    async def invite(self, _request: Request, _: Account) -> None:
        """refused: there are no invitations"""
        raise BadInput("there are no invitations here")

    async def _check_password(self, person: Account, fields: Fields) -> None:
        """Who has a password must know it to change it: a stolen session is not enough."""
        found = await self._gateway.read(find_password, person.username)
        if found is None:
            raise BadInput("the name of this user has just changed", hint="ask again")
        kept, given = found[1], fields.text("original_password") or ""
        if kept and not await asyncio.to_thread(fits, given, kept):
            raise BadInput("'original_password' is not your password")

    async def _open_groups(self, person: Account) -> dict[str, Group]:
        own = person.user_group
        every = {DEFAULT: Group(DEFAULT, selectable=True), own: Group(own)}
        every |= (await self._gateway.routes()).groups
        return {name: row for name, row in every.items() if row.is_open_to(person)}


def _refuse_keys(person: Account) -> None:
    """A key has an end, and perhaps a list of addresses: it must not turn into what has neither."""
    if person.token_id:
        raise PermissionDenied("a key cannot do that: log in")


def _can_run(model: str, channel: Channel) -> bool:
    return channel.type != "local" or model not in ENGINES or ENGINES[model].is_installed
