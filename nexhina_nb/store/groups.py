"""Groups: what their members pay, and how much they may ask at a time (contract 5.1 and 6.3).

The group "default" is there without a row. "auto" is no group but a wish of a key: the first group
of the automatic order that serves the model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from nexhina_nb.errors import BadInput, NotFound
from nexhina_nb.store.accounts import ROLE_ADMIN, Account
from nexhina_nb.store.tables import groups, tokens, users

DEFAULT, AUTO = "default", "auto"
_LARGEST = Decimal(10_000)
_MOST = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Group:
    """One group. ``ratio`` multiplies every price, ``ratios`` are those of users of other groups
    instead of it; ``selectable``: keys of all users may ask for it; ``auto_order``: its place among
    the groups that "auto" tries, from 1; limits as in `terms.Terms`, shared by all keys of it.
    """

    name: str
    description: str = ""
    ratio: Decimal = Decimal(1)
    ratios: Mapping[str, Decimal] = field(default_factory=dict)
    selectable: bool = False
    auto_order: int = 0
    rpm: int = 0
    tpm: int = 0
    parallel: int = 0

    def is_open_to(self, account: Account) -> bool:
        """Whether a user's keys may be in it: it is his own, or for all, or he administrates."""
        return self.selectable or account.user_group == self.name or account.role >= ROLE_ADMIN

    def ratio_for(self, user_group: str) -> Decimal:
        """What a user of a group pays here."""
        return self.ratios.get(user_group, self.ratio)


def list_groups(connection: Connection) -> dict[str, Group]:
    """Name → group, "default" always among them."""
    found = connection.execute(select(groups).order_by(groups.c.name)).mappings()
    return {DEFAULT: Group(DEFAULT, selectable=True), **{row["name"]: _group(row) for row in found}}


def set_group(connection: Connection, group: Group) -> None:
    """Make a group, or change the one of that name. Raises BadInput."""
    _check(group)
    row = {
        "description": group.description[:255],
        "ratio": str(group.ratio),
        "ratios": json.dumps({name: str(ratio) for name, ratio in group.ratios.items()}),
        "selectable": group.selectable,
        "auto_order": group.auto_order,
        "rpm": group.rpm,
        "tpm": group.tpm,
        "parallel": group.parallel,
    }
    changed = connection.execute(update(groups).where(groups.c.name == group.name).values(row))
    if not changed.rowcount:
        connection.execute(insert(groups).values(row | {"name": group.name}))


def remove_group(connection: Connection, name: str) -> None:
    """Delete a group that nobody is in. Raises NotFound, or BadInput while somebody is."""
    members = select(users.c.id).where(users.c.group == name, users.c.deleted_at == 0)
    keys = select(tokens.c.id).where(tokens.c.group == name, tokens.c.deleted_at == 0)
    if connection.execute(members.limit(1)).first() or connection.execute(keys.limit(1)).first():
        raise BadInput(f"users or keys are in the group {name!r}", hint="move them first")
    if not connection.execute(delete(groups).where(groups.c.name == name)).rowcount:
        raise NotFound(f"there is no group {name!r}")


def _check(group: Group) -> None:
    if not 0 < len(group.name) <= 64 or group.name in (AUTO, "*") or "," in group.name:
        raise BadInput(f"{group.name!r} cannot be the name of a group")
    for ratio in (group.ratio, *group.ratios.values()):
        if not ratio.is_finite() or not 0 <= ratio <= _LARGEST:
            raise BadInput(f"a group ratio is a number from 0 to {_LARGEST}")
    for value in (group.rpm, group.tpm, group.parallel, group.auto_order):
        if not 0 <= value <= _MOST:
            raise BadInput(f"a limit is a whole number from 0 to {_MOST}")


def _group(row: RowMapping) -> Group:
    ratios = json.loads(row["ratios"] or "{}")
    return Group(
        name=row["name"],
        description=row["description"],
        ratio=Decimal(row["ratio"]),
        ratios={name: Decimal(text) for name, text in ratios.items()},
        selectable=row["selectable"],
        auto_order=row["auto_order"],
        rpm=row["rpm"],
        tpm=row["tpm"],
        parallel=row["parallel"],
    )
