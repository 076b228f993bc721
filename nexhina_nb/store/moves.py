"""Money that moves outside of calls: what is put into a wallet, taken out, or given back.

Every move is an entry of the ledger, and none takes a balance below zero.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, case, insert, select, update

from nexhina_nb.errors import BadInput
from nexhina_nb.store.logs import LogRow, row_of_request
from nexhina_nb.store.tables import channels, entries, logs, tokens, users
from nexhina_nb.wire.codes import LogType

_LARGEST = 2**31 - 1  # contract 0.3: money is stored as an int32


def grant(connection: Connection, user_id: int, amount: int, reference: str) -> None:
    """Put money into a user's wallet (quota); the ``reference`` must not have been used before."""
    move(connection, user_id, amount, "grant", reference)


def move(connection: Connection, user_id: int, amount: int, kind: str, reference: str = "") -> None:
    """Change a user's wallet by an amount (quota, either sign).

    Raises BadInput where the wallet would hold less than nothing, or more than an int32.
    """
    left = users.c.quota + amount
    done = connection.execute(
        update(users)
        .where(users.c.id == user_id, left >= 0, left <= _LARGEST)
        .values(quota=users.c.quota + amount)
    )
    if not done.rowcount:
        raise BadInput(
            "the wallet does not hold that much" if amount < 0 else "the wallet cannot hold more",
            hint="look at its balance first",
        )
    _enter(connection, kind, reference or fresh(kind), user_id=user_id, amount=amount)


def allow(connection: Connection, token_id: int, quota: int) -> None:
    """Set what a key may still spend of its user's wallet (quota)."""
    row = connection.execute(
        select(tokens.c.user_id, tokens.c.remain_quota)
        .where(tokens.c.id == token_id)
        .with_for_update()
    ).one()
    if not 0 <= quota <= _LARGEST:
        raise BadInput(f"an amount is between 0 and {_LARGEST // 500_000} USD")
    if quota == row.remain_quota:
        return
    connection.execute(update(tokens).where(tokens.c.id == token_id).values(remain_quota=quota))
    change = quota - row.remain_quota
    about = {"user_id": row.user_id, "token_id": token_id, "token_amount": change}
    _enter(connection, "allow", fresh("allow"), **about)


def refund(connection: Connection, request_id: str, reason: str, other: Mapping[str, Any]) -> int:
    """Give back what a request was charged; the quota given, 0 the second time.

    The refund's log row (contract 8.2, type 6) is written with it, after the call's own and with
    its tags: what is counted by a tag counts what came back.
    """
    kinds = connection.execute(select(entries).where(entries.c.request_id == request_id)).all()
    paid = next((row for row in kinds if row.kind == "charge"), None)
    if paid is None or any(row.kind == "refund" for row in kinds):
        return 0
    amount = -int(paid.amount)
    _enter(
        connection,
        "refund",
        request_id,
        user_id=paid.user_id,
        token_id=paid.token_id,
        amount=amount,
        token_amount=-paid.token_amount,
        channel=paid.channel,
    )
    _give_back(connection, paid, amount)
    row = row_of_request(connection, request_id)
    row = row or LogRow(request_id, paid.user_id, "", paid.token_id, "", "")
    kept = {name: row.other[name] for name in ("tags",) if name in row.other}
    told = replace(row, type=LogType.REFUND, content=reason, other={**kept, **other}, use_time=0)
    record = told.record(quota=amount, owed=amount, now=int(time.time()))
    connection.execute(insert(logs), [record])
    return amount


def fresh(kind: str) -> str:
    """A reference that nothing else has."""
    return f"{kind} {secrets.token_hex(12)}"


def _enter(
    connection: Connection,
    kind: str,
    reference: str,
    *,
    user_id: int,
    token_id: int = 0,
    amount: int = 0,
    token_amount: int = 0,
    channel: int = 0,
) -> None:
    connection.execute(
        insert(entries).values(
            created_at=int(time.time()),
            user_id=user_id,
            token_id=token_id,
            kind=kind,
            amount=amount,
            request_id=reference,
            token_amount=token_amount,
            channel=channel,
        )
    )


def _give_back(connection: Connection, paid: Any, amount: int) -> None:
    connection.execute(
        update(users)
        .where(users.c.id == paid.user_id)
        .values(quota=users.c.quota + amount, used_quota=users.c.used_quota - amount)
    )
    # A budget that has begun anew since owes nothing for an earlier period.
    counts = (tokens.c.budget_period != "") & (tokens.c.budget_since <= paid.created_at)
    spent = tokens.c.budget_used - case((counts, amount), else_=0)
    connection.execute(
        update(tokens)
        .where(tokens.c.id == paid.token_id)
        .values(
            remain_quota=tokens.c.remain_quota - paid.token_amount,
            used_quota=tokens.c.used_quota - amount,
            budget_used=case((spent < 0, 0), else_=spent),
        )
    )
    connection.execute(
        update(channels)
        .where(channels.c.id == paid.channel)
        .values(used_quota=channels.c.used_quota - amount)
    )
