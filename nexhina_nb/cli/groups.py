"""``nexhina groups``: what the members of a group pay, and how much they may ask at a time."""

from __future__ import annotations

from dataclasses import asdict, replace
from decimal import Decimal, InvalidOperation
from typing import Any

import click

from nexhina_nb.cli.common import Reader, json_option, opened, print_json, show, store_option
from nexhina_nb.errors import BadInput


@click.group()
def groups() -> None:
    """Groups of users, keys and channels: prices and limits."""


def _ratio(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise BadInput(f"{text!r} is not a ratio", hint="for example 0.8") from None


@groups.command("set")
@click.argument("name")
@click.option("--ratio", type=Reader("X", _ratio), help="Multiplies every price, for example 0.8.")
@click.option("--description", help="What the group is for.")
@click.option("--rpm", type=int, help="Requests a minute of all its keys together; 0: no limit.")
@click.option("--tpm", type=int, help="Tokens a minute of all its keys together; 0: no limit.")
@click.option("--parallel", type=int, help="Requests at a time of all its keys; 0: no limit.")
@click.option("--selectable/--not-selectable", default=None, help="Any key may ask for it.")
@click.option("--auto", "auto_order", type=int, help="Its place among the groups of auto; 0: none.")
@store_option
def set_one(name: str, store: str | None, **given: Any) -> None:
    """Make the group NAME, or change what is named.

    Example: nexhina groups set students --ratio 0.8 --rpm 120
    """
    from nexhina_nb.store.groups import Group, list_groups, set_group

    changed = {option: value for option, value in given.items() if value is not None}
    with opened(store) as found, found.writing() as connection:
        known = list_groups(connection)
        set_group(connection, replace(known.get(name) or Group(name), **changed))
    click.echo(f"The group {name} is {'changed' if name in known else 'there'}.")


@groups.command("list")
@store_option
@json_option
def list_all(store: str | None, as_json: bool) -> None:
    """Every group. Example: nexhina groups list --json"""
    from nexhina_nb.store.groups import list_groups

    with opened(store) as found, found.reading() as connection:
        rows = list(list_groups(connection).values())
    if as_json:
        print_json([asdict(row) | {"ratio": str(row.ratio), "ratios": _texts(row)} for row in rows])
        return
    columns = ("group", "ratio", "rpm", "tpm", "parallel", "selectable", "auto", "description")
    cells = [
        (
            row.name, f"{row.ratio:f}", row.rpm or "", row.tpm or "", row.parallel or "",
            "yes" if row.selectable else "", row.auto_order or "", row.description,
        )
        for row in rows
    ]  # fmt: skip
    show(columns, cells, "No groups.")


def _texts(row: Any) -> dict[str, str]:
    return {name: str(ratio) for name, ratio in row.ratios.items()}


@groups.command("remove")
@click.argument("name")
@store_option
def remove(name: str, store: str | None) -> None:
    """Remove a group that nobody is in. Example: nexhina groups remove students"""
    from nexhina_nb.store.groups import remove_group

    with opened(store) as found, found.writing() as connection:
        remove_group(connection, name)
    click.echo(f"The group {name} is removed.")
