"""What the commands share: one-line errors, the store they work on, amounts and spans of time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from nexhina_nb.analysis.moments import span
from nexhina_nb.errors import BadInput, NexhinaError
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


@contextmanager
def opened(store: str | None) -> Iterator[Store]:
    """The store of the settings, or the one named on the command line."""
    from nexhina_nb.store.db import default_url, open_store

    settings = load(store=store)
    with closing(open_store(settings.store or default_url(settings.home))) as found:
        yield found


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
