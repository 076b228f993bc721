"""``nexhina channels``: where the gateway sends calls."""

from __future__ import annotations

import click

from nexhina_nb.cli.channels.asking import models, test
from nexhina_nb.cli.channels.changing import add, change, disable, enable, remove
from nexhina_nb.cli.channels.fallback import fallback
from nexhina_nb.cli.channels.listing import list_all


@click.group()
def channels() -> None:
    """Upstream channels of the gateway."""


for command in (add, list_all, change, enable, disable, test, models, remove, fallback):
    channels.add_command(command)
