"""``nexhina verify``: whether every balance is the sum of its entries."""

from __future__ import annotations

from dataclasses import asdict

import click

from nexhina_nb.cli.common import json_option, opened, print_json, store_option


@click.command()
@store_option
@json_option
@click.pass_context
def verify(context: click.Context, store: str | None, as_json: bool) -> None:
    """Compute every balance anew from the ledger; exit code 1 if one differs.

    One line per difference. The gateway may run meanwhile. Example: nexhina verify --json
    """
    from nexhina_nb.store.verify import verify as differences

    with opened(store) as found, found.reading() as connection:
        gaps = differences(connection)
    if as_json:
        print_json([asdict(gap) for gap in gaps])
    else:
        for gap in gaps:
            click.echo(str(gap))
        if not gaps:
            click.echo("Every balance is the sum of its entries.")
    if gaps:
        context.exit(1)
