"""Keys, in the hands of the people whose they are (contract 7.3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NoReturn

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.gateway.admin.door import USER, Door
from nexhina_nb.gateway.admin.envelope import Fields, fields_of, id_of, page_of
from nexhina_nb.store import keys
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.groups import AUTO, Group, list_groups
from nexhina_nb.store.terms import MAX_QUOTA, NEVER, Terms, names, terms_of

_LONGEST_NAME = 50  # bytes
_LONGEST_LIST = 20_000
_LAST_SECOND = 253_402_300_799  # of the year 9999


def routes(door: Door) -> list[BaseRoute]:
    """What every user may do with the keys of her own."""
    desk = Keys(door)
    path = "/api/token"
    return [
        door.route(path, desk.list_own, "GET", USER),
        door.route(f"{path}/search", desk.search, "GET", USER, guard="search"),
        door.route(f"{path}/batch/keys", desk.reveal, "POST", USER),
        door.route(f"{path}/batch", desk.delete_many, "POST", USER),
        door.route(f"{path}/{{id}}/key", desk.reveal, "POST", USER),
        door.route(f"{path}/{{id}}", desk.show, "GET", USER),
        door.route(f"{path}/{{id}}", desk.delete, "DELETE", USER),
        door.route(path, desk.create, "POST", USER),
        door.route(path, desk.change, "PUT", USER),
    ]


class Keys:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._gateway = door.gateway

    async def list_own(self, request: Request, person: Account) -> dict[str, Any]:
        """the caller's keys, masked, newest first"""
        return await self._page(request, person)

    async def search(self, request: Request, person: Account) -> dict[str, Any]:
        """the caller's keys by `keyword` (in the name) and `token` (a key, or what is shown)"""
        query = request.query_params
        wanted = {"name": query.get("keyword", ""), "key": query.get("token", "")}
        return await self._page(request, person, **wanted)

    async def _page(self, request: Request, person: Account, **wanted: str) -> dict[str, Any]:
        page = page_of(request)
        rows, total = await self._gateway.read(
            lambda connection: keys.list_keys(
                connection, person.user_id, offset=page.offset, limit=page.size, **wanted
            )
        )
        return page.of(rows, total)

    async def show(self, request: Request, person: Account) -> dict[str, Any]:
        """one key, masked"""
        return await self._gateway.read(keys.find_key, person.user_id, id_of(request))

    async def reveal(self, _request: Request, _person: Account) -> NoReturn:
        """refused: keys are stored hashed, and shown once, when they are made"""
        raise BadInput(
            "keys are stored hashed and are shown once, when they are made", hint="make a new one"
        )

    async def create(self, request: Request, person: Account) -> dict[str, Any]:
        """make a key; it is shown this once"""
        fields = await fields_of(request)
        name, terms = _name(fields) or "", _terms(fields, Terms(remain_quota=0), 0)
        if terms.expired_time == 0:
            terms = replace(terms, expired_time=NEVER)

        def make(connection: Connection) -> dict[str, Any]:
            _check_group(connection, person, terms.group)
            key_id, key = keys.create_key(connection, person.user_id, name, terms)
            # Shown here, once, on purpose.
            return keys.find_key(connection, person.user_id, key_id) | {"key": key.reveal()}

        return await self._gateway.write(make)

    async def change(self, request: Request, person: Account) -> dict[str, Any]:
        """change a key: what is absent stays; `?status_only=1` only switches it on or off"""
        fields = await fields_of(request)
        key_id = fields.id()
        only_status = bool(request.query_params.get("status_only"))
        if only_status and fields.values.get("status") is None:
            raise BadInput("'status' is required")

        def edit(connection: Connection) -> dict[str, Any]:
            row = keys.find_key(connection, person.user_id, key_id)
            before = terms_of(row)
            if only_status:
                return keys.edit_key(connection, key_id, before, status=fields.whole("status"))
            terms = _terms(fields, before, row["remain_quota"])
            if terms.group != before.group:
                _check_group(connection, person, terms.group)
            return keys.edit_key(connection, key_id, terms, name=_name(fields))

        return await self._gateway.write(edit)

    async def delete(self, request: Request, person: Account) -> None:
        """delete a key"""
        key_id = id_of(request)
        if not await self._gateway.write(keys.delete_keys, person.user_id, [key_id]):
            raise NotFound(f"there is no key {key_id}")

    async def delete_many(self, request: Request, person: Account) -> int:
        """delete up to 100 keys; how many of them were there"""
        ids = (await fields_of(request)).ids()
        return await self._gateway.write(keys.delete_keys, person.user_id, ids)


def _name(fields: Fields) -> str | None:
    name = fields.text("name")
    if name is not None and len(name.encode()) > _LONGEST_NAME:
        raise BadInput(f"'name' has at most {_LONGEST_NAME} bytes")
    return name


def _terms(fields: Fields, before: Terms, remain: int) -> Terms:
    """The terms that a body asks for; ``remain`` is what a key holds that becomes limited."""
    unlimited = fields.flag("unlimited_quota")
    if unlimited is None:
        unlimited = before.remain_quota is None
    limited = fields.flag("model_limits_enabled")
    if limited is None:
        limited = before.models is not None
    models = fields.text("model_limits", most=_LONGEST_LIST)
    chosen = before.models or () if models is None else names(models)
    return replace(
        before,
        remain_quota=None if unlimited else _quota(fields, remain),
        models=chosen if limited else None,
        **_plain(fields),
    )


def _quota(fields: Fields, before: int) -> int:
    quota = fields.whole("remain_quota", most=MAX_QUOTA)
    return before if quota is None else quota


def _plain(fields: Fields) -> dict[str, Any]:
    """The terms that a body names as they are."""
    ips = fields.text("allow_ips", most=_LONGEST_LIST)
    named = {
        "expired_time": fields.whole("expired_time", least=NEVER, most=_LAST_SECOND),
        "allow_ips": None if ips is None else tuple(ips.replace(",", " ").split()),
        "group": fields.text("group", most=64),
        "budget_period": fields.text("budget_period"),
        **{name: fields.flag(name) for name in ("cross_group_retry", "capture")},
        **{name: fields.whole(name) for name in _COUNTS},
    }
    return {name: value for name, value in named.items() if value is not None}


_COUNTS = ("budget", "rpm", "tpm", "parallel", "queue_seconds")


def _check_group(connection: Connection, person: Account, group: str) -> None:
    found = list_groups(connection).get(group) or Group(group)
    if group not in ("", AUTO) and not found.is_open_to(person):
        raise BadInput(
            f"you may not use the group {group!r}", hint="choose one that is open to all"
        )
