"""``nexhina codes``: codes that turn into quota once, one by one rather than for a class."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import click

from nexhina_nb.cli.common import USD, current, json_option, opened, print_json, show, store_option
from nexhina_nb.cli.terms import changes, terms_options

_STATES = {1: "usable", 2: "off", 3: "used"}


@click.group()
def codes() -> None:
    """Codes that turn into quota, or into a key, once."""


@codes.command("create")
@click.option("--usd", type=USD, required=True, help="What each is worth, for example 1.00.")
@click.option("--count", type=click.IntRange(1, 1000), default=1, show_default=True)
@click.option("--name", default="codes", show_default=True, help="A name for the batch.")
@terms_options
@store_option
@json_option
def create(
    usd: Decimal, count: int, name: str, store: str | None, as_json: bool, **given: Any
) -> None:
    """Make codes; they are shown this once.

    The options of a key count for the key that a code turns into. Example: nexhina codes create
    --usd 1.00 --count 5
    """
    from nexhina_nb.pricing.cost import QUOTA_PER_USD
    from nexhina_nb.store.accounts import create_root_user, root_user
    from nexhina_nb.store.codes import create_codes
    from nexhina_nb.store.terms import NEVER, Terms

    terms = Terms(**changes(given))
    expired_time = 0 if terms.expired_time == NEVER else terms.expired_time
    with opened(store) as found, found.writing() as connection:
        creator = root_user(connection) or create_root_user(connection)
        made = create_codes(
            connection,
            creator,
            name,
            int(usd * QUOTA_PER_USD),
            count=count,
            expired_time=expired_time,
            terms=terms,
        )
    if as_json:
        print_json([{"id": row.id, "code": row.code.reveal(), "usd": str(usd)} for row in made])
    else:
        current().show_codes(("id", "code", "usd"), [(row.id, row.code, usd) for row in made])


@codes.command("list")
@store_option
@json_option
def list_all(store: str | None, as_json: bool) -> None:
    """Every code, masked, newest first. Example: nexhina codes list"""
    from nexhina_nb.pricing.cost import usd
    from nexhina_nb.store.codes import list_codes

    with opened(store) as found, found.reading() as connection:
        rows, _ = list_codes(connection)
    if as_json:
        print_json(rows)
        return
    cells = [
        (row["id"], row["name"], row["holder"], row["key"], _state(row), str(usd(row["quota"])))
        for row in rows
    ]
    show(("id", "name", "for", "code", "state", "USD"), cells, "No codes.")


@codes.command("revoke")
@click.argument("code_id", type=int, metavar="ID")
@store_option
def revoke(code_id: int, store: str | None) -> None:
    """Switch a code off that nobody has used. Example: nexhina codes revoke 3"""
    from nexhina_nb.store.codes import DISABLED, change_code

    with opened(store) as found, found.writing() as connection:
        change_code(connection, code_id, status=DISABLED)
    click.echo(f"Code {code_id} is off.")


def _state(row: dict[str, Any]) -> str:
    if row["status"] == 1 and row["expired_time"] and row["expired_time"] < time.time():
        return "expired"
    return _STATES[row["status"]]
