"""The client that the cells share, and what is known of each call before and after it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nexhina_nb.client import Client
from nexhina_nb.client.budgets import Budget
from nexhina_nb.client.prices import prices_of
from nexhina_nb.errors import NexhinaError
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Call
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.estimate import Estimate, estimate
from nexhina_nb.pricing.price import UnknownPriceWarning


def connect(context: Context) -> Client:
    """The client for this call. Raises GatewayNotRunning if there is nothing to talk to.

    It is made anew when a setting or the running gateway changes. How the cell begins is kept for
    the report of costs by cell, if the gateway learns which cell is calling.
    """
    state = context.state
    where = state.destination(context.settings, context.base_url)
    if state.connection is None or state.connection[0] != where:
        # The one before stays open: a video that it ordered may still be asked about.
        state.connection = where, where.connect()
    client = state.connection[1]
    if client.is_trusted and context.origin.cell:
        state.cells[context.origin.cell] = context.origin.label
    return client


def prices(context: Context) -> Catalog:
    """The prices of the gateway that the cell would call; without one, the bundled ones."""
    try:
        client = connect(context)
    except NexhinaError:
        return prices_of(None)
    return prices_of(client)


def price(verb: Any, inputs: Any, **more: Any) -> Estimate:
    """The estimate of a call; that a price is unknown is said in it, not by a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownPriceWarning)
        return estimate(verb, inputs, **more)


def priced(context: Context, args: Call, estimated: Callable[..., Estimate]) -> Note | None:
    """What --dry-run shows, else None; with --budget what is too dear is refused. ``estimated`` is
    told the prices, as ``catalog``.
    """
    if args.dry_run:
        return preview(context, args, estimated(catalog=prices(context)))
    if args.budget is not None:
        guard(args, estimated(catalog=prices(context)))
    return None


def preview(context: Context, args: Call, estimated: Estimate) -> Note:
    """What --dry-run shows and keeps."""
    context.names.assign(args.out, estimated)
    return Note(str(estimated), rich={"text/html": estimated._repr_html_()})


def guard(args: Call, estimated: Estimate) -> None:
    """Refuse what may cost more than its budget before the first of its calls. Raises
    BudgetExceeded.

    The client judges each call again, by all that is sent; what is known only of that, as how much
    earlier turns hold, is left to it.
    """
    if args.budget is not None and not estimated.floor:
        Budget(args.budget).check(estimated)


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Starts when it is made."""

    started: float = field(default_factory=time.monotonic)

    def facts(self) -> dict[str, Any]:
        """Seconds since then, for output metadata."""
        return {"seconds": round(time.monotonic() - self.started, 3)}
