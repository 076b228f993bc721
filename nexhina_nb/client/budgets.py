"""Budgets: calls made inside ``with budget(usd=1):`` stop before the one that would go over.

A budget is kept by what calls may cost at most: that much is held while a call is under way, and
what was billed is spent in its place when it has been answered (see `metering`). Which budgets
hold is in the context, so that tasks begun in the block, and threads given its context, keep them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from typing import Any

from nexhina_nb.client import tables
from nexhina_nb.client.cost import cost_of
from nexhina_nb.errors import BadInput, BudgetExceeded
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import QUOTA_PER_USD, format_usd, usd as usd_of
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.pricing.output import ENDLESS
from nexhina_nb.pricing.price import EXACT

PRICED = "use a model with a known price"
ACTIVE: ContextVar[tuple[Budget, ...]] = ContextVar("nexhina_budgets", default=())
# One lock for all budgets, since a call is booked in every one that holds, or in none. It may be
# taken again: a `Hold` can be dropped anywhere.
_BOOKS = threading.RLock()


class Budget:
    """What a block of calls may cost, and what it has cost so far; all amounts are USD.

    ``spent`` is what was billed, ``held`` what the calls under way may cost at most, ``left`` what
    remains. ``unknown`` counts the calls whose price could not be told afterwards: they are taken
    to have cost the most that they might.
    """

    def __init__(self, usd: Decimal | str | float) -> None:
        self.limit = dollars(usd)
        self.unknown = 0
        # Quota is whole; no call costs a part of one.
        scaled = EXACT.multiply(self.limit, QUOTA_PER_USD)
        self._limit = int(scaled.to_integral_value(ROUND_FLOOR, EXACT))
        self._spent = self._held = 0

    @property
    def spent(self) -> Decimal:
        """What the calls were billed."""
        return usd_of(self._spent)

    @property
    def held(self) -> Decimal:
        """What the calls under way may cost at most."""
        return usd_of(self._held)

    @property
    def left(self) -> Decimal:
        """What a further call may cost."""
        with _BOOKS:
            taken = usd_of(self._spent + self._held)
        return max(EXACT.subtract(self.limit, taken), Decimal(0))

    def check(self, estimated: Estimate) -> None:
        """Refuse what may cost more than is left. Raises BudgetExceeded, also where it is not known
        what it may cost.
        """
        most = most_of(estimated)
        if not most or self._spent + self._held + most <= self._limit:
            return
        advice = "raise the budget"
        if estimated.assumption:
            advice = f"lower max_tokens or {advice} ({estimated.assumption})"
        # What is held may come back, which helps where it is all that is in the way.
        waits = self._spent + most <= self._limit
        if waits:
            held = format_usd(self.held)
            advice = f"wait for the calls under way, which hold {held}, or {advice}"
        raise BudgetExceeded(
            f"this call may cost {format_usd(usd_of(most))}, {self._state()}",
            hint=f"nothing was sent; {advice}",
            waits=waits,
        )

    def _state(self) -> str:
        limit = f"${self.limit.normalize():f}"
        if not (self._spent or self._held):
            return f"the budget is {limit}"
        return f"{format_usd(self.left)} is left of the budget of {limit}"

    def __repr__(self) -> str:
        told = ", ".join(f"{amount} {name}" for name, amount in self._amounts().items())
        calls = "call" if self.unknown == 1 else "calls"
        unknown = f"; the price of {self.unknown} {calls} is not known" if self.unknown else ""
        return f"<Budget of {format_usd(self.limit)}: {told}{unknown}>"

    def _repr_mimebundle_(
        self, include: Any = None, exclude: Any = None
    ) -> tuple[dict[str, str], dict[str, Any]]:
        row = {"budget": format_usd(self.limit), **self._amounts()}
        if self.unknown:
            row["calls of unknown price"] = str(self.unknown)
        return tables.mimebundle(list(row), [list(row.values())]), {}

    def _amounts(self) -> dict[str, str]:
        with _BOOKS:
            found = {"spent": self.spent, "held": self.held, "left": self.left}
        return {name: format_usd(amount) for name, amount in found.items()}


class Hold:
    """What one call holds of the budgets until it is settled, once and for all.

    One that is dropped unsettled, as of a stream that nobody reads, counts as if the most had been
    billed.
    """

    __slots__ = ("_budgets", "_catalog", "_is_sure", "_model", "_most", "_open")

    def __init__(
        self, budgets: Sequence[Budget], estimated: Estimate, catalog: Catalog | None = None
    ) -> None:
        """``catalog`` has the prices of what the gateway does not tell. Raises BudgetExceeded, and
        holds nothing, if one of the budgets cannot bear it.
        """
        self._open, self._catalog, self._model = False, catalog, estimated.model
        with _BOOKS:
            for budget in budgets:
                budget.check(estimated)
            self._most, self._budgets = most_of(estimated), budgets
            self._is_sure = estimated.quota == (self._most, self._most)
            for budget in budgets:
                budget._held += self._most
            self._open = True

    def settle(self, billed: str | None = None, usage: Any = None) -> None:
        """Book what the gateway says it billed; else what the usage costs by the price of the model
        that was asked, whatever the answer calls it; else, since nothing is known, the most that it
        may be.
        """
        cost = cost_of(billed, self._model, usage, self._catalog).quota
        self._close(self._most if cost is None else cost, cost is None and not self._is_sure)

    def release(self) -> None:
        """Give it back: nothing was billed."""
        self._close(0, False)

    def _close(self, spent: int, is_unknown: bool) -> None:
        with _BOOKS:
            if not self._open:
                return
            self._open = False
            for budget in self._budgets:
                budget._held -= self._most
                budget._spent += spent
                budget.unknown += is_unknown

    def __del__(self) -> None:
        if self._open:
            self.settle()


@contextmanager
def budget(usd: Decimal | str | float) -> Iterator[Budget]:
    """``with budget(usd=1) as spent:`` lets the calls of the block cost that much, and refuses the
    one that might go over with a BudgetExceeded before it is sent.

    Every verb of every client counts, batches and tasks begun in the block too; a thread of your
    own needs the block's context (``contextvars.copy_context().run``). Budgets inside each other
    must all allow a call. What counts is what the gateway says it billed, else list prices; of a
    call that broke off, and of a stream that was left, what is known of its bill, else the most
    that it may have cost. A call without a known price is refused, unless it is free.
    """
    made = Budget(usd)
    add(made)
    try:
        yield made
    finally:
        ACTIVE.set(tuple(other for other in ACTIVE.get() if other is not made))


def add(made: Budget) -> None:
    """Let this budget hold too, in this context and for as long as that lasts."""
    ACTIVE.set((*ACTIVE.get(), made))


def most_of(estimated: Estimate) -> int:
    """The quota that a call takes at most. Raises BudgetExceeded where that is not known."""
    if estimated.price is None:
        raise unknown(f"no price is known for {estimated.model}", PRICED)
    if estimated.quota is None:
        raise unknown("the length of the recording is not known")
    if estimated.floor:
        raise unknown(estimated.floor, "say max_tokens=" if estimated.floor == ENDLESS else "")
    return estimated.quota[1]


def unknown(what: str, instead: str = "") -> BudgetExceeded:
    """The error for a call of which nobody can say what it costs at most."""
    advice = f"{instead}, or make" if instead else "make"
    return BudgetExceeded(
        f"{what}, so that no budget can be kept",
        hint=f"nothing was sent; {advice} the call without a budget",
    )


def dollars(budget: object) -> Decimal:
    """A budget as an exact amount of USD; a float counts as it is written. Raises BadInput."""
    try:
        amount = Decimal(str(budget))
    except InvalidOperation:
        amount = Decimal("NaN")
    if isinstance(budget, bool) or not amount.is_finite() or amount < 0:
        raise BadInput(f"the budget cannot be {budget!r}", hint='an amount in USD, such as "0.05"')
    return amount
