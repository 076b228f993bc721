"""What was used, by hour (contract 7.7): added up from the log when it is asked for, so that it is
never behind and needs no switch.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput
from nexhina_nb.gateway.admin.door import ADMIN, USER, Door
from nexhina_nb.gateway.admin.envelope import whole_of
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.log_search import LogFilter, usage_by_hour

_SPAN = 2_592_000  # seconds: the most that a user may ask for, and what is meant without a range
_SUMS = ("count", "quota", "token_used")
_FLOW = ("user_id", "username", "node_name", "token_id", "use_group", "channel_id", "model_name")
Rows = list[dict[str, Any]]


def routes(door: Door) -> list[BaseRoute]:
    """The figures of everybody, and one's own."""
    desk = Data(door)
    path = "/api/data"
    return [
        door.route(path, desk.everybody, "GET", ADMIN),
        door.route(f"{path}/users", desk.by_user, "GET", ADMIN),
        door.route(f"{path}/self", desk.own, "GET", USER),
        door.route(f"{path}/flow", desk.flow, "GET", ADMIN),
        door.route(f"{path}/flow/self", desk.own_flow, "GET", USER),
    ]


class Data:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._gateway = door.gateway

    async def everybody(self, request: Request, _: Account) -> Rows:
        """usage by hour, user, model, group, key and channel; by default of the last 30 days"""
        return await self._usage(_wanted(request))

    async def by_user(self, request: Request, _: Account) -> Rows:
        """usage by hour and user"""
        return folded(await self._usage(_wanted(request)), ("user_id", "username", "created_at"))

    async def own(self, request: Request, person: Account) -> Rows:
        """the caller's usage by hour; at most 30 days"""
        return await self._usage(_own(request, person))

    async def flow(self, request: Request, _: Account) -> Rows:
        """usage by user, key, group, channel and model"""
        return folded(await self._usage(_wanted(request)), _FLOW)

    async def own_flow(self, request: Request, person: Account) -> Rows:
        """the caller's usage by key, group, channel and model; at most 30 days"""
        return folded(await self._usage(_own(request, person)), _FLOW)

    async def _usage(self, wanted: LogFilter) -> Rows:
        return await self._gateway.read(usage_by_hour, wanted)


def folded(rows: Iterable[dict[str, Any]], keys: tuple[str, ...]) -> Rows:
    """The same figures, added up over everything but ``keys``."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        place = tuple(row[key] for key in keys)
        new = {
            "id": len(found) + 1,
            **dict(zip(keys, place, strict=True)),
            **dict.fromkeys(_SUMS, 0),
        }
        kept = found.setdefault(place, new)
        for name in _SUMS:
            kept[name] += row[name]
    return list(found.values())


def _wanted(request: Request) -> LogFilter:
    start, end = _range(request)
    return LogFilter(username=request.query_params.get("username", ""), start=start, end=end)


def _own(request: Request, person: Account) -> LogFilter:
    start, end = _range(request)
    if end - start > _SPAN:
        raise BadInput("the range is too long", hint="at most 30 days")
    return LogFilter(user_id=person.user_id, start=start, end=end)


def _range(request: Request) -> tuple[int, int]:
    end = whole_of(request, "end_timestamp") or int(time.time())
    return whole_of(request, "start_timestamp") or end - _SPAN, end
