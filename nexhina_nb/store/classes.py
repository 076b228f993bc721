"""Classes: one code for each student, of one name, worth the same; and who did what with theirs.

A class is a batch of codes (`codes`) that are made out to somebody. A student turns a code into a
key of a user of his own, so that each has a wallet, and none can spend another's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, case, func, select, update

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.store import codes
from nexhina_nb.store.accounts import create_root_user, root_user
from nexhina_nb.store.tables import redemptions, tokens, users
from nexhina_nb.store.terms import Terms

MOST_STUDENTS = 1000


@dataclass(frozen=True, slots=True)
class Student:
    """One student of a class; money is quota, times are Unix seconds, 0 for not yet."""

    student: str
    state: str
    left: int
    used: int
    calls: int
    redeemed: int
    last_seen: int


def create_class(
    connection: Connection,
    name: str,
    students: int,
    quota: int,
    *,
    expired_time: int = 0,
    terms: Terms | None = None,
) -> list[codes.NewCode]:
    """Make a code for each student: ``NAME-01``, ``NAME-02``, … Raises BadInput."""
    if not 0 < students <= MOST_STUDENTS:
        raise BadInput(f"a class has 1 to {MOST_STUDENTS} students")
    if len(name) > 40:
        raise BadInput("the name of a class has at most 40 characters")
    if _is_taken(connection, name):
        raise BadInput(f"there is already a class {name!r}", hint="choose another name with --name")
    creator = root_user(connection) or create_root_user(connection)
    width = max(2, len(str(students)))
    holders = [f"{name}-{number:0{width}}" for number in range(1, students + 1)]
    return codes.create_codes(
        connection, creator, name, quota, holders=holders, expired_time=expired_time, terms=terms
    )


def list_classes(connection: Connection) -> list[tuple[str, int, int]]:
    """Name, students, and how many of them have a key, of every class."""
    used = func.sum(case((redemptions.c.status == codes.USED, 1), else_=0))
    statement = (
        select(redemptions.c.name, func.count(), used)
        .where(redemptions.c.holder != "")
        .group_by(redemptions.c.name)
        .order_by(func.min(redemptions.c.id))
    )
    return [(row[0], int(row[1]), int(row[2])) for row in connection.execute(statement)]


def report_class(connection: Connection, name: str) -> list[Student]:
    """Every student of a class, in the order of their codes. Raises NotFound."""
    seen = (
        select(tokens.c.user_id, func.max(tokens.c.accessed_time).label("seen"))
        .group_by(tokens.c.user_id)
        .subquery()
    )
    statement = (
        select(redemptions, users.c.quota.label("left"), users.c.used_quota, users.c.request_count)
        .add_columns(seen.c.seen)
        .outerjoin(users, users.c.id == redemptions.c.used_user_id)
        .outerjoin(seen, seen.c.user_id == redemptions.c.used_user_id)
        .where(redemptions.c.name == name, redemptions.c.holder != "")
        .order_by(redemptions.c.id)
    )
    rows = connection.execute(statement).all()
    if not rows:
        raise NotFound(f"there is no class {name!r}", hint="`nexhina class list` shows them")
    return [
        Student(
            student=row.holder,
            state=_STATES[row.status],
            left=row.quota if row.left is None else row.left,
            used=row.used_quota or 0,
            calls=row.request_count or 0,
            redeemed=row.redeemed_time,
            last_seen=row.seen or 0,
        )
        for row in rows
    ]


def close_class(connection: Connection, name: str) -> tuple[int, int]:
    """Switch off what nobody has redeemed, and the keys of those who have; how many of each.

    What was spent, and what is left, stays as it is.
    """
    report_class(connection, name)
    in_class = (redemptions.c.name == name) & (redemptions.c.holder != "")
    off = connection.execute(
        update(redemptions)
        .where(in_class, redemptions.c.status == codes.USABLE)
        .values(status=codes.DISABLED)
    )
    members: Sequence[int] = connection.scalars(
        select(redemptions.c.used_user_id).where(in_class, redemptions.c.status == codes.USED)
    ).all()
    keys = connection.execute(
        update(tokens).where(tokens.c.user_id.in_(members), tokens.c.status == 1).values(status=2)
    )
    return int(off.rowcount), int(keys.rowcount)


_STATES = {codes.USABLE: "not redeemed", codes.DISABLED: "off", codes.USED: "redeemed"}


def _is_taken(connection: Connection, name: str) -> bool:
    found = select(redemptions.c.id).where(redemptions.c.name == name).limit(1)
    return connection.execute(found).first() is not None
