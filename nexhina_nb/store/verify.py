"""Every balance once more, from the entries of the ledger: what does not agree is a difference."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    Table,
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
    return [
        *_compare(connection, "balance of user", users, "quota", "user_id", entries.c.amount),
        *_compare(connection, "spending of user", users, "used_quota", "user_id", _SPENT),
        *_compare(
            connection, "quota of key", tokens, "remain_quota", "token_id", entries.c.token_amount
        ),
        *_compare(connection, "spending of key", tokens, "used_quota", "token_id", _SPENT),
        *_compare(connection, "earnings of channel", channels, "used_quota", "channel", _SPENT),
        *_budgets(connection),
        *_codes(connection),
        *_negative(connection),
    ]


def _compare(
    connection: Connection, what: str, table: Table, column: str, by: str, of: ColumnElement[int]
) -> Iterator[Difference]:
    key = entries.c[by]
    sums = select(key.label("id"), func.sum(of).label("total")).group_by(key).subquery()
    total, stored = func.coalesce(sums.c.total, 0), table.c[column]
    statement = (
        select(table.c.id, stored, total)
        .outerjoin(sums, sums.c.id == table.c.id)
        .where(stored != total)
        .order_by(table.c.id)
    )
    for row in connection.execute(statement):
        yield Difference(what, int(row[0]), int(row[1]), int(row[2]))


def _budgets(connection: Connection) -> Iterator[Difference]:
    """What was charged since a budget began, less what of that was given back."""
    returned = entries.alias("returned")
    left = func.coalesce(func.sum(-entries.c.amount - func.coalesce(returned.c.amount, 0)), 0)
    in_period = and_(
        entries.c.token_id == tokens.c.id,
        entries.c.kind == "charge",
        entries.c.created_at >= tokens.c.budget_since,
    )
    given_back = and_(returned.c.request_id == entries.c.request_id, returned.c.kind == "refund")
    statement = (
        select(tokens.c.id, tokens.c.budget_used, left)
        .select_from(tokens.outerjoin(entries.outerjoin(returned, given_back), in_period))
        .where(tokens.c.budget_period != "")
        .group_by(tokens.c.id, tokens.c.budget_used)
    )
    for row in connection.execute(statement):
        if row[1] != row[2]:
            yield Difference("budget of key", int(row[0]), int(row[1]), int(row[2]))


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
