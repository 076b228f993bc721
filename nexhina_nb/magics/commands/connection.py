"""The client that the cells share, and what is known of each call before and after it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nexhina_nb.client import Client
from nexhina_nb.errors import BadInput
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Call
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.cost import format_usd
from nexhina_nb.pricing.estimate import Estimate, estimate
from nexhina_nb.pricing.price import UnknownPriceWarning

# How a note of an estimate begins that knows only part of the price.
FLOOR = "a floor"


def connect(context: Context) -> Client:
    """The client for this call. Raises GatewayNotRunning if there is nothing to talk to.

    It is made anew when a setting or the running gateway changes. Only the gateway of this machine
    learns which notebook and cell is calling: nobody else needs to know.
    """
    state = context.state
    where = state.destination(context.settings, context.base_url)
    if state.connection is None or state.connection[0] != where:
        # The one before stays open: a video that it ordered may still be asked about.
        state.connection = where, where.connect()
    client = state.connection[1]
    if where.running is None:
        return client
    if context.origin.cell:
        state.cells[context.origin.cell] = context.origin.label
    return client.with_tags(**context.origin.tags())


def price(verb: Any, inputs: Any, **more: Any) -> Estimate:
    """The estimate of a call; that a price is unknown is said in it, not by a warning."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownPriceWarning)
        return estimate(verb, inputs, **more)


def priced(context: Context, args: Call, estimated: Callable[[], Estimate]) -> Note | None:
    """What --dry-run shows, else None; with --budget a call that is too dear is refused."""
    if args.dry_run:
        return preview(context, args, estimated())
    if args.budget is not None:
        guard(args, estimated())
    return None


def preview(context: Context, args: Call, estimated: Estimate) -> Note:
    """What --dry-run shows and keeps."""
    context.names.assign(args.out, estimated)
    return Note(str(estimated), rich={"text/html": estimated._repr_html_()})


def guard(args: Call, estimated: Estimate) -> None:
    """Refuse a call that may cost more than its budget. Raises BadInput."""
    if args.budget is None:
        return
    if estimated.usd is None or any(note.startswith(FLOOR) for note in estimated.notes):
        raise BadInput(
            f"{_unknown(estimated)}, so that no budget can be kept",
            hint="nothing was sent; leave --budget out, or use a model of `%nexhina models`",
        )
    most = estimated.usd[1]
    if most > args.budget:
        advice = "raise --budget"
        if estimated.assumption:
            advice = f"lower --max-tokens or {advice} ({estimated.assumption})"
        raise BadInput(
            f"this call may cost {format_usd(most)}, the budget is ${args.budget.normalize():f}",
            hint=f"nothing was sent; {advice}",
        )


def _unknown(estimated: Estimate) -> str:
    if estimated.price is None:
        return f"no price is known for {estimated.model}"
    if estimated.usd is None:
        return "the length of the recording is not known"
    return "what this call takes is known only afterwards"


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """Starts when it is made."""

    started: float = field(default_factory=time.monotonic)

    def facts(self) -> dict[str, Any]:
        """Seconds since then, for output metadata."""
        return {"seconds": round(time.monotonic() - self.started, 3)}
