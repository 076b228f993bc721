"""The ledger: every change of a balance is a row that is never changed again.

The core is pure: `post` takes the balances and the charges of one group and says what is written,
so that the rules can be tested without a database. `commit_group` carries it out in one
transaction. The rules:

* a charge takes at most what is there, so that no balance is ever below zero, whatever happened
  meanwhile; it never gives anything, not even where a balance is below zero already;
* the wallet is the money, the token's quota a cap: an unlimited token's own figure is left alone;
* a request id is charged once;
* what was taken for a request may be given back once, all of it (`refund`);
* the balance of a user is the sum of the amounts of the user's entries.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, bindparam, case, func, insert, select, update

from nexhina_nb.errors import StoreError
from nexhina_nb.store.logs import LogRow, row_of_request
from nexhina_nb.store.tables import entries, logs, tokens, users
from nexhina_nb.wire.codes import LogType


@dataclass(frozen=True, slots=True)
class Charge:
    """What one finished call costs (quota), with its log row. A failed call is a charge of
    nothing.
    """

    user_id: int
    token_id: int
    request_id: str
    amount: int
    log: LogRow


@dataclass(slots=True)
class Wallet:
    """A user's money: what is left, what was spent, in how many calls."""

    quota: int
    used_quota: int = 0
    request_count: int = 0


@dataclass(slots=True)
class Allowance:
    """A token's own cap."""

    remain_quota: int
    used_quota: int = 0
    unlimited: bool = False


@dataclass(slots=True)
class Posting:
    """What a group of charges comes to: the amounts really taken, in the order of the charges."""

    taken: list[int] = field(default_factory=list)
    entries: list[dict[str, Any]] = field(default_factory=list)
    logs: list[dict[str, Any]] = field(default_factory=list)


def post(
    wallets: Mapping[int, Wallet],
    allowances: Mapping[int, Allowance],
    charges: Iterable[Charge],
    now: int,
) -> Posting:
    """Take the charges from the balances, in order; the balances are changed in place."""
    posting = Posting()
    for charge in charges:
        wallet, allowance = wallets[charge.user_id], allowances[charge.token_id]
        taken = max(0, min(charge.amount, wallet.quota))
        if not allowance.unlimited:
            taken = max(0, min(taken, allowance.remain_quota))
            allowance.remain_quota -= taken
        wallet.quota -= taken
        wallet.used_quota += taken
        allowance.used_quota += taken
        posting.taken.append(taken)
        if charge.log.is_consumption:
            wallet.request_count += 1
            posting.entries.append(
                {
                    "created_at": now,
                    "user_id": charge.user_id,
                    "token_id": charge.token_id,
                    "kind": "charge",
                    "amount": -taken,
                    "request_id": charge.request_id,
                }
            )
        posting.logs.append(charge.log.record(quota=taken, owed=charge.amount, now=now))
    return posting


# Built once: the writer runs these for every group of calls.
_READ_USERS = (
    select(users.c.id, users.c.quota, users.c.used_quota, users.c.request_count)
    .where(users.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update()
)
_READ_TOKENS = (
    select(tokens.c.id, tokens.c.remain_quota, tokens.c.used_quota, tokens.c.unlimited_quota)
    .where(tokens.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update()
)
_WRITE_USER = (
    update(users)
    .where(users.c.id == bindparam("key"))
    .values(
        quota=bindparam("new_quota"),
        used_quota=bindparam("new_used"),
        request_count=bindparam("new_count"),
    )
)
_WRITE_TOKEN = (
    update(tokens)
    .where(tokens.c.id == bindparam("key"))
    .values(remain_quota=bindparam("new_remain"), used_quota=bindparam("new_used"))
)
_INSERT_ENTRIES, _INSERT_LOGS = insert(entries), insert(logs)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a group: amounts taken, and the balances after it."""

    taken: Sequence[int]
    wallets: Mapping[int, Wallet]
    allowances: Mapping[int, Allowance]


def commit_group(connection: Connection, charges: Sequence[Charge]) -> Outcome:
    """Write a group of charges inside the caller's transaction.

    Raises StoreError, with nothing written, when the key or the user of one of them is gone.
    """
    wallets = {
        row.id: Wallet(row.quota, row.used_quota, row.request_count)
        for row in connection.execute(_READ_USERS, {"ids": list({c.user_id for c in charges})})
    }
    allowances = {
        row.id: Allowance(row.remain_quota, row.used_quota, row.unlimited_quota)
        for row in connection.execute(_READ_TOKENS, {"ids": list({c.token_id for c in charges})})
    }
    if gone := [c for c in charges if c.user_id not in wallets or c.token_id not in allowances]:
        raise StoreError(
            f"the key {gone[0].token_id} of the user {gone[0].user_id} is no longer in the store",
            hint="it was deleted while its call was running",
        )
    posting = post(wallets, allowances, charges, int(time.time()))
    if posting.entries:
        _write_balances(connection, wallets, allowances)
        connection.execute(_INSERT_ENTRIES, posting.entries)
    connection.execute(_INSERT_LOGS, posting.logs)
    return Outcome(posting.taken, wallets, allowances)


def _write_balances(
    connection: Connection, wallets: Mapping[int, Wallet], allowances: Mapping[int, Allowance]
) -> None:
    connection.execute(
        _WRITE_USER,
        [
            {"key": i, "new_quota": w.quota, "new_used": w.used_quota, "new_count": w.request_count}
            for i, w in wallets.items()
        ],
    )
    connection.execute(
        _WRITE_TOKEN,
        [
            {"key": i, "new_remain": a.remain_quota, "new_used": a.used_quota}
            for i, a in allowances.items()
        ],
    )


def refund(connection: Connection, request_id: str, reason: str, other: Mapping[str, Any]) -> int:
    """Give back what a request was charged; the quota given, 0 the second time.

    The refund's log row (contract 8.2, type 6) is written with it, after the call's own.
    """
    kinds = connection.execute(select(entries).where(entries.c.request_id == request_id)).all()
    paid = next((row for row in kinds if row.kind == "charge"), None)
    if paid is None or any(row.kind == "refund" for row in kinds):
        return 0
    now, amount = int(time.time()), -int(paid.amount)
    entry = {"created_at": now, "kind": "refund", "amount": amount, "request_id": request_id}
    entry |= {"user_id": paid.user_id, "token_id": paid.token_id}
    connection.execute(_INSERT_ENTRIES, [entry])
    _give_back(connection, paid.user_id, paid.token_id, amount)
    row = row_of_request(connection, request_id)
    row = row or LogRow(request_id, paid.user_id, "", paid.token_id, "", "")
    told = replace(row, type=LogType.REFUND, content=reason, other=dict(other), use_time=0)
    connection.execute(_INSERT_LOGS, [told.record(quota=amount, owed=amount, now=now)])
    return amount


def _give_back(connection: Connection, user_id: int, token_id: int, amount: int) -> None:
    connection.execute(
        update(users)
        .where(users.c.id == user_id)
        .values(quota=users.c.quota + amount, used_quota=users.c.used_quota - amount)
    )
    # An unlimited token's own figure is left alone, here as when it was charged.
    limited = case((tokens.c.unlimited_quota, 0), else_=amount)
    connection.execute(
        update(tokens)
        .where(tokens.c.id == token_id)
        .values(
            remain_quota=tokens.c.remain_quota + limited,
            used_quota=tokens.c.used_quota - amount,
        )
    )


def grant(connection: Connection, user_id: int, amount: int, reason: str) -> None:
    """Put money into a user's wallet (quota); ``reason`` names the grant and must not have been
    used before.
    """
    connection.execute(
        _INSERT_ENTRIES.values(
            created_at=int(time.time()),
            user_id=user_id,
            token_id=0,
            kind="grant",
            amount=amount,
            request_id=reason,
        )
    )
    connection.execute(
        update(users).where(users.c.id == user_id).values(quota=users.c.quota + amount)
    )


def differences(connection: Connection) -> dict[int, int]:
    """User id → balance minus the sum of the user's entries, for every user where that is not
    zero.
    """
    total = func.coalesce(func.sum(entries.c.amount), 0)
    statement = (
        select(users.c.id, users.c.quota - total)
        .outerjoin(entries, entries.c.user_id == users.c.id)
        .group_by(users.c.id, users.c.quota)
    )
    return {user: gap for user, gap in connection.execute(statement) if gap}
