"""``nexhina channels``: where the gateway sends calls."""

from __future__ import annotations

import dataclasses
import json

import click

from nexhina_nb.cli.common import json_option, opened, parse_names, store_option
from nexhina_nb.errors import BadInput


@click.group()
def channels() -> None:
    """Upstream channels of the gateway."""


@channels.command("add")
@click.option("--name", required=True, help="A name for the channel.")
@click.option("--type", "kind", required=True, type=click.Choice(["openai", "local"]))
@click.option("--base-url", default="", help="Where it listens, ending in /v1.")
@click.option("--key-env", default="", help="Environment variable of the gateway with its key.")
@click.option("--models", required=True, help="Models it serves, separated by commas.")
@click.option("--mapping", default="{}", help='JSON: {"asked name": "upstream\'s name"}.')
@click.option("--priority", default=0, show_default=True, help="Higher is asked first.")
@click.option("--weight", default=1, show_default=True, help="Share among equal priorities.")
@click.option("--group", default="default", show_default=True, help="Groups that may use it.")
@store_option
@json_option
def add(
    name: str,
    kind: str,
    base_url: str,
    key_env: str,
    models: str,
    mapping: str,
    priority: int,
    weight: int,
    group: str,
    store: str | None,
    as_json: bool,
) -> None:
    """Add a channel; a running gateway uses it within a second."""
    from nexhina_nb.gateway.upstreams import target
    from nexhina_nb.store.channels import Channel, add_channel

    base_url = base_url.strip()
    if kind == "openai":
        target.parse(base_url)
    channel = Channel(
        name=name,
        type=kind,
        models=parse_names(models),
        base_url=base_url,
        keys=(f"env:{key_env}",) if key_env else (),
        mapping=_mapping(mapping),
        priority=priority,
        weight=weight,
        groups=parse_names(group),
    )
    with opened(store) as found, found.writing() as connection:
        channel_id = add_channel(connection, channel)
    click.echo(json.dumps({"id": channel_id}) if as_json else f"Channel {channel_id} is on.")


def _mapping(text: str) -> dict[str, str]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict) or not all(isinstance(v, str) for v in value.values()):
        raise BadInput("--mapping takes a JSON object of names", hint='{"gpt-4o": "my-model"}')
    return value


@channels.command("list")
@store_option
@json_option
def list_all(store: str | None, as_json: bool) -> None:
    """Every channel."""
    from nexhina_nb.store.channels import list_channels

    with opened(store) as found, found.reading() as connection:
        rows = list_channels(connection)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(row) for row in rows]))
        return
    for row in rows:
        click.echo(
            f"{row.id:>4}  {row.name:<20} {row.type:<8} {row.base_url:<40} {', '.join(row.models)}"
        )


@channels.command("remove")
@click.argument("channel_id", type=int, metavar="ID")
@store_option
def remove(channel_id: int, store: str | None) -> None:
    """Remove a channel."""
    from nexhina_nb.store.channels import remove_channel

    with opened(store) as found, found.writing() as connection:
        remove_channel(connection, channel_id)
    click.echo(f"Channel {channel_id} is removed.")
