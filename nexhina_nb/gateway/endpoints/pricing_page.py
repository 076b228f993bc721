"""GET /api/pricing: what the served models cost (contract 7.8).

Anybody may look; who comes with a key sees the groups and ratios of its user. `pricing.page` reads
the page back to the same bill.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import APIError
from nexhina_nb.gateway.auth import address_of
from nexhina_nb.gateway.endpoints.models import endpoint_types
from nexhina_nb.gateway.providers import PROVIDERS, provider_name
from nexhina_nb.gateway.router import Routes
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.channels import ENABLED, Channel
from nexhina_nb.store.groups import DEFAULT, Group

# Endpoint type (contract 2.3) → where it is asked.
_PATHS: Mapping[str, str] = {
    "openai": "/v1/chat/completions",
    "openai-response": "/v1/responses",
    "anthropic": "/v1/messages",
    "embeddings": "/v1/embeddings",
    "image-generation": "/v1/images/generations",
    "moderations": "/v1/moderations",
    "jina-rerank": "/v1/rerank",
    "audio-speech": "/v1/audio/speech",
    "audio-transcription": "/v1/audio/transcriptions",
    "openai-video": "/v1/videos",
}


def routes(gateway: Gateway) -> list[BaseRoute]:
    """The page; with a slash and without."""

    async def pricing(request: Request) -> JSONResponse:
        """the models that are served, with their prices and the groups' ratios"""
        account = await _account(gateway, request)
        return JSONResponse(page(await gateway.routes(), await gateway.catalog(), account))

    return [Route(path, pricing, methods=["GET"]) for path in ("/api/pricing", "/api/pricing/")]


async def _account(gateway: Gateway, request: Request) -> Account | None:
    """Who looks, if that is said; a key that is not known sees what anybody sees."""
    if not (key := request.headers.get("authorization")):
        return None
    try:
        address = address_of(request.scope)
        return (await gateway.accounts.authenticate(key, address, to_look=True)).account
    except APIError:
        return None


def page(routes: Routes, catalog: Catalog, account: Account | None) -> dict[str, Any]:
    """The whole page as one account sees it, or anybody."""
    groups = {DEFAULT: Group(DEFAULT, selectable=True), **routes.groups}
    usable = {name: row for name, row in groups.items() if _may_use(row, account)}
    data = list(_rows(routes, catalog, usable))
    used = {kind for row in data for kind in row["supported_endpoint_types"]}
    own = account.user_group if account else DEFAULT
    order = sorted(usable.values(), key=lambda row: row.auto_order)
    body = {
        "success": True,
        "message": "",
        "data": data,
        "vendors": [{"id": code, "name": name} for code, name in PROVIDERS.items()],
        "group_ratio": {name: float(row.ratio_for(own)) for name, row in usable.items()},
        "usable_group": {name: row.description or name for name, row in usable.items()},
        "supported_endpoint": {
            kind: {"path": _PATHS[kind], "method": "POST"} for kind in sorted(used & _PATHS.keys())
        },
        "auto_groups": [row.name for row in order if row.auto_order],
    }
    if account is not None:
        # Which of the ratios is the key's own: New API leaves its callers to guess.
        body["group"] = account.group
    version = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return body | {"pricing_version": version}


def _may_use(group: Group, account: Account | None) -> bool:
    return group.selectable if account is None else group.is_open_to(account)


def _rows(routes: Routes, catalog: Catalog, usable: Mapping[str, Group]) -> list[dict[str, Any]]:
    served: dict[str, list[Channel]] = {}
    for channel in routes.channels:
        for model in channel.models if channel.status == ENABLED else ():
            served.setdefault(model, []).append(channel)
    found = (_row(model, served[model], catalog, usable) for model in sorted(served))
    return [row for row in found if row is not None]


def _row(
    model: str, channels: list[Channel], catalog: Catalog, usable: Mapping[str, Group]
) -> dict[str, Any] | None:
    price = catalog.price(model)
    open_to = {group for channel in channels for group in channel.groups}
    groups = [name for name in usable if "*" in open_to or name in open_to]
    engine = ENGINES.get(model) if channels[0].type == "local" else None
    if price is None or not groups or (engine is not None and not engine.is_installed):
        return None
    return to_pricing_row(model, price) | {
        "description": engine.description if engine else "",
        "icon": "",
        "tags": catalog.kind(model) or "",
        "vendor_id": channels[0].code,
        "owner_by": provider_name(channels[0].code),
        "enable_groups": groups,
        "supported_endpoint_types": endpoint_types(model, engine, catalog),
    }
