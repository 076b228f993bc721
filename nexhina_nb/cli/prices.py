"""``nexhina prices``: what this gateway charges, where it differs from the packaged table."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from nexhina_nb.cli.common import json_option, opened, parse_usd, store_option
from nexhina_nb.errors import BadInput

if TYPE_CHECKING:
    from nexhina_nb.pricing.price import Price


@click.group()
def prices() -> None:
    """Prices of the gateway."""


@prices.command("set")
@click.argument("model")
@click.option("--per-call", help="USD for each call.")
@click.option("--input", "input_", help="USD for 1M input tokens.")
@click.option("--output", help="USD for 1M output tokens.")
@click.option("--cached", help="USD for 1M input tokens read from the cache.")
@store_option
def set_one(
    model: str,
    per_call: str | None,
    input_: str | None,
    output: str | None,
    cached: str | None,
    store: str | None,
) -> None:
    """Set a model's price from now on; older rows stay, so that the past keeps its prices."""
    from nexhina_nb.pricing.page import to_pricing_row
    from nexhina_nb.pricing.price import Price
    from nexhina_nb.store.prices import set_price

    if (per_call is None) == (input_ is None):
        raise BadInput("say what the model costs", hint="either --per-call USD or --input USD")
    if per_call is not None:
        price = Price.per_call_usd(parse_usd(per_call))
    else:
        price = Price.per_million(
            input=parse_usd(input_ or "0"),
            output=parse_usd(output or "0"),
            cached=None if cached is None else parse_usd(cached),
        )
    with opened(store) as found, found.writing() as connection:
        set_price(connection, model, json.dumps(to_pricing_row(model, price)))
    click.echo(f"{model} has its new price.")


@prices.command("list")
@store_option
@json_option
def list_all(store: str | None, as_json: bool) -> None:
    """The prices that this store sets itself."""
    from nexhina_nb.pricing.page import from_pricing_page
    from nexhina_nb.store.prices import current_prices

    with opened(store) as found, found.reading() as connection:
        rows = current_prices(connection)
    if as_json:
        click.echo(json.dumps({model: json.loads(text) for model, text in rows.items()}))
        return
    if not rows:
        click.echo("No prices of its own: those of the packaged table count.")
    page = from_pricing_page({"data": [json.loads(text) for text in rows.values()]})
    for model, price in sorted(page.items()):
        click.echo(f"{model:<32} {_words(price)}")


def _words(price: Price) -> str:
    if price.per_call is not None:
        return f"${price.per_call.normalize():f} a call"
    figures = price.usd_per_million()
    return ", ".join(f"{name} ${usd.normalize():f}" for name, usd in figures.items()) + " per 1M"
