"""The money of a job whose partitions are carried out in several threads or processes.

One purse is kept for all of them, where there is a cluster by its scheduler. The most that a call
may cost is held when it gets its turn; what it did cost its partition knows, by its `Account`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from nexhina_nb.batch.pace import Ending, Pace
from nexhina_nb.batch.quotas import Quota
from nexhina_nb.batch.turns import OwnTurns
from nexhina_nb.client.budgets import Budget
from nexhina_nb.errors import BudgetExceeded
from nexhina_nb.pricing.cost import QUOTA_PER_USD, format_usd, usd

HINT = "raise the budget"


@dataclass(slots=True)
class Purse:
    """So much quota for all calls of a job; it holds what those under way may cost."""

    limit: int
    spent: int = 0
    held: int = 0

    def holds(self, cost: int) -> bool:
        """Hold what a call may cost; False if what others hold must come back first. Raises
        BudgetExceeded if that would not help.
        """
        left = self.limit - self.spent
        if self.held + cost <= left:
            self.held += cost
            return True
        if self.held:
            return False
        raise BudgetExceeded(
            f"a call may cost {format_usd(usd(cost))}, and {format_usd(usd(max(left, 0)))} is left "
            f"of the budget of {format_usd(usd(self.limit))}",
            hint=HINT,
        )

    def settle(self, cost: int, spent: int) -> None:
        """What was held for a call comes back, and so much of it was spent."""
        self.held -= cost
        self.spent += spent


@dataclass(frozen=True, slots=True)
class Share:
    """What the tasks of a job have in common: so many calls at once, and so much quota for all, of
    which some was ``spent`` before.
    """

    job: str
    most: int
    budget: int | None = None
    spent: int = 0

    def turns(self) -> OwnTurns:
        """Turns within these limits."""
        money = None if self.budget is None else Purse(self.budget, self.spent)
        return OwnTurns(Pace(self.most), money=money)


@dataclass(slots=True)
class Account:
    """What a partition spends: each of its calls may ``cost`` so much, and ``budget`` counts what
    they did cost; None if there is no budget to be kept.
    """

    cost: int = 0
    budget: Budget | None = None
    _told: int = field(default=0, init=False)

    def news(self) -> int:
        """What was spent since this was asked last."""
        spent = 0 if self.budget is None else quota_of(self.budget.spent)
        told, self._told = self._told, spent
        return spent - told


class PaidTurns:
    """Turns of this process for a partition with an account."""

    def __init__(self, turns: OwnTurns, account: Account) -> None:
        self._turns, self._account = turns, account

    async def take(self) -> None:
        """Wait until a call may be sent."""
        await self._turns.take(self._account.cost)

    async def give_back(self, ending: Ending, quota: Quota | None = None) -> None:
        """The call has ended."""
        self._turns.ended(ending, quota, self._account.cost, self._account.news())


def quota_of(dollars: Decimal) -> int:
    """An amount as quota; there are no parts of one."""
    return int(dollars * QUOTA_PER_USD)
