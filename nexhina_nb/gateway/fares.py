"""What a call may cost on each of its legs, and what it did cost on the one that answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.kinds import Kind
from nexhina_nb.gateway.router import Leg
from nexhina_nb.pricing.cost import Ratio, pre_quota
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.usage import Tokens


@dataclass(frozen=True, slots=True)
class Fares:
    """The prices of the models that may answer a call, and the other ratios of its price."""

    kind: Kind
    prices: Mapping[str, Price] = field(default_factory=dict)
    ratios: tuple[Ratio, ...] = ()

    def to_hold(self, leg: Leg, prompt: int, longest: int) -> int:
        """The figure of contract 5.5, or what the longest answer would cost if that is more."""
        price, used = self.prices[leg.model], Tokens(prompt=prompt, completion=longest)
        least = pre_quota(price, prompt, longest or None, leg.ratio, other_ratios=self.ratios)
        return max(least, self.kind.bill(price, used, self.ratios, leg.ratio))

    def cost(self, leg: Leg | None, model: str, used: Tokens) -> int:
        """The quota of a call that a leg has answered."""
        ratio = Decimal(1) if leg is None else leg.ratio
        return self.kind.bill(self.prices[model], used, self.ratios, ratio)

    def known_cost(self, leg: Leg | None, model: str, begun: Tokens | None) -> int | None:
        """The quota of a call before its answer is complete, of which ``begun`` is known; None if
        its length will cost something.
        """
        price = self.prices[model]
        if price.weights.call is not None:
            return self.cost(leg, model, Tokens(prompt=1))
        if price.above or price.weights.completion:
            return None
        return self.cost(leg, model, begun or Tokens())


@dataclass(frozen=True, slots=True)
class Bill:
    """What a call came to: the tokens that were counted, the quota that was taken; what is ``low``
    of the wallet after it (USD), if little is; and the reply to send in place of the upstream's, if
    whoever keeps it gave one.
    """

    used: Tokens
    taken: int
    low: Decimal | None = None
    instead: dict[str, Any] | None = None


async def priced(
    find: Callable[[str], Awaitable[Price]], legs: Iterable[Leg], asked: str, priced_as: str
) -> dict[str, Price]:
    """Model → price. What was asked for must have one (that of ``priced_as`` if that is not empty);
    a fall-back without one is left out.
    """
    prices = {asked: await find(priced_as or asked)}
    for model in {leg.model for leg in legs} - prices.keys():
        with suppress(BadRequest):
            prices[model] = await find(model)
    return prices
