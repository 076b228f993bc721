"""A gateway's own price page, ``GET /api/pricing`` (contract 7.8), to prices and back.

What a gateway says about its prices goes before any table: it is what it will bill.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing import tiers
from nexhina_nb.pricing.price import Price, as_decimal

_RATIOS = (
    "model_ratio", "completion_ratio", "cache_ratio", "create_cache_ratio", "image_ratio",
    "audio_ratio", "audio_completion_ratio",
)  # fmt: skip
# Gemini's own price for audio; the page has no key for it, so this borrows that of the log record
# (8.3)
_AUDIO_IN = "audio_input_price"
_SOURCE = "the gateway's price page"


def from_pricing_page(body: object) -> dict[str, Price]:
    """Prices by model name; what cannot be read or is beyond `tiers` is left out: unknown."""
    rows = body.get("data") if isinstance(body, Mapping) else None
    found: dict[str, Price] = {}
    for row in rows if isinstance(rows, list) else ():
        if isinstance(row, Mapping) and isinstance(name := row.get("model_name"), str):
            price = _price(row)
            if price is not None:
                found[name] = price
    return found


def group_ratios(body: object) -> dict[str, Decimal]:
    """The ratios of the groups that the caller may use."""
    ratios = body.get("group_ratio") if isinstance(body, Mapping) else None
    if not isinstance(ratios, Mapping):
        return {}
    return {str(group): as_decimal(ratio) for group, ratio in ratios.items()}


def to_pricing_row(model: str, price: Price) -> dict[str, Any]:
    """The page's row of one price; `from_pricing_page` reads it back to the same bill."""
    row: dict[str, Any] = {"model_name": model, "quota_type": int(price.per_call is not None)}
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


def _price(row: Mapping[str, Any]) -> Price | None:
    try:
        if row.get("billing_mode") == "tiered_expr":
            return tiers.parse(str(row.get("billing_expr")), source=_SOURCE)
        if row.get("quota_type") == 1:
            return Price.per_call_usd(as_decimal(row["model_price"]), source=_SOURCE)
        given = (name for name in _RATIOS if name == "model_ratio" or row.get(name) is not None)
        ratios: dict[str, Any] = {name: as_decimal(row[name]) for name in given}
        apart = row.get(_AUDIO_IN)
        return Price(
            **ratios,
            audio_in_usd=None if apart is None else as_decimal(apart),
            source=_SOURCE,
        )
    except (BadInput, KeyError):
        return None
