"""GET /v1/models and /v1/models/{id}: what this key may call, with prices and limits."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from nexhina_nb.engines import ENGINES
from nexhina_nb.errors import NotOffered
from nexhina_nb.gateway.record import price_facts
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.store.channels import Channel

# New API gives every model this date (contract 2.3); programs expect a number.
_CREATED = 1_626_777_600


def routes(gateway: Gateway) -> list[BaseRoute]:
    """The list, one model of it by name, and the refusal to delete one."""

    async def list_models(request: Request) -> JSONResponse:
        """the models that the key may use, with limits and prices"""
        found, catalog = await _models(gateway, request)
        data = [_describe(model, channel, catalog) for model, channel in found.items()]
        return JSONResponse({"object": "list", "data": data})

    async def retrieve_model(request: Request) -> JSONResponse:
        """one model"""
        caller = await gateway.accounts.authenticate(request.headers.get("authorization"))
        model = request.path_params["model"]
        channel = (await gateway.routes()).candidates(caller.account, model)[0]
        return JSONResponse(_describe(model, channel, await gateway.catalog()))

    async def delete_model(_: Request) -> JSONResponse:
        """501: models are not deleted here"""
        raise NotOffered("models cannot be deleted: a channel is taken away by an administrator")

    return [
        Route("/v1/models", list_models, methods=["GET"]),
        Route("/v1/models/{model:path}", retrieve_model, methods=["GET"]),
        Route("/v1/models/{model:path}", delete_model, methods=["DELETE"]),
    ]


async def _models(gateway: Gateway, request: Request) -> tuple[dict[str, Channel], Catalog]:
    caller = await gateway.accounts.authenticate(request.headers.get("authorization"))
    return (await gateway.routes()).models(caller.account), await gateway.catalog()


def _describe(model: str, channel: Channel, catalog: Catalog) -> dict[str, Any]:
    engine = ENGINES.get(model) if channel.type == "local" else None
    row: dict[str, Any] = {
        "id": model,
        "object": "model",
        "created": _CREATED,
        "owned_by": "nexhina_nb" if engine else channel.name,
        "supported_endpoint_types": list(engine.endpoint_types) if engine else ["openai"],
    }
    length = engine.context_length if engine else catalog.context_length(model)
    if length:
        row["context_length"] = length
    if engine:
        row["description"] = engine.description
    if (price := catalog.price(model)) is not None:
        row["pricing"] = price_facts(price)
    return row
