"""Telling a user in time that the money is running out (contract 7.8: QuotaRemindThreshold)."""

from __future__ import annotations

from decimal import Decimal

from nexhina_nb.errors import StoreError
from nexhina_nb.gateway.auth import Caller
from nexhina_nb.gateway.billing import Hold
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.pricing.cost import usd
from nexhina_nb.store.accounts import ROLE_ROOT
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.preferences import preferences
from nexhina_nb.wire.codes import LogType


async def low_balance(
    gateway: Gateway, caller: Caller, request_id: str, taken: int
) -> Decimal | None:
    """What a settled call left in the wallet (USD), if that is less than its user wants; ``taken``
    is what it cost (quota).

    When it falls below that, and not again before it has been above it, the log says so. The first
    administrator is not warned: he fills his wallet himself.
    """
    account, wallet = caller.account, caller.wallet
    if account.role >= ROLE_ROOT:
        return None
    threshold = preferences(account.setting).warn_below
    if threshold is None:
        try:
            threshold = int((await gateway.options())["QuotaRemindThreshold"])
        except StoreError:  # the call is paid for: it does not fail for want of a notice
            return None
    if wallet.falls_below(threshold, taken):
        gateway.spawn(gateway.till.settle(Hold(caller, 0), 0, _row(caller, request_id, threshold)))
    return usd(max(wallet.left, 0)) if wallet.low else None


def _row(caller: Caller, request_id: str, threshold: int) -> LogRow:
    account = caller.account
    left = usd(max(caller.wallet.left, 0))
    return LogRow(
        request_id=request_id,
        user_id=account.user_id,
        username=account.username,
        token_id=account.token_id,
        token_name=account.token_name,
        model_name="",
        type=LogType.SYSTEM,
        content=f"the balance is low: {left:.6f} USD are left, less than {usd(threshold):f} USD",
    )
