"""``nexhina gateway``: run one, look for one, end one."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from nexhina_nb.cli.common import json_option, store_option
from nexhina_nb.settings import load

if TYPE_CHECKING:
    from nexhina_nb.gateway.serve import Ready


@click.group()
def gateway() -> None:
    """Run the gateway, or look for one."""


@gateway.command()
@click.option("--host", help="Address to listen on; 127.0.0.1 unless set.")
@click.option("--port", type=click.IntRange(0, 65535), help="8787 unless set; 0: any free one.")
@store_option
@json_option
@click.option("--end-with-stdin", is_flag=True, help="Leave when standard input ends.")
def serve(
    host: str | None, port: int | None, store: str | None, as_json: bool, end_with_stdin: bool
) -> None:
    """Serve until SIGTERM or Ctrl-C, then let running calls finish."""
    from nexhina_nb.gateway.serve import serve as run

    def say(ready: Ready) -> None:
        click.echo(json.dumps(ready.record()) if as_json else _words(ready))
        sys.stdout.flush()

    def farewell() -> None:
        click.echo("\nLeaving: running calls finish first.", err=True)

    settings = load(host=host, port=port, store=store)
    run(settings, say, farewell, end_with_stdin=end_with_stdin)


def _words(ready: Ready) -> str:
    text = f"The gateway listens at {ready.base_url} (process {ready.pid})."
    if ready.admin_key is not None:
        text += f"\nThe administrator's key, shown this once: {ready.admin_key.reveal()}"
    return text


@gateway.command()
@json_option
def status(as_json: bool) -> None:
    """Say whether a gateway runs for this home, and where."""
    from nexhina_nb import discovery

    running = discovery.find(load().home)
    if as_json:
        record = {"base_url": running.base_url, "pid": running.pid} if running else None
        click.echo(json.dumps(record))
    elif running:
        click.echo(f"A gateway listens at {running.base_url} (process {running.pid}).")
    else:
        click.echo("No gateway runs.")


@gateway.command()
def stop() -> None:
    """End the gateway of this home; running calls finish first."""
    from nexhina_nb.gateway import process

    ended = process.stop(load())
    click.echo(f"Ended process {ended.pid}." if ended else "No gateway runs.")
