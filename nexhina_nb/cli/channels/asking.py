"""Asking the upstream of a channel: a small call to see whether it answers, and its models."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from nexhina_nb.cli.channels.finding import find
from nexhina_nb.cli.common import json_option, opened, print_json, show, store_option
from nexhina_nb.errors import BadInput, NexhinaError, Upstream
from nexhina_nb.settings import load

if TYPE_CHECKING:
    from nexhina_nb.gateway.upstreams.base import Call
    from nexhina_nb.store.channels import Channel
    from nexhina_nb.store.db import Store


@click.command("test")
@click.argument("which", metavar="ID|NAME", required=False)
@click.option("--all", "everything", is_flag=True, help="Test every channel.")
@click.option("--model", help="Model to ask; the channel's first one unless given.")
@store_option
@json_option
@click.pass_context
def test(
    context: click.Context,
    which: str | None,
    everything: bool,
    model: str | None,
    store: str | None,
    as_json: bool,
) -> None:
    """Send one short chat through a channel; exit code 1 if it does not answer.

    Example: nexhina channels test lab --model llama-3
    """
    from nexhina_nb.store.channels import list_channels

    if (which is None) == (not everything):
        raise BadInput("say which channel to test", hint="an id, a name, or --all")
    with opened(store) as found:
        with found.reading() as connection:
            wanted = list_channels(connection) if which is None else [find(connection, which)]
        results = [_tested(found, channel, model) for channel in wanted]
    if as_json:
        print_json(results)
    else:
        rows = [(row["name"], row["model"], row["result"]) for row in results]
        show(("channel", "model", "result"), rows, "No channels.")
    if any(row["ms"] is None for row in results):
        context.exit(1)


def _tested(store: Store, channel: Channel, model: str | None) -> dict[str, Any]:
    """Test one channel, and keep what came of it."""
    from nexhina_nb.store.channels import change_channel, find_channel

    name = model or channel.test_model or channel.models[0]
    started = time.monotonic()
    record = {"id": channel.id, "name": channel.name, "model": name}
    try:
        asyncio.run(_answer(channel, _chat(channel, name)))
    except NexhinaError as error:
        return record | {"ms": None, "result": str(error)}
    spent = round((time.monotonic() - started) * 1000)
    with store.writing() as connection:
        fresh = find_channel(connection, channel.id)
        change_channel(connection, replace(fresh, test_time=int(time.time()), response_time=spent))
    return record | {"ms": spent, "result": f"{spent} ms"}


def _chat(channel: Channel, model: str) -> Call:
    from nexhina_nb.gateway.upstreams.base import Call

    asked = channel.mapping.get(model, model)
    body = {"model": asked, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 16}
    return Call("/chat/completions", body)


@click.command("models")
@click.argument("which", metavar="ID|NAME")
@store_option
@json_option
def models(which: str, store: str | None, as_json: bool) -> None:
    """Ask the upstream of a channel for its models. Example: nexhina channels models lab"""
    with opened(store) as found, found.reading() as connection:
        channel = find(connection, which)
    names = discovered(channel)
    if as_json:
        print_json(names)
    else:
        show(("model", "served"), [(n, "yes" if n in channel.models else "") for n in names], "")


def discovered(channel: Channel) -> tuple[str, ...]:
    """The models that an upstream names. Raises Upstream if it names none."""
    from nexhina_nb.gateway.upstreams.base import Call

    if channel.type == "local":
        raise BadInput("a local channel has no upstream to ask", hint="--models local/chat")
    reply = asyncio.run(_answer(channel, Call("/models", method="GET")))
    rows = reply.get("data")
    found = [row.get("id") for row in rows if isinstance(row, dict)] if rows else []
    names = tuple(dict.fromkeys(name for name in found if isinstance(name, str) and name))
    if not names:
        raise Upstream("the upstream names no models", hint="list them with --models a,b")
    return names


async def _answer(channel: Channel, call: Call) -> dict[str, Any]:
    """The JSON object that a channel answers with. Raises Upstream for any other answer."""
    from nexhina_nb.gateway.upstreams.base import read
    from nexhina_nb.gateway.upstreams.registry import connect, read_keys

    settings = load()
    port = connect(channel, settings, read_keys(channel, settings)[0])
    async with aclosing(port), aclosing(await port.send(call)) as answer:
        body = await read(answer)
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if answer.status >= 400 or not isinstance(value, dict) or value.get("error"):
        raise Upstream(
            f"the upstream answered with status {answer.status}{_reason(value)}",
            hint="check the base URL, the key and the model",
        )
    return value


def _reason(value: Any) -> str:
    error = value.get("error") if isinstance(value, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return f": {' '.join(message.split()):.200}" if isinstance(message, str) else ""
