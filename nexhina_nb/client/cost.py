"""What a call cost: as the gateway billed it, else by the bundled prices, else unknown."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import Tokens, format_usd, quota as quota_of, usd
from nexhina_nb.pricing.price import Price
from nexhina_nb.wire.base import Reply


@dataclass(frozen=True, slots=True)
class Cost:
    """The price of a call. ``source``: ``gateway`` (billed), ``catalogue`` (by list price), None
    (unknown).
    """

    quota: int | None = None
    usd: Decimal | None = None
    source: Literal["gateway", "catalogue"] | None = None

    def __str__(self) -> str:
        if self.quota is None or self.usd is None:
            return "unknown"
        about = "" if self.source == "gateway" else "about "
        return f"{about}{format_usd(self.usd)} ({self.quota} quota)"

    def as_json(self) -> dict[str, Any]:
        """The cost for output metadata; USD as a text, since money is never a float."""
        dollars = None if self.usd is None else f"{self.usd.normalize():f}"
        return {"quota": self.quota, "usd": dollars, "source": self.source}


def cost_of(billed: str | None, model: Any, usage: Any, catalog: Catalog | None = None) -> Cost:
    """The cost of one call from what the gateway says it billed (header or stream comment), else
    from the prices of a catalogue, by default list prices.
    """
    quota = _integer(billed)
    if quota is not None:
        return Cost(quota, usd(quota), "gateway")
    # A server may send anything under these names: replies are read leniently.
    if not isinstance(usage, Reply) or not isinstance(model, str):
        return Cost()
    catalog = Catalog.bundled() if catalog is None else catalog
    price = catalog.price(model)
    used = None if price is None else _used(price, usage)
    if price is None or used is None:
        return Cost()
    quota = quota_of(price, used, catalog.ratio(model))
    return Cost(quota, usd(quota), "catalogue")


def _used(price: Price, usage: Reply) -> Tokens | None:
    """What a usage says that a price counts; None if it does not say."""
    if price.is_free:
        return Tokens()
    if price.per_call is not None:  # else it is so many pictures or seconds
        return Tokens(prompt=1) if price.unit == "call" else None
    tokens = Tokens.from_usage(usage.dump())
    return tokens if tokens.total else None  # a call without any token is one that nobody counted


def total(costs: Iterable[Cost]) -> Cost:
    """The cost of several calls; unknown if one of them is, and only as sure as the least sure."""
    quota, source = 0, "gateway"
    for cost in costs:
        if cost.quota is None:
            return Cost()
        quota += cost.quota
        source = "catalogue" if cost.source == "catalogue" else source
    return Cost(quota, usd(quota), "gateway" if source == "gateway" else "catalogue")


def known(costs: Iterable[Cost]) -> Cost:
    """The cost of several calls as far as it is known: those that are not count nothing."""
    return total([cost for cost in costs if cost.quota is not None] or [Cost()])


def _integer(value: str | None) -> int | None:
    text = (value or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
