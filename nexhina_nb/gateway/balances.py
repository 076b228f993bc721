"""What a caller has left, as the running calls see it: wallet, cap of the key, its budget.

Pure: figures come from the store and from settlements, times are given.
"""

from __future__ import annotations

from dataclasses import dataclass

from nexhina_nb.store.accounts import Account
from nexhina_nb.store.periods import start_of


@dataclass(slots=True)
class Balance:
    """Quota that is left and what of it is held for running calls; ``version`` counts
    settlements. ``low``: its owner has been told that little is left.
    """

    left: int
    held: int = 0
    version: int = 0
    low: bool = False

    @property
    def free(self) -> int:
        """What a new call may still reserve."""
        return self.left - self.held

    def falls_below(self, threshold: int, taken: int) -> bool:
        """Whether what was just taken brought it below a threshold (quota); what was below before
        does not fall below again.
        """
        was, self.low = self.low or self.left + taken < threshold, self.left < threshold
        return self.low and not was


@dataclass(slots=True)
class Budget:
    """What was spent of a key's budget in the period that began at ``since`` (Unix s), and what is
    held; the amount and the period are terms of the key.
    """

    used: int
    since: int
    held: int = 0

    def left(self, account: Account, now: int) -> int:
        """What of the budget is not spent; all of it once a new period has begun.

        A clock that goes back begins nothing anew: what was spent in a later period counts.
        """
        is_over = start_of(account.budget_period, now) > self.since
        return account.budget - (0 if is_over else self.used)

    def free(self, account: Account, now: int) -> int:
        """What a new call may still reserve."""
        return self.left(account, now) - self.held
