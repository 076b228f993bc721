"""The command ``nexhina``: the same verbs and options as the magics, for a terminal.

A module a group; each command imports what it needs when it runs, so that ``--help`` is quick.
"""

from __future__ import annotations

import click

from nexhina_nb.cli.cache import cache
from nexhina_nb.cli.channels import channels
from nexhina_nb.cli.classes import classes
from nexhina_nb.cli.codes import codes
from nexhina_nb.cli.common import OneLineErrors
from nexhina_nb.cli.doctor import doctor
from nexhina_nb.cli.gateway import gateway
from nexhina_nb.cli.groups import groups
from nexhina_nb.cli.keys import keys
from nexhina_nb.cli.lab import lab
from nexhina_nb.cli.logs import logs
from nexhina_nb.cli.prices import prices
from nexhina_nb.cli.verify import verify


@click.group(cls=OneLineErrors)
@click.version_option(package_name="nexhina_nb", prog_name="nexhina")
def main() -> None:
    """An OpenAI-compatible gateway and its tools, for notebooks and beside them."""


@main.command()
@click.option(
    "--plot", metavar="FILE", default="nexhina-demo.png", show_default=True, help="Plot to write."
)
def demo(plot: str) -> None:
    """The main job in a terminal: offline, on the built-in engines, under a minute."""
    from nexhina_nb.demo import run

    run(plot)


for group in (gateway, keys, channels, groups, prices, logs, classes, codes, cache):
    main.add_command(group)
for command in (lab, doctor, verify):
    main.add_command(command)
