"""What the root user sets while the gateway runs: prices, groups, and the rest (contract 7.8).

Every option is a name and a text. Prices and groups have tables of their own, and are written here
as the JSON that this family of gateways knows; a map that is sent takes the place of the old one.
"""

from __future__ import annotations

import json
from typing import Any

import orjson
from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute

from nexhina_nb.errors import BadInput, PermissionDenied
from nexhina_nb.gateway.admin.door import ROOT, Door
from nexhina_nb.gateway.admin.envelope import failure, fields_of
from nexhina_nb.gateway.admin.group_options import GROUP_KEYS, group_maps, set_group_map
from nexhina_nb.gateway.admin.price_options import (
    PRICE_KEYS,
    own_prices,
    price_maps,
    set_price_map,
)
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.groups import list_groups
from nexhina_nb.store.options import list_options, set_option

# What another gateway is told of the prices → the option that has it.
_CONFIG = {
    "model_ratio": "ModelRatio",
    "completion_ratio": "CompletionRatio",
    "cache_ratio": "CacheRatio",
    "create_cache_ratio": "CreateCacheRatio",
    "model_price": "ModelPrice",
}


def routes(door: Door) -> list[BaseRoute]:
    """The options for the root user, and the ratios for anybody."""
    desk = Options(door)
    return [
        door.route("/api/option", desk.list, "GET", ROOT),
        door.route("/api/option", desk.change, "PUT", ROOT),
        door.public("/api/ratio_config", desk.ratio_config, "GET", guard=""),
    ]


class Options:
    """The answers of these routes."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._gateway = door.gateway

    async def list(self, _request: Request, _: Account) -> list[dict[str, str]]:
        """every option as `key` and `value`, maps as JSON"""
        found = await self._gateway.read(_all_options)
        return [{"key": key, "value": value} for key, value in sorted(found.items())]

    async def change(self, request: Request, person: Account) -> None:
        """set one option; a map takes the place of the old one"""
        fields = await fields_of(request)
        key, value = fields.text("key", least=1, most=64), _text_of(fields.values.get("value"))
        if key is None:
            raise BadInput("say which option: 'key' and 'value'")
        await self._door.act(request, person, "set option", {"key": key}, _set_option, key, value)

    async def ratio_config(self, _: Request) -> JSONResponse | dict[str, Any]:
        """the ratios and prices of all known models; 403 unless ExposeRatioEnabled"""
        if (await self._gateway.options())["ExposeRatioEnabled"] != "true":
            refused = failure(PermissionDenied("this gateway does not show its ratios"))
            refused.status_code = 403
            return refused
        catalog = await self._gateway.catalog()
        prices = {model: catalog.price(model) for model in catalog.models()}
        maps = price_maps({model: price for model, price in prices.items() if price is not None})
        return {name: maps[key] for name, key in _CONFIG.items()}


def _all_options(connection: Connection) -> dict[str, str]:
    maps = price_maps(own_prices(connection)) | group_maps(list_groups(connection))
    texts = {key: json.dumps(value, ensure_ascii=False) for key, value in maps.items()}
    return list_options(connection) | texts


def _set_option(connection: Connection, key: str, value: str) -> None:
    if key in PRICE_KEYS:
        set_price_map(connection, key, _parsed(key, value))
    elif key in GROUP_KEYS:
        set_group_map(connection, key, _parsed(key, value))
    else:
        set_option(connection, key, value)


def _text_of(value: object) -> str:
    """Switches and numbers may come as such, and maps unquoted."""
    if value is None:
        raise BadInput("say what the option becomes: 'value'")
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _parsed(key: str, text: str) -> object:
    try:
        return orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        raise BadInput(f"{key} is JSON, and this is none") from None
