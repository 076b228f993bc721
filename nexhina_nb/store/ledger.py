"""The ledger: every change of a balance is a row that is never changed again.

The core is pure: `post` takes the balances and the charges of one group and says what is written,
so that the rules can be tested without a database. `commit_group` carries it out in one
transaction. The rules:

* a charge takes at most what is there, so that no balance is ever below zero, whatever happened
  meanwhile; it never gives anything, not even where a balance is below zero already;
* the wallet is the money, the token's quota a cap: an unlimited token's own figure is left alone;
* a budget is a second cap, which begins anew with every period, and never earlier than it has,
  whatever becomes of the clock;
* a request id is charged once;
* what was taken for a request may be given back once, all of it (`refund`);
* the balance of a user is the sum of the amounts of the user's entries, the quota of a key the sum
  of their token amounts, what a channel has earned the sum of what was spent through it;
* no entry is ever changed, which the database itself refuses (`verify` recomputes everything).
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from nexhina_nb.errors import StoreError
from nexhina_nb.store.logs import LogRow
from nexhina_nb.store.periods import start_of
from nexhina_nb.store.tables import channels, entries, logs, tokens, users
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
    """A token's own caps: its quota, and its ``budget`` for each ``period``."""

    remain_quota: int
    used_quota: int = 0
    unlimited: bool = False
    budget: int = 0
    period: str = ""
    budget_used: int = 0
    budget_since: int = 0

    def most(self, amount: int, now: int) -> int:
        """How much of an amount the caps allow."""
        if not self.unlimited:
            amount = min(amount, self.remain_quota)
        if self.period:
            if (start := start_of(self.period, now)) > self.budget_since:
                self.budget_since, self.budget_used = start, 0
            amount = min(amount, self.budget - self.budget_used)
        return max(0, amount)

    def take(self, amount: int) -> None:
        """Spend an amount that `most` allowed."""
        self.used_quota += amount
        if not self.unlimited:
            self.remain_quota -= amount
        if self.period:
            self.budget_used += amount


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
        taken = allowance.most(max(0, min(charge.amount, wallet.quota)), now)
        allowance.take(taken)
        wallet.quota -= taken
        wallet.used_quota += taken
        posting.taken.append(taken)
        if charge.log.is_consumption:
            wallet.request_count += 1
            posting.entries.append(_entry(charge, taken, allowance, now))
        posting.logs.append(charge.log.record(quota=taken, owed=charge.amount, now=now))
    return posting


def _entry(charge: Charge, taken: int, allowance: Allowance, now: int) -> dict[str, Any]:
    return {
        # A clock that was set back must not move a charge out of the period that it counts in.
        "created_at": max(now, allowance.budget_since),
        "user_id": charge.user_id,
        "token_id": charge.token_id,
        "kind": "charge",
        "amount": -taken,
        "request_id": charge.request_id,
        "token_amount": 0 if allowance.unlimited else -taken,
        "channel": charge.log.channel,
    }


# Built once: the writer runs these for every group of calls.
_READ_USERS = (
    select(users.c.id, users.c.quota, users.c.used_quota, users.c.request_count)
    .where(users.c.id.in_(bindparam("ids", expanding=True)))
    .with_for_update()
)
_READ_TOKENS = (
    select(
        tokens.c.id,
        tokens.c.remain_quota,
        tokens.c.used_quota,
        tokens.c.unlimited_quota,
        tokens.c.budget,
        tokens.c.budget_period,
        tokens.c.budget_used,
        tokens.c.budget_since,
    )
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
    .values(
        remain_quota=bindparam("new_remain"),
        used_quota=bindparam("new_used"),
        budget_used=bindparam("new_spent"),
        budget_since=bindparam("new_since"),
        accessed_time=bindparam("now"),
    )
)
_EARN = (
    update(channels)
    .where(channels.c.id == bindparam("key"))
    .values(used_quota=channels.c.used_quota + bindparam("earned"))
)
_INSERT_ENTRIES, _INSERT_LOGS = insert(entries), insert(logs)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a group: amounts taken, and the balances after it."""

    taken: Sequence[int]
    wallets: Mapping[int, Wallet]
    allowances: Mapping[int, Allowance]


def commit_group(
    connection: Connection,
    charges: Sequence[Charge],
    *,
    again: bool = False,
    now: int | None = None,
) -> Outcome:
    """Write the charges (request ids, ledger, balances, logs) in the caller's transaction.

    ``again``: an earlier try may have been committed although nobody heard of it; what is written
    already is left as it is. ``now`` (Unix s) is by default the time it is. Raises StoreError when
    a key or its user is gone.
    """
    wallets = {
        row.id: Wallet(row.quota, row.used_quota, row.request_count)
        for row in connection.execute(_READ_USERS, {"ids": list({c.user_id for c in charges})})
    }
    allowances = {
        row.id: Allowance(*row[1:])
        for row in connection.execute(_READ_TOKENS, {"ids": list({c.token_id for c in charges})})
    }
    if gone := [c for c in charges if c.user_id not in wallets or c.token_id not in allowances]:
        raise StoreError(
            f"the key {gone[0].token_id} of the user {gone[0].user_id} is no longer in the store",
            hint="it was deleted while its call was running",
        )
    now = int(time.time()) if now is None else now
    done = _recorded(connection, charges) if again else {}
    fresh = [charge for charge in charges if charge.request_id not in done]
    posting = post(wallets, allowances, fresh, now)
    if posting.entries:
        _write_balances(connection, wallets, allowances, now)
        _write_earnings(connection, posting.entries)
        connection.execute(_INSERT_ENTRIES, posting.entries)
    if posting.logs:
        connection.execute(_INSERT_LOGS, posting.logs)
    done |= {charge.request_id: n for charge, n in zip(fresh, posting.taken, strict=True)}
    return Outcome([done[charge.request_id] for charge in charges], wallets, allowances)


def _recorded(connection: Connection, charges: Sequence[Charge]) -> dict[str, int]:
    """Request id → quota taken, of those that an earlier try has written."""
    ids = [charge.request_id for charge in charges if charge.log.is_consumption]
    charged = select(entries.c.request_id, entries.c.amount).where(
        entries.c.request_id.in_(ids), entries.c.kind == "charge"
    )
    done = {row.request_id: -int(row.amount) for row in connection.execute(charged)}
    others = [charge.request_id for charge in charges if not charge.log.is_consumption]
    failed = select(logs.c.request_id).where(
        logs.c.request_id.in_(others), logs.c.type != int(LogType.CONSUME)
    )
    return done | dict.fromkeys(connection.scalars(failed), 0)


def _write_balances(
    connection: Connection,
    wallets: Mapping[int, Wallet],
    allowances: Mapping[int, Allowance],
    now: int,
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
            {
                "key": i,
                "new_remain": a.remain_quota,
                "new_used": a.used_quota,
                "new_spent": a.budget_used,
                "new_since": a.budget_since,
                "now": now,
            }
            for i, a in allowances.items()
        ],
    )


def _write_earnings(connection: Connection, rows: Iterable[Mapping[str, Any]]) -> None:
    earned: Counter[int] = Counter()
    for row in rows:
        earned[row["channel"]] -= row["amount"]
    changes = [{"key": i, "earned": n} for i, n in earned.items() if i and n]
    if changes:
        connection.execute(_EARN, changes)
