"""``%nexhina logs``: the newest calls as a table, and all that match as a frame."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from nexhina_nb.analysis import frames
from nexhina_nb.analysis.listing import Listing
from nexhina_nb.analysis.selection import Selection
from nexhina_nb.errors import BadInput, StoreError
from nexhina_nb.magics.commands.connection import connect
from nexhina_nb.magics.options import Logs
from nexhina_nb.magics.state import Context

if TYPE_CHECKING:
    import polars as pl

SHOWN = 20


def logs(context: Context, args: Logs) -> Listing:
    """The calls of this machine's gateway; of any other one, those of the key."""
    if args.errors and args.type:
        raise BadInput("--errors and --type do not go together", hint="leave one of them out")
    count = SHOWN if args.count is None else args.count
    if count < 1:
        raise BadInput(f"-n {count} shows nothing", hint="1 or more")
    kind = "error" if args.errors else args.type
    exact: dict[str, Any] = {
        "channel": args.channel,
        "group": args.group,
        "request_id": args.request_id,
    }
    wanted = Selection.read(args.since, args.until, args.key, args.model, kind, **exact)
    every, newest = _read(context, wanted, count)
    if args.out is not None:
        context.names.assign(args.out, every)
    return Listing(newest.collect().reverse())


def _read(context: Context, wanted: Selection, count: int) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    """All rows that match, and the newest of them."""
    where = context.state.destination(context.settings, context.base_url)
    source: Any = None
    if where.address and where.running is None:
        source = list(reversed(connect(context).logs()))
    try:
        return _both(context, source, wanted, count)
    except StoreError:
        if where.running is None:
            raise
    # The store is somebody else's, or on another machine: the gateway tells what the key may know.
    return _both(context, list(reversed(connect(context).logs())), wanted, count)


def _both(
    context: Context, source: Any, wanted: Selection, count: int
) -> tuple[pl.LazyFrame, pl.LazyFrame]:
    every = frames.read(source, wanted, settings=context.settings)
    return every, frames.read(source, wanted, count, context.settings)
