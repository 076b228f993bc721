"""Channels as administrators see them (contract 7.4): lists, records, models. Their keys are
written, and never read back.
"""

from __future__ import annotations

import operator
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

from sqlalchemy import Connection
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.routing import BaseRoute

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import BadInput, NexhinaError
from nexhina_nb.gateway.admin.channel_forms import shown
from nexhina_nb.gateway.admin.door import ADMIN, Door
from nexhina_nb.gateway.admin.envelope import id_of, page_of, whole_of
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.gateway.upstreams.registry import read_keys
from nexhina_nb.settings import Settings
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.channels import (
    ENABLED,
    Channel,
    check_channel,
    find_channel,
    list_channels,
)

PATH = "/api/channel"
_SORTABLE = ("id", "name", "priority", "balance", "response_time", "test_time")


def routes(door: Door) -> list[BaseRoute]:
    """What only looks; mounted after all other routes of channels, whose names are no ids."""
    desk = _Channels(door.gateway)
    return [
        door.route(PATH, desk.list, "GET", ADMIN),
        door.route(f"{PATH}/search", desk.search, "GET", ADMIN, guard="search"),
        door.route(f"{PATH}/models", desk.models, "GET", ADMIN),
        door.route(f"{PATH}/models_enabled", desk.models_enabled, "GET", ADMIN),
        door.route(f"{PATH}/fix", desk.fix, "POST", ADMIN),
        door.route(f"{PATH}/{{id}}/key", desk.reveal, "POST", ADMIN),
        door.route(f"{PATH}/{{id}}", desk.show, "GET", ADMIN),
    ]


def record(gateway: Gateway, channel: Channel) -> dict[str, Any]:
    """A channel on the wire, with how its keys fare (``health``, ours)."""
    health = [
        {name: value for name, value in row.items() if name != "channel"}
        for row in gateway.health.snapshot()
        if row["channel"] == channel.id
    ]
    return shown(channel, gateway.upstreams.count_keys(channel)) | {"health": health}


class _Channels:
    """The answers of these routes."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def list(self, request: Request, _: Account) -> dict[str, Any]:
        """channels without their keys; `status`, `type`, `group`, `sort_by`, `sort_order`, \
`id_sort`, `tag_mode`"""
        return self._page(request, await self._gateway.read(list_channels))

    async def search(self, request: Request, _: Account) -> dict[str, Any]:
        """channels by `keyword` (name, id, base URL), `model`, and what a list takes"""
        keyword = request.query_params.get("keyword", "").strip().lower()
        model = request.query_params.get("model", "").strip().lower()
        rows = await self._gateway.read(list_channels)
        return self._page(
            request,
            [row for row in rows if _is_named(row, keyword) and _has_model(row, model)],
        )

    async def show(self, request: Request, _: Account) -> dict[str, Any]:
        """one channel, without its keys"""
        return record(self._gateway, await self._gateway.read(find_channel, id_of(request)))

    async def reveal(self, _request: Request, _person: Account) -> NoReturn:
        """refused: keys of channels are written, and never read back"""
        raise BadInput("the keys of channels are never shown", hint="write another one")

    async def models(self, _request: Request, _: Account) -> Sequence[dict[str, Any]]:
        """every model that is known here: engines, and what has a price"""
        catalog = await self._gateway.catalog()
        owners = dict.fromkeys(catalog.models(), "upstream") | dict.fromkeys(ENGINES, "nexhina_nb")
        return [
            {"id": name, "object": "model", "owned_by": owner}
            for name, owner in sorted(owners.items())
        ]

    async def models_enabled(self, _request: Request, _: Account) -> Sequence[str]:
        """the models of the channels that are on"""
        rows = await self._gateway.read(list_channels)
        return sorted({model for row in rows if row.status == ENABLED for model in row.models})

    async def fix(self, _request: Request, _: Account) -> dict[str, int]:
        """check every channel; which of them serves what is worked out anew at every change"""
        settings = self._gateway.settings

        def count(connection: Connection) -> Counter[bool]:
            return Counter(_works(row, settings) for row in list_channels(connection))

        found = await self._gateway.read(count)
        return {"success": found[True], "fails": found[False]}

    def _page(self, request: Request, rows: Iterable[Channel]) -> dict[str, Any]:
        """The part of the channels that a request asks for, and how many there are of each type."""
        query, page = request.query_params, page_of(request)
        kept = [row for row in rows if _is_wanted(row, query)]
        counts = Counter(str(row.code) for row in kept)
        code = whole_of(request, "type")
        kept = _sorted([row for row in kept if code in (None, row.code)], query)
        if _is_on(query, "tag_mode"):
            tags = list(dict.fromkeys(row.tag for row in kept if row.tag))
            chosen = tags[page.offset : page.offset + page.size]
            part, total = [row for tag in chosen for row in kept if row.tag == tag], len(tags)
        else:
            part, total = kept[page.offset : page.offset + page.size], len(kept)
        items = [record(self._gateway, row) for row in part]
        return page.of(items, total) | {"type_counts": dict(counts)}


def _is_named(channel: Channel, keyword: str) -> bool:
    texts = (channel.name.lower(), channel.base_url.lower())
    return keyword == str(channel.id) or any(keyword in text for text in texts)


def _has_model(channel: Channel, model: str) -> bool:
    return any(model in name.lower() for name in channel.models)


def _is_wanted(channel: Channel, query: QueryParams) -> bool:
    group = query.get("group", "")
    if group and group not in channel.groups:
        return False
    match query.get("status", ""):
        case "enabled" | "1":
            return channel.status == ENABLED
        case "disabled" | "0":
            return channel.status != ENABLED
    return True


def _sorted(rows: Sequence[Channel], query: QueryParams) -> list[Channel]:
    """Contract 7.4: by priority unless asked otherwise; of equals the newest comes first."""
    name = "id" if _is_on(query, "id_sort") else query.get("sort_by", "")
    if name not in _SORTABLE:
        name = "priority"
    newest = sorted(rows, key=lambda row: row.id, reverse=True)
    is_falling = query.get("sort_order", "desc") != "asc"
    return sorted(newest, key=operator.attrgetter(name), reverse=is_falling)


def _is_on(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in ("true", "1")


def _works(channel: Channel, settings: Settings) -> bool:
    try:
        check_channel(channel)
        read_keys(channel, settings)
    except NexhinaError:
        return False
    return True
