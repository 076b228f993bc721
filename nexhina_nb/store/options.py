"""What an administrator has set while the gateway runs (contract 7.8): names and texts."""

from __future__ import annotations

import json
from collections.abc import Mapping

from sqlalchemy import Connection, insert, select, update

from nexhina_nb.errors import BadInput
from nexhina_nb.store.tables import options

# Name → default. Ratios and groups are no options here: they have tables of their own.
DEFAULTS: Mapping[str, str] = {
    "QuotaForNewUser": "0",
    "QuotaRemindThreshold": "50000",  # quota: 0.10 USD
    "ModelFallbacks": "{}",  # model → list of models to ask next, as JSON
    "ExposeRatioEnabled": "true",
    "DisplayTokenStatEnabled": "true",
    "SystemName": "nexhina_nb",
    "Notice": "",  # texts for whoever comes to the gateway, as they are
    "About": "",
    "HomePageContent": "",
}


def list_options(connection: Connection) -> dict[str, str]:
    """Every option, as it is set or by default."""
    rows = connection.execute(select(options)).all()
    return {**DEFAULTS, **{row.key: row.value for row in rows}}


def set_option(connection: Connection, key: str, value: str) -> None:
    """Set an option. Raises BadInput for an unknown one or a value that makes no sense."""
    if key not in DEFAULTS:
        raise BadInput(f"there is no option {key!r}", hint=f"known: {', '.join(DEFAULTS)}")
    _check(key, value)
    row = {"value": value}
    if not connection.execute(update(options).where(options.c.key == key).values(row)).rowcount:
        connection.execute(insert(options).values(row | {"key": key}))


def fallbacks_of(text: str) -> dict[str, tuple[str, ...]]:
    """The value of ``ModelFallbacks``: model → the models that answer in its place. Raises
    BadInput.
    """
    try:
        value = json.loads(text or "{}")
    except ValueError:
        value = None
    if not isinstance(value, dict) or not all(
        isinstance(chain, list) and all(isinstance(name, str) for name in chain)
        for chain in value.values()
    ):
        raise BadInput("fall-backs are a JSON object of lists", hint='{"gpt-4o": ["gpt-4o-mini"]}')
    return {model: tuple(chain) for model, chain in value.items()}


def _check(key: str, value: str) -> None:
    default = DEFAULTS[key]
    if "\0" in value:
        raise BadInput(f"{key} has characters that cannot be stored")
    if key == "ModelFallbacks":
        fallbacks_of(value)
    elif default in ("true", "false") and value not in ("true", "false"):
        raise BadInput(f"{key} is true or false")
    elif default.isdecimal() and not (value.isascii() and value.isdecimal() and len(value) < 11):
        raise BadInput(f"{key} is a whole number of quota")
