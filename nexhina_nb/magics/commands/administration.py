"""``%nexhina keys``, ``channels`` and so on: commands of the command line, on the store of this
machine's gateway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from nexhina_nb import discovery
from nexhina_nb.cli.common import Place, revealed
from nexhina_nb.client import tables
from nexhina_nb.client.target import normalise
from nexhina_nb.errors import BadInput
from nexhina_nb.magics import command_line
from nexhina_nb.magics.display import Note, Remark
from nexhina_nb.magics.options import Administration
from nexhina_nb.magics.state import Context
from nexhina_nb.secret import Secret
from nexhina_nb.store.db import default_url

_SHOWN = "is in this notebook now, and not to be had again; `-o VAR` would have kept it out."


class Cell(Place):
    """The cell that a command runs in: what it shows is displayed, or kept in a variable."""

    def __init__(self, context: Context, out: str | None) -> None:
        self._context, self._out = context, out
        self.has_kept = False

    @property
    def store(self) -> str:
        """That of the running gateway if it is a file, since what a gateway announces has no
        password in it. Raises BadInput where the cells talk to a gateway elsewhere.
        """
        settings = self._context.settings
        running = discovery.find(settings.home)
        named = self._context.base_url or settings.base_url
        if named and (running is None or normalise(named) != normalise(running.base_url)):
            raise BadInput(
                f"cells talk to {normalise(named)}, and this verb is for this machine's gateway",
                hint="run it where that gateway runs, or take the base URL away",
            )
        announced = running.store if running is not None else ""
        if announced.startswith("sqlite:"):
            return announced
        return settings.store or default_url(settings.home)

    def show_rows(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        if self._out is not None:
            self._keep(pd.DataFrame(list(rows), columns=list(columns)))
            return
        bundle = tables.mimebundle(columns, rows)
        self._context.screen.show(Note(bundle.pop("text/plain"), rich=bundle))

    def show_key(self, key: Secret) -> None:
        if self._out is not None:
            self._keep(key)
            return
        self._context.screen.show(Note(key.reveal()))
        self._context.screen.show(Remark(f"The key {_SHOWN}"))

    def show_codes(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        if self._out is not None:
            self.show_rows(columns, rows)  # secrets stay what they are in a frame
            return
        self.show_rows(columns, revealed(rows))
        self._context.screen.show(Remark(f"What was made {_SHOWN}"))

    def confirm(self, question: str, option: str) -> None:
        # A cell that waits for an answer would hold up those that are to run after it.
        raise BadInput(question, hint=f"say so with {option}")

    def _keep(self, value: Any) -> None:
        self._context.names.assign(self._out, value)
        self.has_kept = True


def keys(context: Context, args: Administration) -> None:
    """Keys of the gateway."""
    _run(context, "keys", args)


def channels(context: Context, args: Administration) -> None:
    """Where the gateway sends calls."""
    _run(context, "channels", args)


def classes(context: Context, args: Administration) -> None:
    """Classes of students."""
    _run(context, "class", args)


def codes(context: Context, args: Administration) -> None:
    """Codes that become keys."""
    _run(context, "codes", args)


def groups(context: Context, args: Administration) -> None:
    """Groups: prices and limits."""
    _run(context, "groups", args)


def cache(context: Context, args: Administration) -> None:
    """Answers that are kept on disk."""
    _run(context, "cache", args)


def verify(context: Context, args: Administration) -> None:
    """Whether every balance is the sum of its entries."""
    _run(context, "verify", args)


def _run(context: Context, name: str, args: Administration) -> None:
    if args.out is not None and "--json" in args.words:
        # What is printed would be in the notebook all the same.
        raise BadInput("-o and --json do not go together", hint="leave one of them out")
    cell = Cell(context, args.out)
    help_too = ("--help",) if args.help else ()
    command_line.run((name, *args.words, *help_too), cell)
    if args.out is not None and not cell.has_kept:
        context.screen.show(Remark(f"There was nothing to put into {args.out}."))
