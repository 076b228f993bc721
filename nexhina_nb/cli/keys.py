"""``nexhina keys``: make, list, change and end keys, straight in the store; a running gateway
notices within a second.
"""

from __future__ import annotations

import time
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click

from nexhina_nb.cli.common import USD, current, json_option, opened, print_json, show, store_option
from nexhina_nb.cli.terms import changes, terms_options, words
from nexhina_nb.errors import BadInput

if TYPE_CHECKING:
    from sqlalchemy import Connection


@click.group()
def keys() -> None:
    """Keys of the gateway."""


@keys.command("create")
@click.option("--name", required=True, help="Who or what the key is for.")
@click.option("--usd", type=USD, help="Money in the key's own wallet, for example 1.00.")
@click.option("--unlimited", is_flag=True, help="Spend from the administrator's wallet.")
@terms_options
@click.option("--admin", is_flag=True, help="Open the admin API to it; with --unlimited.")
@store_option
@json_option
def create_key(
    name: str,
    usd: Decimal | None,
    unlimited: bool,
    admin: bool,
    store: str | None,
    as_json: bool,
    **terms: Any,
) -> None:
    """Make a key; it is shown this once.

    Example: nexhina keys create --name ada --usd 1.00 --expires 7d
    """
    if unlimited == (usd is not None):
        raise BadInput("say what the key may spend", hint="either --usd 1.00 or --unlimited")
    if admin and not unlimited:
        raise BadInput("only an administrator's key manages", hint="--unlimited --admin")
    with opened(store) as found, found.writing() as connection:
        record = _create(connection, name, usd, changes(terms) | {"manages": admin})
    key = record["key"]
    if as_json:
        print_json(record | {"key": key.reveal()})
    else:
        current().show_key(key)


def _create(
    connection: Connection, name: str, usd: Decimal | None, given: dict[str, Any]
) -> dict[str, Any]:
    """A key with money is a user of its own, so that its wallet is all that it can spend."""
    from nexhina_nb.pricing.cost import QUOTA_PER_USD
    from nexhina_nb.store import accounts
    from nexhina_nb.store.terms import Terms

    terms = Terms(**given)
    quota = 0 if usd is None else int(usd * QUOTA_PER_USD)
    if usd is None:
        user_id = accounts.root_user(connection) or accounts.create_root_user(connection)
    else:
        user_id = accounts.create_user(connection, name, quota=quota)
        _join(connection, user_id, terms.group)
        terms = replace(terms, group="")
    token_id, key = accounts.create_token(connection, user_id, name, terms=terms)
    return {
        "id": token_id,
        "name": name,
        "key": key,
        "quota": quota,
        "unlimited": usd is None,
        "expires_at": max(0, terms.expired_time),
    }


def _join(connection: Connection, user_id: int, group: str) -> None:
    from sqlalchemy import update

    from nexhina_nb.store.tables import users

    if group:
        connection.execute(update(users).where(users.c.id == user_id).values(group=group))


@keys.command("list")
@click.option("--all", "everything", is_flag=True, help="Keys that are off, too.")
@store_option
@json_option
def list_keys(everything: bool, store: str | None, as_json: bool) -> None:
    """Every key that is on, masked, with what its wallet holds.

    Example: nexhina keys list --all
    """
    from nexhina_nb.store.accounts import ENABLED, list_tokens

    with opened(store) as found, found.reading() as connection:
        rows = list_tokens(connection)
    if as_json:
        print_json(rows)
        return
    chosen = [row for row in rows if everything or row["status"] == ENABLED]
    show(_COLUMNS, [_cells(row) for row in chosen], "No keys.")


_COLUMNS = ("id", "name", "key", "state", "wallet USD", "used USD", "budget", "limits", "group")


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    from nexhina_nb.pricing.cost import usd
    from nexhina_nb.store.terms import terms_of

    terms = terms_of(row)
    budget = ""
    if terms.budget_period:
        budget = f"{usd(row['budget_used'])} of {usd(terms.budget)} USD {terms.budget_period}"
    return (
        row["id"], row["name"], row["key_hint"], _state(row), f"wallet {usd(row['quota'])}",
        str(usd(row["used_quota"])), budget, words(terms), terms.group,
    )  # fmt: skip


def _state(row: dict[str, Any]) -> str:
    from nexhina_nb.store.accounts import ENABLED
    from nexhina_nb.store.terms import NEVER

    if row["status"] != ENABLED:
        return "off"
    if row["expired_time"] != NEVER and row["expired_time"] <= time.time():
        return "expired"
    left = row["quota"] if row["unlimited_quota"] else min(row["quota"], row["remain_quota"])
    return "on" if left > 0 else "spent"


_id = click.argument("key_id", type=int, metavar="ID")


@keys.command("show")
@_id
@store_option
@json_option
def show_key(key_id: int, store: str | None, as_json: bool) -> None:
    """One key and its terms. Example: nexhina keys show 3"""
    with opened(store) as found, found.reading() as connection:
        row = _find(connection, key_id)
    if as_json:
        print_json(row)
    else:
        show(_COLUMNS, [_cells(row)], "")


@keys.command("set")
@_id
@click.option("--name", help="A new name.")
@terms_options
@store_option
def set_key(key_id: int, name: str | None, store: str | None, **given: Any) -> None:
    """Change what a key may do; what is not named stays.

    Example: nexhina keys set 3 --rpm 60 --expires never
    """
    from nexhina_nb.store.keys import edit_key
    from nexhina_nb.store.terms import terms_of

    changed = changes(given)
    with opened(store) as found, found.writing() as connection:
        terms = replace(terms_of(_find(connection, key_id)), **changed)
        edit_key(connection, key_id, terms, name=name)
    click.echo(f"Key {key_id} is changed.")


@keys.command("topup")
@_id
@click.option("--usd", type=USD, required=True, help="Money to put into the wallet of its user.")
@store_option
def top_up(key_id: int, usd: Decimal, store: str | None) -> None:
    """Put money into the wallet that a key spends. Example: nexhina keys topup 3 --usd 0.50"""
    from nexhina_nb.pricing.cost import QUOTA_PER_USD
    from nexhina_nb.store.moves import fresh, grant

    with opened(store) as found, found.writing() as connection:
        user_id = _find(connection, key_id)["user_id"]
        grant(connection, user_id, int(usd * QUOTA_PER_USD), fresh("grant"))
    click.echo(f"The wallet of key {key_id} has {usd} USD more.")


@keys.command("revoke")
@_id
@store_option
def revoke_key(key_id: int, store: str | None) -> None:
    """Turn a key off; a running gateway refuses it within a second.

    Example: nexhina keys revoke 3
    """
    _switch(store, key_id, 2)
    click.echo(f"Key {key_id} is off.")


@keys.command("enable")
@_id
@store_option
def enable_key(key_id: int, store: str | None) -> None:
    """Turn a key on again. Example: nexhina keys enable 3"""
    _switch(store, key_id, 1)
    click.echo(f"Key {key_id} is on.")


@keys.command("delete")
@_id
@store_option
def delete_key(key_id: int, store: str | None) -> None:
    """Delete a key for good; what it spent stays in the ledger. Example: nexhina keys delete 3"""
    from nexhina_nb.store.keys import delete_keys

    with opened(store) as found, found.writing() as connection:
        _find(connection, key_id)
        delete_keys(connection, None, [key_id])
    click.echo(f"Key {key_id} is deleted.")


def _switch(store: str | None, key_id: int, status: int) -> None:
    from nexhina_nb.store.keys import edit_key
    from nexhina_nb.store.terms import terms_of

    with opened(store) as found, found.writing() as connection:
        row = _find(connection, key_id)
        edit_key(connection, key_id, terms_of(row), status=status)


def _find(connection: Connection, key_id: int) -> dict[str, Any]:
    from nexhina_nb.errors import NotFound
    from nexhina_nb.store.accounts import list_tokens

    row = next((row for row in list_tokens(connection) if row["id"] == key_id), None)
    if row is None:
        raise NotFound(f"there is no key {key_id}", hint="`nexhina keys list --all` shows them")
    return row
