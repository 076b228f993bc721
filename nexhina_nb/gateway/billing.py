"""The money of a running call: hold before it, settle after it.

What is held lives in memory, since one gateway owns a store: a process that dies holds nothing any
more. What is settled is on disk before the caller sees the end of the answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from nexhina_nb.errors import QuotaExceeded, StoreError
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.pricing.cost import usd
from nexhina_nb.store.db import Store
from nexhina_nb.store.ledger import Charge
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.periods import renews_at
from nexhina_nb.store.writer import Notice, Receipt, Writer


@dataclass(slots=True)
class Hold:
    """Quota put aside for one running call."""

    caller: Caller
    amount: int
    open: bool = True


def hold(caller: Caller, amount: int, now: int | None = None) -> Hold:
    """Put ``amount`` (quota) aside. Raises QuotaExceeded when the wallet, the key's cap or its
    budget is short; ``now`` (Unix s) is by default the time it is.

    An empty wallet is refused even for a call that would cost nothing up front (contract 5.5), and
    so is a budget that is spent.
    """
    wallet, allowance = caller.wallet, caller.allowance
    if wallet.free < amount or wallet.left <= 0:
        raise QuotaExceeded(
            f"the wallet holds {_usd(wallet.free)} and this call needs {_usd(amount)} put aside",
            code="insufficient_user_quota",
        )
    if not caller.account.unlimited_quota and allowance.free < amount:
        raise QuotaExceeded(
            f"this key has {_usd(allowance.free)} left and the call needs {_usd(amount)} put aside",
            code="pre_consume_token_quota_failed",
        )
    if caller.account.budget_period:
        _check_budget(caller, amount, int(time.time()) if now is None else now)
    for balance in (wallet, allowance, caller.budget):
        balance.held += amount
    return Hold(caller, amount)


def release(held: Hold) -> None:
    """Give back what was held; a second time does nothing."""
    if held.open:
        held.open = False
        for balance in (held.caller.wallet, held.caller.allowance, held.caller.budget):
            balance.held -= held.amount


def _check_budget(caller: Caller, amount: int, now: int) -> None:
    account = caller.account
    free = caller.budget.free(account, now)
    if free >= amount and caller.budget.left(account, now) > 0:
        return
    period = account.budget_period
    # A clock that went back does not bring the next period nearer than it was.
    renewed = datetime.fromtimestamp(renews_at(period, max(now, caller.budget.since)), UTC)
    raise QuotaExceeded(
        f"the {period} budget of this key has {_usd(free)} left and the call needs {_usd(amount)} "
        "put aside",
        code="budget_exhausted",
        hint=f"it begins anew at {renewed:%Y-%m-%d %H:%M} UTC",
    )


class Till:
    """Settles calls through the store's writer, from an event loop."""

    def __init__(self, store: Store, patience: float = 0.0) -> None:
        self._loop = asyncio.get_running_loop()
        self._writer = Writer(store, self._deliver, patience=patience)

    async def settle(self, held: Hold, amount: int, log: LogRow) -> int:
        """Charge a finished call; returns the quota taken, once it is on disk.

        Raises StoreError when it could not be written; the hold is released either way.
        """
        account = held.caller.account
        charge = Charge(account.user_id, account.token_id, log.request_id, amount, log)
        future: asyncio.Future[Receipt] = self._loop.create_future()

        def told(result: Receipt | StoreError) -> None:
            if isinstance(result, Receipt):
                _learn(held.caller, result)
            release(held)
            if future.cancelled():
                return
            if isinstance(result, StoreError):
                future.set_exception(result)
            else:
                future.set_result(result)

        self._writer.submit(charge, told)
        return (await future).taken

    async def aclose(self) -> None:
        """Write what is queued and stop."""
        await asyncio.to_thread(self._writer.close)

    def _deliver(self, notices: Sequence[Notice]) -> None:
        self._loop.call_soon_threadsafe(_tell, notices)


def _tell(notices: Sequence[Notice]) -> None:
    for told, result in notices:
        told(result)


def _learn(caller: Caller, receipt: Receipt) -> None:
    for balance, left in (
        (caller.wallet, receipt.quota),
        (caller.allowance, receipt.remain_quota),
    ):
        balance.left = left
        balance.version += 1
    caller.budget.used, caller.budget.since = receipt.budget_used, receipt.budget_since


def _usd(quota: int) -> str:
    return f"{usd(max(quota, 0)):.6f} USD"
