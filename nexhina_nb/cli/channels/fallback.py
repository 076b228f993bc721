"""``nexhina channels fallback``: the models that answer when nobody serves the one asked for."""

from __future__ import annotations

import json

import click

from nexhina_nb.cli.common import NAMES, opened, store_option
from nexhina_nb.errors import BadInput


@click.command("fallback")
@click.argument("model")
@click.argument("chain", type=NAMES, required=False, metavar="[A,B]")
@click.option("--none", "is_none", is_flag=True, help="Take its fall-backs away.")
@store_option
def fallback(model: str, chain: tuple[str, ...] | None, is_none: bool, store: str | None) -> None:
    """Set the models that answer in the place of MODEL, or show them.

    Example: nexhina channels fallback gpt-4o gpt-4o-mini,local/chat
    """
    from nexhina_nb.store.options import fallbacks_of, list_options, set_option

    if chain and is_none:
        raise BadInput("--none and models do not go together", hint="leave one of them out")
    with opened(store) as found, found.writing() as connection:
        known = fallbacks_of(list_options(connection)["ModelFallbacks"])
        if chain or is_none:
            known = {name: rest for name, rest in known.items() if name != model}
            known |= {model: chain} if chain else {}
            set_option(connection, "ModelFallbacks", json.dumps(known))
    click.echo(f"{model}: {', '.join(known.get(model, ())) or 'no fall-back'}")
