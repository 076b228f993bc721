"""Prices written as an expression, ``p * 2.5 + c * 10`` in $ per 1M tokens (contract 5.4, mode
tiered_expr).

This reads sums of one number times one kind of token, and cliffs by input length,
``len <= 200000 ? tier("base", p * 1.25 + c * 10) : tier("long", p * 2.5 + c * 15)``, which is how
providers price. It is not the general language that New API evaluates (parameters, headers, time of
day): what is anything else is None, an unknown price, rather than a guess. Nothing is ever
evaluated as code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.pricing.price import EXACT, Price

# the kinds of token: prompt, completion, cache read, cache write, image in, audio in
_KINDS = {
    "p": "input",
    "c": "output",
    "cr": "cached",
    "cc": "cache_write",
    "img": "image",
    "ai": "audio_apart",
}
_NUMBER = r"\d{1,9}(?:\.\d{1,12})?"
_TERM = re.compile(rf"(?:([a-z]+)\s*\*\s*({_NUMBER})|({_NUMBER})\s*\*\s*([a-z]+))")
_TIER = re.compile(r'tier\(\s*"[^"]*"\s*,(.*)\)', re.DOTALL)
_CLIFF = re.compile(r"len\s*<=\s*(\d{1,9})\s*\?([^?:]*):(.*)", re.DOTALL)
_DEEPEST = 8


def parse(expression: str, *, source: str = "") -> Price | None:
    """The price that an expression of the kinds above describes, or None."""
    steps: list[tuple[int, Price]] = []
    rest, start = expression.strip(), 0
    for _ in range(_DEEPEST):
        cliff = _CLIFF.fullmatch(rest)
        price = _linear(cliff.group(2) if cliff else rest, source)
        if price is None:
            return None
        steps.append((start, price))
        if cliff is None:
            return _stack(steps)
        start, rest = int(cliff.group(1)), cliff.group(3).strip()
    return None


def write(price: Price) -> str:
    """The expression of a price per token; `parse` reads it back."""
    text = _tier("base", price)
    if not price.above:
        return text
    text = _tier(f"above {price.above[-1][0]}", price.above[-1][1])
    lower = [(0, price), *price.above[:-1]]
    for (start, step), (limit, _) in reversed(list(zip(lower, price.above, strict=True))):
        name = f"above {start}" if start else "base"
        text = f"len <= {limit} ? {_tier(name, step)} : {text}"
    return text


def _stack(steps: list[tuple[int, Price]]) -> Price | None:
    starts = [start for start, _ in steps]
    if starts != sorted(set(starts)):
        return None
    base, above = steps[0][1], tuple(steps[1:])
    return replace(base, above=above)


def _linear(text: str, source: str) -> Price | None:
    if tier := _TIER.fullmatch(text.strip()):
        text = tier.group(1)
    usd: dict[str, Any] = {}
    for part in text.split("+"):
        term = _TERM.fullmatch(part.strip())
        if term is None:
            return None
        kind = _KINDS.get(term.group(1) or term.group(4))
        if kind is None or kind in usd:
            return None
        usd[kind] = Decimal(term.group(2) or term.group(3))
    return _price(usd, source)


def _price(usd: dict[str, Any], source: str) -> Price | None:
    if "input" not in usd:
        return None
    # a kind that the expression does not name stays inside p and costs what p costs
    usd.setdefault("cache_write", usd["input"])
    usd.setdefault("audio_apart", usd["input"])
    try:
        return Price.per_million(**usd, source=source)
    except BadInput:
        return None


def _tier(name: str, price: Price) -> str:
    return f'tier("{name}", {" + ".join(_terms(price))})'


def _terms(price: Price) -> Iterable[str]:
    w = price.weights
    audio = w.audio_in if w.audio_in_apart is None else w.audio_in_apart
    weights = (w.prompt, w.completion, w.cached, w.cache_write, w.image_in, audio)
    for kind, weight in zip(_KINDS, weights, strict=True):
        usd = Decimal(2 * weight).scaleb(-12, EXACT).normalize(EXACT)
        yield f"{kind} * {usd:f}"
