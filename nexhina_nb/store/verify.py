"""Every balance once more, from the entries of the ledger: what does not agree is a difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    select,
)

from nexhina_nb.store.tables import channels, entries, redemptions, tokens, users

_USED_CODE = 3
_SPENT = case((entries.c.kind.in_(("charge", "refund")), -entries.c.amount), else_=0)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is not what the entries come to (quota)."""

    what: str
    id: int
    stored: int
    computed: int

    def __str__(self) -> str:
        return f"{self.what} {self.id}: stored {self.stored}, by the entries {self.computed}"


def verify(connection: Connection) -> list[Difference]:
    """Whatever does not agree; empty when every balance is the sum of its entries."""
    sums = _sums(connection)
    return [
        *_compare(connection, "balance of user", users.c.quota, sums.wallets),
        *_compare(connection, "spending of user", users.c.used_quota, sums.spent_by_users),
        *_compare(connection, "quota of key", tokens.c.remain_quota, sums.caps),
        *_compare(connection, "spending of key", tokens.c.used_quota, sums.spent_by_keys),
        *_compare(connection, "earnings of channel", channels.c.used_quota, sums.earned),
        *_budgets(connection),
        *_codes(connection),
        *_negative(connection),
    ]


@dataclass(frozen=True, slots=True)
class _Sums:
    """What the entries come to, by the number of the user, the key or the channel."""

    wallets: Counter[int] = field(default_factory=Counter)
    caps: Counter[int] = field(default_factory=Counter)
    spent_by_users: Counter[int] = field(default_factory=Counter)
    spent_by_keys: Counter[int] = field(default_factory=Counter)
    earned: Counter[int] = field(default_factory=Counter)


def _sums(connection: Connection) -> _Sums:
    """One pass over the entries: one for each figure took three times as long."""
    whose = (entries.c.user_id, entries.c.token_id, entries.c.channel)
    parts = (entries.c.amount, entries.c.token_amount, _SPENT)
    statement = select(*whose, *(func.sum(part) for part in parts)).group_by(*whose)
    sums = _Sums()
    for row in connection.execute(statement):
        user, key, channel, amount, token_amount, spent = (int(figure) for figure in row)
        sums.wallets[user] += amount
        sums.caps[key] += token_amount
        sums.spent_by_users[user] += spent
        sums.spent_by_keys[key] += spent
        sums.earned[channel] += spent
    return sums


def _compare(
    connection: Connection, what: str, figure: Column[int], sums: Mapping[int, int]
) -> Iterator[Difference]:
    number = figure.table.c.id
    for row in connection.execute(select(number, figure).order_by(number)):
        stored, computed = int(row[1]), sums.get(row[0], 0)
        if stored != computed:
            yield Difference(what, int(row[0]), stored, computed)


def _budgets(connection: Connection) -> Iterator[Difference]:
    """What was charged since a budget began, less what of that was given back."""
    refunds = entries.alias("refunds")
    counts = and_(
        tokens.c.id == entries.c.token_id,
        tokens.c.budget_period != "",
        entries.c.kind == "charge",
        entries.c.created_at >= tokens.c.budget_since,
    )
    of_charge = and_(refunds.c.kind == "refund", refunds.c.request_id == entries.c.request_id)
    in_period = select(tokens.c.id, func.sum(-entries.c.amount)).join(entries, counts)
    given_back = (
        select(tokens.c.id, func.sum(-refunds.c.amount))
        .select_from(refunds.join(entries, of_charge).join(tokens, counts))
        .where(refunds.c.kind == "refund")
    )
    spent: Counter[int] = Counter()
    for statement in (in_period, given_back):
        for row in connection.execute(statement.group_by(tokens.c.id)):
            spent[row[0]] += int(row[1])
    having = select(tokens.c.id, tokens.c.budget_used).where(tokens.c.budget_period != "")
    for row in connection.execute(having.order_by(tokens.c.id)):
        if row[1] != spent[row[0]]:
            yield Difference("budget of key", int(row[0]), int(row[1]), spent[row[0]])


def _codes(connection: Connection) -> Iterator[Difference]:
    """A code that was used brought its quota once; one that was not brought nothing."""
    brought = (
        select(entries.c.request_id, entries.c.amount).where(entries.c.kind == "redeem").subquery()
    )
    amount = func.coalesce(brought.c.amount, 0)
    due = case((redemptions.c.status == _USED_CODE, redemptions.c.quota), else_=0)
    reference = literal("code ") + cast(redemptions.c.id, String)
    statement = (
        select(redemptions.c.id, due, amount)
        .outerjoin(brought, brought.c.request_id == reference)
        .where(due != amount)
    )
    for row in connection.execute(statement):
        yield Difference("quota of code", int(row[0]), int(row[1]), int(row[2]))


def _negative(connection: Connection) -> Iterator[Difference]:
    for what, table, column in (
        ("balance of user", users, "quota"),
        ("quota of key", tokens, "remain_quota"),
    ):
        below: Any = select(table.c.id, table.c[column]).where(table.c[column] < 0)
        for row in connection.execute(below):
            yield Difference(f"negative {what}", int(row[0]), int(row[1]), 0)
