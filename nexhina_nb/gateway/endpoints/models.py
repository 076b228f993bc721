"""GET /v1/models and /v1/models/{id}: what this key may call, with prices and limits.

Who names a version of Anthropic's API gets Anthropic's form, which has neither.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import BaseRoute, Route

from nexhina_nb.engines import ENGINES
from nexhina_nb.engines.base import EngineInfo
from nexhina_nb.errors import ModelNotFound, NotOffered
from nexhina_nb.gateway.auth import Caller, address_of, carried
from nexhina_nb.gateway.record import price_facts
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.store.channels import Channel

# New API gives every model this date (contract 2.3); programs expect a number.
_CREATED = 1_626_777_600

# Whoever answers chats is also asked in the two dialects that chat carries.
_CHAT = ("openai", "openai-response", "anthropic")
# Kind of a model in the catalog → its endpoint types: names of contract 2.3 where it has one.
_TYPES: Mapping[str | None, tuple[str, ...]] = {
    "embedding": ("embeddings",),
    "image": ("image-generation",),
    "moderation": ("moderations",),
    "rerank": ("jina-rerank",),
    "speech": ("audio-speech",),
    "transcription": ("audio-transcription",),
    "video": ("openai-video",),
}


def routes(gateway: Gateway) -> list[BaseRoute]:
    """The list, one model of it by name, and the refusal to delete one."""

    async def list_models(request: Request) -> JSONResponse:
        """the models that the key may use, with limits and prices"""
        caller = await _caller(gateway, request)
        found, catalog = await _models(gateway, caller), await gateway.catalog()
        describe = _describer(request)
        data = [describe(model, channel, catalog) for model, channel in found.items()]
        return JSONResponse(_page(request, data))

    async def retrieve_model(request: Request) -> JSONResponse:
        """one model"""
        caller = await _caller(gateway, request)
        model = request.path_params["model"]
        channel = (await gateway.routes()).legs(caller.account, model)[0].channel
        if not _can_run(model, channel):
            raise ModelNotFound(
                f"the model '{model}' is not installed here: "
                'pip install "nexhina_nb[local]" brings it',
                param="model",
            )
        return JSONResponse(_describer(request)(model, channel, await gateway.catalog()))

    async def delete_model(_: Request) -> JSONResponse:
        """501: models are not deleted here"""
        raise NotOffered("models cannot be deleted: a channel is taken away by an administrator")

    return [
        Route("/v1/models", list_models, methods=["GET"]),
        Route("/v1/models/{model:path}", retrieve_model, methods=["GET"]),
        Route("/v1/models/{model:path}", delete_model, methods=["DELETE"], include_in_schema=False),
    ]


async def _caller(gateway: Gateway, request: Request) -> Caller:
    if _is_anthropic(request):
        request.state.dialect = "anthropic"
    # The list is asked for with either carrier, whatever the form.
    key = carried(request.headers, "anthropic")
    return await gateway.accounts.authenticate(key, address_of(request.scope))


async def _models(gateway: Gateway, caller: Caller) -> dict[str, Channel]:
    found = (await gateway.routes()).models(caller.account)
    return {model: channel for model, channel in found.items() if _can_run(model, channel)}


def _is_anthropic(request: Request) -> bool:
    return "anthropic-version" in request.headers


def _can_run(model: str, channel: Channel) -> bool:
    engine = _engine(model, channel)
    return engine is None or engine.is_installed


def _engine(model: str, channel: Channel) -> EngineInfo | None:
    return ENGINES.get(model) if channel.type == "local" else None


def _page(request: Request, data: list[dict[str, Any]]) -> dict[str, Any]:
    if not _is_anthropic(request):
        return {"object": "list", "data": data}
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return {"data": data, "has_more": False, "first_id": first, "last_id": last}


def _describer(request: Request) -> Callable[[str, Channel, Catalog], dict[str, Any]]:
    return _describe_for_anthropic if _is_anthropic(request) else _describe


def _describe(model: str, channel: Channel, catalog: Catalog) -> dict[str, Any]:
    engine = _engine(model, channel)
    row: dict[str, Any] = {
        "id": model,
        "object": "model",
        "created": _CREATED,
        "owned_by": "nexhina_nb" if engine else channel.name,
        "supported_endpoint_types": endpoint_types(model, engine, catalog),
    }
    if length := _length(model, engine, catalog):
        row["context_length"] = length
    if engine:
        row["description"] = engine.description
    if engine and engine.dimensions:
        row["dimensions"] = engine.dimensions
    if (price := catalog.price(model)) is not None:
        row["pricing"] = price_facts(price) | {"unit": price.unit}
    return row


def endpoint_types(model: str, engine: EngineInfo | None, catalog: Catalog) -> list[str]:
    """How a model is asked, in the words of contract 2.3; ``engine`` is the one behind it here."""
    types = engine.endpoint_types if engine else _TYPES.get(catalog.kind(model), _CHAT)
    return list(dict.fromkeys([*types, *(_CHAT if "openai" in types else ())]))


def _length(model: str, engine: EngineInfo | None, catalog: Catalog) -> int | None:
    return engine.context_length if engine else catalog.context_length(model)


def _describe_for_anthropic(model: str, channel: Channel, catalog: Catalog) -> dict[str, Any]:
    engine = _engine(model, channel)
    limits = {
        "max_input_tokens": _length(model, engine, catalog),
        "max_tokens": engine.max_output if engine else catalog.max_output(model),
    }
    created = datetime.fromtimestamp(_CREATED, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    row = {"id": model, "type": "model", "display_name": model, "created_at": created}
    return row | {"lifecycle": "active"} | {name: n for name, n in limits.items() if n}
