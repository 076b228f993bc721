"""Groups as an administrator of this family of gateways writes them: four maps (contract 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection

from nexhina_nb.errors import BadInput
from nexhina_nb.gateway.admin.price_options import numbers_of
from nexhina_nb.store.groups import AUTO, DEFAULT, Group, list_groups, remove_group, set_group

Groups = Mapping[str, Group]
GROUP_KEYS = ("GroupRatio", "GroupGroupRatio", "UserUsableGroups", "AutoGroups")
_LONGEST = 32  # characters of a ratio


def group_maps(groups: Groups) -> dict[str, Any]:
    """Option → what it says of the groups."""
    rows = groups.values()
    between: dict[str, dict[str, float]] = {}
    for row in rows:
        for user_group, ratio in row.ratios.items():
            between.setdefault(user_group, {})[row.name] = float(ratio)
    order = sorted((row for row in rows if row.auto_order), key=lambda row: row.auto_order)
    return {
        "GroupRatio": {row.name: float(row.ratio) for row in rows},
        "GroupGroupRatio": between,
        "UserUsableGroups": {
            row.name: row.description or row.name for row in rows if row.selectable
        },
        "AutoGroups": [row.name for row in order],
    }


def set_group_map(connection: Connection, key: str, value: object) -> None:
    """Make what an option says what is given. Raises BadInput.

    ``GroupRatio`` makes the groups: a new name is a new group, and one that is missing goes, if
    nobody is in it. The others need groups that are there.
    """
    before = list_groups(connection)
    after = _CHANGES[key](before, value)
    for name in before.keys() - after.keys():
        remove_group(connection, name)
    for name, row in after.items():
        if before.get(name) != row:
            set_group(connection, row)


def ratios_of(key: str, value: object) -> dict[str, Decimal]:
    """Group → ratio. Raises BadInput."""
    found = numbers_of(key, value)
    for name, ratio in found.items():
        if len(str(ratio)) > _LONGEST:
            raise BadInput(f"{key}: the value of {name!r} has too many digits")
    return found


def _with_ratios(groups: Groups, value: object) -> dict[str, Group]:
    ratios = {DEFAULT: Decimal(1), **ratios_of("GroupRatio", value)}
    return {n: replace(groups.get(n) or Group(n), ratio=ratio) for n, ratio in ratios.items()}


def _with_ratios_between(groups: Groups, value: object) -> dict[str, Group]:
    key = "GroupGroupRatio"
    if not isinstance(value, Mapping):
        raise BadInput(f"{key} is a JSON object", hint='{"vip": {"default": 0.8}}')
    between = {user_group: ratios_of(key, ratios) for user_group, ratios in value.items()}
    for ratios in between.values():
        _know(key, groups, ratios)
    return {
        name: replace(
            row, ratios={u: ratios[name] for u, ratios in between.items() if name in ratios}
        )
        for name, row in groups.items()
    }


def _with_selectable(groups: Groups, value: object) -> dict[str, Group]:
    key = "UserUsableGroups"
    texts = dict(value) if isinstance(value, Mapping) else None
    if texts is None or not all(isinstance(text, str) for text in texts.values()):
        raise BadInput(f"{key} is a JSON object of texts", hint='{"default": "for everybody"}')
    # Others list it here to open it; here every key may ask for it.
    texts.pop(AUTO, None)
    _know(key, groups, texts)
    return {
        name: replace(row, selectable=name in texts, description=_text(name, row, texts))
        for name, row in groups.items()
    }


def _text(name: str, row: Group, texts: Mapping[str, str]) -> str:
    text = texts.get(name, row.description)
    return "" if text == name else text[:255].replace("\0", "")


def _with_order(groups: Groups, value: object) -> dict[str, Group]:
    key = "AutoGroups"
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise BadInput(f"{key} is a JSON list of names", hint='["default", "vip"]')
    _know(key, groups, dict.fromkeys(value))
    places = {name: place for place, name in enumerate(dict.fromkeys(value), start=1)}
    return {name: replace(row, auto_order=places.get(name, 0)) for name, row in groups.items()}


def _know(key: str, groups: Groups, names: Mapping[str, Any]) -> None:
    for name in names:
        if name not in groups:
            raise BadInput(f"{key}: there is no group {name!r}", hint="GroupRatio makes groups")


_CHANGES = dict(
    zip(
        GROUP_KEYS, (_with_ratios, _with_ratios_between, _with_selectable, _with_order), strict=True
    )
)
