"""A gateway's own price page, ``GET /api/pricing`` (contract 7.8), to prices and back.

What a gateway says about its prices goes before any table: it is what it will bill.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing import tiers
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.price import Price, as_decimal

_RATIOS = (
    "model_ratio", "completion_ratio", "cache_ratio", "create_cache_ratio", "image_ratio",
    "audio_ratio", "audio_completion_ratio",
)  # fmt: skip
# Gemini's own price for audio; the page has no key for it, so this borrows that of the log record
# (8.3)
_AUDIO_IN = "audio_input_price"
_SOURCE = "the gateway's price page"
_AUTO = "auto"  # not a group but a wish: the first of the automatic order that serves the model


def over(base: Catalog, body: object, source: str) -> Catalog:
    """A catalogue with what a gateway says of its prices laid over it: the ratios of the models,
    and what the group of the key that asked multiplies them with.

    A model that is on the page with a price that cannot be read here has none: what the table says
    is not what the gateway bills.
    """
    prices: dict[str, Price | None] = {}
    ratios: dict[str, Decimal] = {}
    for name, row in _rows(body):
        ratios[name], words = _ratio_of_key(body, row)
        prices[name] = _price(row, source + words, _unit_of_token(base.price(name)))
    return replace(base.with_overrides(prices), ratios={**base.ratios, **ratios})


def from_pricing_page(body: object) -> dict[str, Price]:
    """Prices by model name; what cannot be read or is beyond `tiers` is left out: unknown."""
    found = ((name, _price(row, _SOURCE)) for name, row in _rows(body))
    return {name: price for name, price in found if price is not None}


def group_ratios(body: object) -> dict[str, Decimal]:
    """The ratios of the groups that the caller may use; what is no number is left out."""
    ratios = body.get("group_ratio") if isinstance(body, Mapping) else None
    found: dict[str, Decimal] = {}
    for group, ratio in ratios.items() if isinstance(ratios, Mapping) else ():
        with suppress(BadInput):
            found[str(group)] = as_decimal(ratio)
    return {group: ratio for group, ratio in found.items() if ratio >= 0}


def to_pricing_row(model: str, price: Price) -> dict[str, Any]:
    """The page's row of one price; `from_pricing_page` reads it back to the same bill."""
    row: dict[str, Any] = {
        "model_name": model,
        "quota_type": int(price.per_call is not None),
        "unit": price.unit,
    }
    if price.per_call is not None:
        return {
            **row,
            "model_price": float(price.per_call),
            "model_ratio": 0,
            "completion_ratio": 0,
        }
    row |= {"model_price": 0, **{name: float(getattr(price, name)) for name in _RATIOS}}
    if price.audio_in_usd is not None:
        row[_AUDIO_IN] = float(price.audio_in_usd)
    if price.above:
        row |= {"billing_mode": "tiered_expr", "billing_expr": tiers.write(price)}
    return row


def _rows(body: object) -> Iterator[tuple[str, Mapping[str, Any]]]:
    rows = body.get("data") if isinstance(body, Mapping) else None
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and isinstance(name := row.get("model_name"), str):
            yield name, row


def _ratio_of_key(body: object, row: Mapping[str, Any]) -> tuple[Decimal, str]:
    """What the key's group multiplies a price with, and what the source says of that.

    Nexhina's page names the group. Where a page does not, the ratio is known only if all groups
    that have the model agree on it.
    """
    assert isinstance(body, Mapping)
    ratios, group = group_ratios(body), body.get("group")
    served = _texts(row.get("enable_groups"))
    if group == _AUTO:
        group = next((name for name in _texts(body.get("auto_groups")) if name in served), None)
    if isinstance(group, str):
        ratio = ratios.get(group, Decimal(1))  # contract 5.1: a group without a ratio has 1
        return ratio, "" if ratio == 1 else f", times {ratio:f} in the group {group}"
    offered = {ratios[name] for name in served if name in ratios} or set(ratios.values())
    if len(offered) > 1:
        return Decimal(1), ", without the ratio of the key's group, which is not told"
    (ratio,) = offered or {Decimal(1)}
    return ratio, "" if ratio == 1 else f", times {ratio:f}"


def _texts(value: object) -> list[str]:
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _unit_of_token(known: Price | None) -> str:
    """What a token stands for on pages that do not say: as in the table, a second of whisper-1."""
    return "token" if known is None or known.per_call is not None else known.unit


def _price(row: Mapping[str, Any], source: str, of_token: str = "token") -> Price | None:
    try:
        if row.get("billing_mode") == "tiered_expr":
            return tiers.parse(str(row.get("billing_expr")), source=source)
        unit = row.get("unit")
        if row.get("quota_type") == 1:
            unit = unit if isinstance(unit, str) else "call"
            return Price.per_call_usd(as_decimal(row["model_price"]), unit=unit, source=source)
        given = (name for name in _RATIOS if name == "model_ratio" or row.get(name) is not None)
        ratios: dict[str, Any] = {name: as_decimal(row[name]) for name in given}
        apart = row.get(_AUDIO_IN)
        return Price(
            **ratios,
            audio_in_usd=None if apart is None else as_decimal(apart),
            unit=unit if isinstance(unit, str) else of_token,
            source=source,
        )
    except (BadInput, KeyError):
        return None
