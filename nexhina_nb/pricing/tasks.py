"""What is not priced by tokens alone (contract 5.4): images, video, built-in tools."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from decimal import Decimal

from nexhina_nb.pricing.cost import Ratio, charge
from nexhina_nb.pricing.price import Price, UnknownPriceWarning

_ONE = Decimal(1)
_TALL_OR_WIDE = frozenset({"1024x1792", "1792x1024"})
_DALL_E_SIZES = {
    "256x256": Decimal("0.4"),
    "512x512": Decimal("0.45"),
    "1024x1024": _ONE,
    "1024x1792": Decimal(2),
    "1792x1024": Decimal(2),
}
SORA_SECONDS = 4  # what a video lasts when the request does not say

# USD per 1,000 calls; ``tool:prefix*`` holds for the models that begin so
TOOL_PRICES: Mapping[str, Decimal] = {
    "web_search": Decimal(10),
    "web_search_preview": Decimal(10),
    "web_search_preview:gpt-4o*": Decimal(25),
    "web_search_preview:gpt-4.1*": Decimal(25),
    "file_search": Decimal("2.5"),
    "google_search": Decimal(14),
}
# USD per call of the tool image_generation: square, tall, wide
_IMAGE_TOOL: Mapping[str, tuple[str, str, str]] = {
    "low": (".011", ".016", ".016"),
    "medium": (".042", ".063", ".063"),
    "high": (".167", ".25", ".25"),
}
_IMAGE_TOOL_SIZES = ("1024x1024", "1024x1536", "1536x1024")


def image_ratios(model: str, *, size: str = "", quality: str = "", n: int = 1) -> tuple[Ratio, ...]:
    """The other ratios of an image call: size and quality (DALL·E only) and ``n``."""
    if not model.startswith("dall-e"):
        return (n,)
    hd = Decimal("1.5") if size in _TALL_OR_WIDE else Decimal(2)
    fine = model.startswith("dall-e-3") and quality == "hd"
    return _DALL_E_SIZES.get(size, _ONE), hd if fine else _ONE, n


def video_ratios(model: str, *, seconds: Ratio | None = None, size: str = "") -> tuple[Ratio, ...]:
    """The other ratios of a video task: its seconds and, for Sora, its size."""
    large = model.startswith("sora") and size in _TALL_OR_WIDE
    return SORA_SECONDS if seconds is None else seconds, Decimal("1.666667") if large else _ONE


def speaks_by_token(model: str) -> bool:
    """Whether a model of speech counts its text in tokens; the others count characters."""
    return "gpt" in model


def task_quota(price: Price, group_ratio: Ratio = 1, *, other_ratios: Iterable[Ratio] = ()) -> int:
    """Quota of a task (video), truncated.

    For a price in ratios it is the estimate that the contract reserves, half the model ratio in
    USD; such a task is settled by the tokens that it reports at its end, with `cost.quota`.
    """
    call = price.weights.call
    # mr / 2 × 500,000 quota is 250,000 times the weight of one prompt token
    units = 250_000 * price.weights.prompt if call is None else call
    return charge(units, group_ratio, other_ratios, "trunc")


def tools_usd(
    calls: Mapping[str, int], model: str = "", overrides: Mapping[str, Decimal] | None = None
) -> Decimal:
    """USD for the calls of built-in tools (name → count); `cost.quota` takes it as ``tools_usd``.

    A tool without a price is left out with an `UnknownPriceWarning`.
    """
    prices = {**TOOL_PRICES, **(overrides or {})}
    total = Decimal(0)
    for tool, count in calls.items():
        price = _tool_price(tool, model, prices)
        if price is None:
            warnings.warn(f"no price for the tool {tool!r}", UnknownPriceWarning, stacklevel=2)
        else:
            total += price * max(count, 0) / 1000
    return total


def image_tool_usd(quality: str = "", size: str = "") -> Decimal:
    """USD for one call of the tool image_generation; what is unknown costs as the best quality."""
    row = _IMAGE_TOOL.get(quality)
    if row is None or size not in _IMAGE_TOOL_SIZES:
        return Decimal(".167")
    return Decimal(row[_IMAGE_TOOL_SIZES.index(size)])


def _tool_price(tool: str, model: str, prices: Mapping[str, Decimal]) -> Decimal | None:
    best, price = -1, prices.get(tool)
    for key, value in prices.items():
        name, colon, prefix = key.partition(":")
        stem = prefix.removesuffix("*")
        fits = model.startswith(stem) if stem != prefix else model == stem
        if colon and name == tool and fits and len(stem) > best:
            best, price = len(stem), value
    return price
