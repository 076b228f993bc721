"""Making, changing and removing channels."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from nexhina_nb.cli.channels.finding import find
from nexhina_nb.cli.channels.options import channel_options, fields
from nexhina_nb.cli.common import json_option, opened, print_json, store_option
from nexhina_nb.errors import BadInput

if TYPE_CHECKING:
    from nexhina_nb.store.channels import Channel

_which = click.argument("which", metavar="ID|NAME")


@click.command("add")
@click.option("--name", required=True, help="A name for the channel.")
@click.option(
    "--type", "kind", required=True, type=click.Choice(["openai", "local", "replay"]), help="Kind."
)
@channel_options
@click.option("--discover", is_flag=True, help="Ask the upstream for its models.")
@store_option
@json_option
def add(
    name: str, kind: str, discover: bool, store: str | None, as_json: bool, **given: Any
) -> None:
    """Add a channel; a running gateway uses it within a second.

    Example: nexhina channels add --name lab --type openai --base-url http://gpu:8000/v1 --discover
    """
    from nexhina_nb.cli.channels.asking import discovered
    from nexhina_nb.store.channels import Channel, add_channel

    if kind == "replay":
        raise BadInput("channels of type replay come with record and replay", hint="not yet there")
    if not given["models"] and not discover:
        raise BadInput("say which models it serves", hint="--models a,b or --discover")
    values = {"models": ()} | fields(name, given)
    channel = _checked(Channel(name=name, type=kind, code=100 if kind == "local" else 1, **values))
    if discover and not channel.models:
        channel = replace(channel, models=discovered(channel))
    with opened(store) as found, found.writing() as connection:
        channel_id = add_channel(connection, channel)
    if as_json:
        print_json({"id": channel_id, "models": channel.models})
    else:
        click.echo(f"Channel {channel_id} is on.")


def _checked(channel: Channel) -> Channel:
    from nexhina_nb.gateway.upstreams import target

    if channel.type == "openai":
        target.parse(channel.base_url)
    return channel


@click.command("set")
@_which
@click.option("--name", help="A new name.")
@channel_options
@store_option
def change(which: str, name: str | None, store: str | None, **given: Any) -> None:
    """Change a channel; what is not named stays. Example: nexhina channels set 2 --priority 10"""
    from nexhina_nb.store.channels import change_channel

    with opened(store) as found, found.writing() as connection:
        channel = find(connection, which)
        values = fields(name or channel.name, given) | ({"name": name} if name else {})
        # Of the keys there were, nothing that was learned holds for others.
        values |= {"key_states": {}} if "keys" in values else {}
        change_channel(connection, _checked(replace(channel, **values)))
    click.echo(f"Channel {channel.id} is changed.")


@click.command("enable")
@_which
@store_option
def enable(which: str, store: str | None) -> None:
    """Turn a channel on, with all its keys. Example: nexhina channels enable 2"""
    _turn(store, which, 1, "on")


@click.command("disable")
@_which
@store_option
def disable(which: str, store: str | None) -> None:
    """Turn a channel off. Example: nexhina channels disable 2"""
    _turn(store, which, 2, "off")


def _turn(store: str | None, which: str, status: int, word: str) -> None:
    from nexhina_nb.store.channels import change_channel

    with opened(store) as found, found.writing() as connection:
        channel = find(connection, which)
        states = {} if status == 1 else channel.key_states
        change_channel(connection, replace(channel, status=status, key_states=states))
    click.echo(f"Channel {channel.id} is {word}.")


@click.command("remove")
@_which
@store_option
def remove(which: str, store: str | None) -> None:
    """Remove a channel. Example: nexhina channels remove 2"""
    from nexhina_nb.store.channels import remove_channel

    with opened(store) as found, found.writing() as connection:
        channel = find(connection, which)
        remove_channel(connection, channel.id)
    click.echo(f"Channel {channel.id} is removed.")
