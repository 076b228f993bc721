"""What the calls of a client cost, asked from blocking code; `price_page` is the same as a flow."""

from __future__ import annotations

from nexhina_nb.client.beside import carried_out
from nexhina_nb.client.price_page import SOON, catalog, kept
from nexhina_nb.client.shell import Shell
from nexhina_nb.pricing.catalog import Catalog


def prices_of(client: Shell | None) -> Catalog:
    """The prices that hold for a client's calls: its gateway's own over the bundled catalogue.

    Waits two seconds at most for the gateway, asks it once a minute, and never raises. Without a
    client, and for an AsyncClient with a ``http_client`` of its own, it is the bundled catalogue.
    """
    if client is None:
        return Catalog.bundled()
    found = kept(client._session.target)
    with found.asking:
        told = found.catalog if found.is_fresh else carried_out(client, catalog)
        if told is None:
            found.keep(found.catalog, SOON)
        return found.catalog if told is None else told
