"""``%nexhina cost``: what a key has spent, from the gateway's own log, and what is left of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nexhina_nb.analysis import costs
from nexhina_nb.analysis.costs import CostReport, Place
from nexhina_nb.client.cost import Cost as CallCost
from nexhina_nb.errors import NotFound, NotOffered
from nexhina_nb.magics.commands.connection import connect
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Cost
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.cost import format_usd, usd


def cost(context: Context, args: Cost) -> CostReport | Note:
    """The calls of the key, grouped; if the gateway has no log, what this kernel knows."""
    client = connect(context)
    kernel = session_line(context.state.costs)
    place = Place(context.origin.notebook, context.state.cells, everything=args.everything)
    by = args.by or "model"
    try:
        report = costs.cost(by, since=args.since, until=args.until, client=client, place=place)
    except (NotFound, NotOffered):
        return Note(f"{client.base_url} keeps no log that a key may read.\n{kernel}")
    if context.state.costs:
        report = replace(report, notes=(*report.notes, kernel))
    if args.out is not None:
        context.names.assign(args.out, report.frame())
    return report


def session_line(spent: Iterable[CallCost]) -> str:
    """What the commands of this kernel have cost since it loaded the magics."""
    quotas = [cost.quota for cost in spent]
    known = [quota for quota in quotas if quota is not None]
    commands = "1 command" if len(quotas) == 1 else f"{len(quotas)} commands"  # of many calls, some
    unknown = len(quotas) - len(known)
    more = f", {unknown} of unknown cost" if unknown else ""
    return f"Magics of this kernel: {commands}, {format_usd(usd(sum(known)))}{more}."
