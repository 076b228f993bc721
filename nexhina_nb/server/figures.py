"""What the gateway says of itself, as plain JSON for the front end: spending, models, calls.

A client is made for each question: it follows a gateway that has restarted on another port, and
leaves no connection behind.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar

from nexhina_nb.client.account import SECONDS, KeyUsage, kinds_of, price_of
from nexhina_nb.client.aio import AsyncClient
from nexhina_nb.client.explain import context_length
from nexhina_nb.client.spending import Spending
from nexhina_nb.errors import MethodNotAllowed, NotFound, NotOffered
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import usd
from nexhina_nb.pricing.price import Price
from nexhina_nb.settings import Settings
from nexhina_nb.wire import Model
from nexhina_nb.wire.codes import LogType

T = TypeVar("T")
PATIENCE = 5.0  # seconds: somebody is looking at a status bar
CALLS = LogType.CONSUME, LogType.ERROR


async def spending(settings: Settings) -> dict[str, Any]:
    """The key's balance and what it spent since midnight, on the clock of this machine; None where
    the gateway does not tell.
    """
    midnight = datetime.now().replace(hour=0, minute=0, second=0, microsecond=0)
    async with _connected(settings) as gateway:
        usage = await _if_offered(gateway.usage())
        today = await _if_offered(gateway.spending(midnight))
    return {"key": usage and _key(usage), "today": today and _today(today)}


async def models(settings: Settings) -> list[dict[str, Any]]:
    """The models that the key may use, with prices in USD per 1M tokens."""
    async with _connected(settings) as gateway:
        reply = await gateway.models()
    # The price table is large, and read when it is first needed.
    catalog = await asyncio.to_thread(Catalog.bundled)
    return [_model(model, catalog) for model in reply]


async def calls(settings: Settings, limit: int) -> list[dict[str, Any]]:
    """The newest calls of the key, newest first."""
    async with _connected(settings) as gateway:
        rows = await gateway.logs(limit=limit)
    return [_call(row) for row in rows if row.get("type") in CALLS]


@asynccontextmanager
async def _connected(settings: Settings) -> AsyncIterator[AsyncClient]:
    # Not in the event loop: the first one loads the HTTP library, and a keyring may take its time.
    async with await asyncio.to_thread(_connect, settings) as gateway:
        yield gateway


def _connect(settings: Settings) -> AsyncClient:
    return AsyncClient(settings=settings, timeout=PATIENCE, max_retries=0)


async def _if_offered(answer: Awaitable[T]) -> T | None:
    try:
        return await answer
    except (NotFound, MethodNotAllowed, NotOffered):
        return None


def _key(usage: KeyUsage) -> dict[str, Any]:
    available = usage.available_usd
    return {
        "name": usage.name,
        "used": usage.used,
        "available": None if usage.unlimited else usage.available,
        "used_usd": _plain(usage.used_usd),
        "available_usd": None if available is None else _plain(available),
    }


def _today(spent: Spending) -> dict[str, Any]:
    figures = {"calls": spent.calls, "errors": spent.errors, "quota": spent.quota}
    return figures | {"usd": _plain(spent.usd)}


def _model(model: Model, catalog: Catalog) -> dict[str, Any]:
    return {
        "id": model.id,
        "kinds": kinds_of(model),
        "context": context_length(model, model.id),
        "owner": str(model.owned_by),
        **_price(price_of(model, catalog)),
    }


def _price(price: Price | None) -> dict[str, str | None]:
    shown: dict[str, str | None] = dict.fromkeys(("input", "output", "per_call", "unit"))
    if price is None:
        return shown
    if price.per_call is not None:
        return shown | {"per_call": _plain(price.per_call), "unit": price.unit}
    per_million = price.usd_per_million()
    if price.unit == "second":
        return shown | {"per_call": _plain(per_million["input"] / SECONDS), "unit": price.unit}
    if price.unit != "token":
        return shown | {"per_call": _plain(per_million["input"]), "unit": f"1M {price.unit}s"}
    return shown | {name: _plain(per_million[name]) for name in ("input", "output")}


def _call(row: Mapping[str, Any]) -> dict[str, Any]:
    other = _other(row)
    tags = other["tags"] if isinstance(other.get("tags"), dict) else {}
    quota = _integer(row, "quota")
    return {
        "request_id": str(row.get("request_id", "")),
        "time": _integer(row, "created_at"),
        "model": str(row.get("model_name", "")),
        "ok": row.get("type") == LogType.CONSUME,
        "input_tokens": _integer(row, "prompt_tokens"),
        "output_tokens": _integer(row, "completion_tokens"),
        "quota": quota,
        "usd": _plain(usd(quota)),
        "seconds": _seconds(row, other),
        "stream": bool(row.get("is_stream")),
        "notebook": _text(tags.get("notebook")),
        "cell": _text(tags.get("cell")),
        "note": _text(row.get("content")),
    }


def _other(row: Mapping[str, Any]) -> dict[str, Any]:
    other = row.get("other")
    try:
        read = json.loads(other) if isinstance(other, str) else other
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def _seconds(row: Mapping[str, Any], other: Mapping[str, Any]) -> float:
    # Other gateways have whole seconds only.
    exact = _integer(other, "duration_ms")
    return exact / 1000 if exact else float(_integer(row, "use_time"))


def _integer(row: Mapping[str, Any], name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else 0


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _plain(amount: Decimal) -> str:
    """``0.0012``: a text, since money is no float, and without an exponent."""
    return f"{amount.normalize():f}"
