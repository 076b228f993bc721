"""``nexhina keys``: make, list and revoke keys, straight in the store; a running gateway
notices.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import click

from nexhina_nb.cli.common import (
    json_option,
    opened,
    parse_names,
    parse_span,
    parse_usd,
    store_option,
)
from nexhina_nb.errors import BadInput

if TYPE_CHECKING:
    from sqlalchemy import Connection


@click.group()
def keys() -> None:
    """Keys of the gateway."""


@keys.command("create")
@click.option("--name", required=True, help="Who or what the key is for.")
@click.option("--usd", help="Money in the key's own wallet, for example 1.00.")
@click.option("--unlimited", is_flag=True, help="Spend from the administrator's wallet.")
@click.option("--models", default="", help="Only these models, separated by commas.")
@click.option("--expires", metavar="SPAN", help="Lifetime, for example 30m, 12h, 7d or 2w.")
@store_option
@json_option
def create_key(as_json: bool, store: str | None, **terms: Any) -> None:
    """Make a key; it is shown this once."""
    with opened(store) as found, found.writing() as connection:
        record = _create(connection, **terms)
    click.echo(json.dumps(record) if as_json else record["key"])


def _create(
    connection: Connection,
    *,
    name: str,
    usd: str | None,
    unlimited: bool,
    models: str,
    expires: str | None,
) -> dict[str, Any]:
    """A key with money is a user of its own, so that its wallet is all that it can spend."""
    from nexhina_nb.pricing.cost import QUOTA_PER_USD
    from nexhina_nb.store import accounts
    from nexhina_nb.store.terms import NEVER

    if unlimited == (usd is not None):
        raise BadInput("say what the key may spend", hint="either --usd 1.00 or --unlimited")
    lifetime = NEVER if expires is None else int(time.time()) + parse_span(expires)
    quota = 0 if usd is None else int(parse_usd(usd) * QUOTA_PER_USD)
    if usd is None:
        user_id = accounts.root_user(connection) or accounts.create_root_user(connection)
    else:
        user_id = accounts.create_user(connection, name, quota=quota)
    token_id, key = accounts.create_token(
        connection, user_id, name, expired_time=lifetime, models=parse_names(models) or None
    )
    return {
        "id": token_id,
        "name": name,
        "key": key.reveal(),
        "quota": quota,
        "unlimited": unlimited,
        "expires_at": 0 if lifetime == NEVER else lifetime,
    }


@keys.command("list")
@store_option
@json_option
def list_keys(store: str | None, as_json: bool) -> None:
    """Every key, masked, with what its wallet holds."""
    from nexhina_nb.pricing.cost import usd
    from nexhina_nb.store.accounts import ENABLED, list_tokens

    with opened(store) as found, found.reading() as connection:
        rows = list_tokens(connection)
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        state = "on" if row["status"] == ENABLED else "off"
        click.echo(
            f"{row['id']:>4}  {row['name']:<24} {row['key_hint']:<20} {state:<4}"
            f"wallet {usd(row['quota'])} USD, used {usd(row['used_quota'])} USD"
        )


@keys.command("revoke")
@click.argument("key_id", type=int, metavar="ID")
@store_option
def revoke_key(key_id: int, store: str | None) -> None:
    """Turn a key off; a running gateway refuses it within a second."""
    from nexhina_nb.store.accounts import revoke_token

    with opened(store) as found, found.writing() as connection:
        revoke_token(connection, key_id)
    click.echo(f"Key {key_id} is off.")
