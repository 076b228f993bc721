"""Prices as an administrator of this family of gateways writes them: a map of every model for each
ratio (contract 5.1).

A map tells the prices that this store sets itself. What it does not name costs what the packaged
table says, and a change is a new dated row: the past keeps its prices.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.page import from_pricing_page, to_pricing_row
from nexhina_nb.pricing.price import Price, as_decimal
from nexhina_nb.store.prices import current_prices, forget_price, set_price

# Option → field of `Price`.
PRICE_KEYS: Mapping[str, str] = {
    "ModelRatio": "model_ratio",
    "ModelPrice": "per_call",
    "CompletionRatio": "completion_ratio",
    "CacheRatio": "cache_ratio",
    "CreateCacheRatio": "create_cache_ratio",
    "ImageRatio": "image_ratio",
    "AudioRatio": "audio_ratio",
    "AudioCompletionRatio": "audio_completion_ratio",
}
_MAKES_A_PRICE = ("model_ratio", "per_call")
_LONGEST_NAME = 255


def own_prices(connection: Connection) -> dict[str, Price]:
    """What this store sets itself, by model."""
    rows = [json.loads(text) for text in current_prices(connection).values()]
    return from_pricing_page({"data": rows})


def price_maps(prices: Mapping[str, Price]) -> dict[str, dict[str, float]]:
    """Option → model → number. A price per call stands in one of them, a price per token in all
    others.
    """
    return {
        key: {
            model: float(getattr(price, field))
            for model, price in sorted(prices.items())
            if _has(price, field)
        }
        for key, field in PRICE_KEYS.items()
    }


def set_price_map(connection: Connection, key: str, value: object) -> None:
    """Make the map of an option the one that is given. Raises BadInput."""
    field, own = PRICE_KEYS[key], own_prices(connection)
    wanted = numbers_of(key, value)
    for model, number in wanted.items():
        before = own.get(model)
        if before is None or not _has(before, field) or _differs(before, field, number):
            _keep(connection, model, _changed(model, before, field, number))
    for model in (name for name in own if name not in wanted and _has(own[name], field)):
        if field in _MAKES_A_PRICE:
            forget_price(connection, model)
        elif _differs(own[model], field, usual := _usual(model, field)):
            _keep(connection, model, _changed(model, own[model], field, usual))


def numbers_of(key: str, value: object) -> dict[str, Decimal]:
    """The map of a name for each number that a value must be. Raises BadInput."""
    if not isinstance(value, Mapping):
        raise BadInput(f"{key} is a JSON object", hint='for example {"gpt-4o": 1.25}')
    for name, number in value.items():
        if not 0 < len(name) <= _LONGEST_NAME or "\0" in name:
            raise BadInput(f"{key}: {name[:_LONGEST_NAME]!r} cannot be a name")
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise BadInput(f"{key}: the value of {name!r} must be a number")
    return {name: as_decimal(number) for name, number in value.items()}


def _changed(model: str, before: Price | None, field: str, number: Decimal) -> Price:
    if field == "per_call":
        return Price.per_call_usd(number)
    base = before or Catalog.bundled().price(model)
    if base is None or base.per_call is not None:
        if field != "model_ratio":
            raise BadInput(
                f"{model!r} has no price per token", hint="set its ModelRatio before its others"
            )
        base = Price()
    # One number for every length of a call.
    changes: dict[str, Any] = {field: number, "above": ()}
    return replace(base, **changes)


def _usual(model: str, field: str) -> Decimal:
    table = Catalog.bundled().price(model)
    usual: Decimal = getattr(table if table and table.per_call is None else Price(), field)
    return usual


def _has(price: Price, field: str) -> bool:
    return (price.per_call is not None) == (field == "per_call")


def _differs(price: Price, field: str, number: Decimal) -> bool:
    # As they travel: a ratio may have more digits than what a reader of the map sends back.
    return float(getattr(price, field)) != float(number)


def _keep(connection: Connection, model: str, price: Price) -> None:
    set_price(connection, model, json.dumps(to_pricing_row(model, price)))
