"""What the commands share: one-line errors, the store they work on, where they show what they have
to say, amounts and spans of time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from nexhina_nb.analysis.moments import span
from nexhina_nb.client.tables import as_text
from nexhina_nb.errors import BadInput, NexhinaError
from nexhina_nb.secret import Secret
from nexhina_nb.settings import load

if TYPE_CHECKING:
    from nexhina_nb.store.db import Store

store_option = click.option("--store", metavar="URL", help="SQLAlchemy URL of the store.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class OneLineErrors(click.Group):
    """Turns this package's errors into one line on standard error and the exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except NexhinaError as error:
            raise click.ClickException(str(error)) from error


class Place:
    """Where a command runs: in a terminal, unless it is handed another place (`current`)."""

    @property
    def store(self) -> str:
        """The URL of the store it works on, empty for that of the settings."""
        return ""

    def show_rows(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table."""
        click.echo(as_text(columns, rows))

    def show_key(self, key: Secret) -> None:
        """A key that is not to be had again."""
        click.echo(key.reveal())

    def show_codes(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
        """A table with codes that are not to be had again; these cells are `Secret`."""
        self.show_rows(columns, revealed(rows))

    def confirm(self, question: str, option: str) -> None:
        """Go on only if the user says so; ``option`` answers yes before it is asked."""
        click.confirm(question, abort=True)


def revealed(rows: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The rows with the text of their secrets."""
    return [[cell.reveal() if isinstance(cell, Secret) else cell for cell in row] for row in rows]


def current() -> Place:
    """The place of the command that runs."""
    return click.get_current_context().find_object(Place) or Place()


def show(columns: Sequence[str], rows: Sequence[Sequence[Any]], empty: str) -> None:
    """A table, or one line if there is nothing in it."""
    if rows:
        current().show_rows(columns, rows)
    else:
        click.echo(empty)


def print_json(value: Any) -> None:
    """One line of JSON."""
    click.echo(json.dumps(value))


@contextmanager
def opened(store: str | None) -> Iterator[Store]:
    """The store named on the command line, or that of the place, or of the settings."""
    from nexhina_nb.store.db import default_url, open_store

    settings = load(store=store or current().store or None)
    with closing(open_store(settings.store or default_url(settings.home))) as found:
        yield found


class Reader(click.ParamType[Any]):
    """The type of an option whose text a function reads; what that raises is the one-line error."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name, self._read = name, read

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return self._read(value) if isinstance(value, str) else value


def parse_usd(text: str) -> Decimal:
    """``"1.50"`` → Decimal; BadInput for anything that is not a finite amount of zero or more."""
    try:
        amount = Decimal(text.removeprefix("$"))
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise BadInput(f"{text!r} is not an amount in USD", hint="for example 1.50")
    return amount


def parse_span(text: str) -> int:
    """``"7d"`` → seconds."""
    found = span(text)
    if found is None:
        raise BadInput(f"{text!r} is not a span of time", hint="for example 30m, 12h, 7d or 2w")
    return int(found.total_seconds())


def parse_names(text: str) -> tuple[str, ...]:
    """``"a, b"`` → ``("a", "b")``."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


USD = Reader("USD", parse_usd)
SPAN = Reader("SPAN", parse_span)
NAMES = Reader("A,B", parse_names)
