"""Prices that this store sets itself, over the packaged table. Dated rows: a new price never erases
an old one. A model whose price is taken back has a row that says so.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection, insert, select

from nexhina_nb.store.tables import prices

_NONE = "null"


def set_price(connection: Connection, model: str, price: str, *, since: int | None = None) -> None:
    """From ``since`` (Unix seconds, default now) the model costs what the JSON text ``price``
    says.
    """
    connection.execute(
        insert(prices).values(
            model=model, since=int(time.time()) if since is None else since, price=price
        )
    )


def forget_price(connection: Connection, model: str) -> None:
    """From now on the model costs what the packaged table says."""
    set_price(connection, model, _NONE)


def current_prices(connection: Connection, at: int | None = None) -> dict[str, str]:
    """Model → JSON text of the newest price that is in force (at ``at``, default now)."""
    now = int(time.time()) if at is None else at
    statement = (
        select(prices.c.model, prices.c.price)
        .where(prices.c.since <= now)
        .order_by(prices.c.since, prices.c.id)
    )
    newest = {row.model: row.price for row in connection.execute(statement)}
    return {model: price for model, price in newest.items() if price != _NONE}
