"""A verb for each row of a frame: the batch, and what is shown of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from nexhina_nb.batch.options import Options, Outcome
from nexhina_nb.errors import GatewayNotRunning, NexhinaError
from nexhina_nb.magics.commands.connection import Stopwatch, connect, preview
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.options import Call
from nexhina_nb.magics.state import Context
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.pricing.price import UnknownPriceWarning
from nexhina_nb.tabular.rows import Plan, over_rows

Batch = Callable[[Options], Outcome | Estimate]


def each_row(
    context: Context,
    args: Call,
    plan: Plan,
    frame: Any,
    told: Callable[[Any], str],
    *,
    cache: bool,
) -> Note | None:
    """Carry out a plan on a frame and show what came of it; ``told`` says it of the new frame."""
    watch, model = Stopwatch(), args.model or plan.model(context.settings)
    outcome = carry_out(context, args, partial(over_rows, plan, frame), model=model, cache=cache)
    if isinstance(outcome, Estimate):
        return preview(context, args, outcome)
    context.names.assign(args.out, outcome.frame)
    words = [told(outcome.frame), *remarks(outcome, plan.error)]
    show_frame(context, args.out, outcome.frame, facts_of(outcome, watch), words)
    return None


def carry_out(
    context: Context, args: Call, batch: Batch, *, model: str, cache: bool
) -> Outcome | Estimate:
    """Carry out a batch as the options of its line say. If it does not come to its end, what was
    paid for is kept.
    """
    try:
        client = connect(context)
    except GatewayNotRunning:
        client = None  # what is on disk needs none, nor does a price
    costs = context.state.costs
    options = Options(
        model=model,
        client=client,
        cache=cache,
        progress=context.origin.is_watched,
        budget=args.budget,
        dry_run=args.dry_run,
        costs=costs,
    )
    before = len(costs)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UnknownPriceWarning)  # the estimate says it
            return batch(options)
    except NexhinaError as error:
        if len(costs) > before:
            context.names.assign(args.out, error.partial)
        raise


def facts_of(outcome: Outcome, watch: Stopwatch) -> Mapping[str, Any]:
    """What is known of a batch, for output metadata."""
    return {
        "model": outcome.model,
        "request_id": outcome.request_id,
        "cost": outcome.cost.as_json(),
        "cached": outcome.progress.cached,
        **watch.facts(),
    }


def remarks(outcome: Outcome, error: str, *, kept: bool = True) -> list[str]:
    """What is told of rows that were not asked for, and of those that came to nothing; ``kept``:
    the frame can be looked at.
    """
    said, progress = [], outcome.progress
    if progress.cached:
        said.append(f"{progress.cached:,} of {progress.total:,} rows from the cache")
    if progress.failed:
        why = f', "{error}" says why' if kept and error in list(outcome.frame.columns) else ""
        said.append(f"{progress.failed:,} of {progress.total:,} rows failed{why}")
    return said


def show_frame(
    context: Context,
    out: str | None,
    frame: Any,
    facts: Mapping[str, Any],
    told: Sequence[str],
) -> None:
    """Show a frame, and what is to be told beside its content; of one that went into a variable,
    only that.
    """
    if out is not None:
        words = "; ".join((f"{out}: {len(frame):,} rows, {told[0]}", *told[1:]))
        context.screen.show(Note(words), facts)
        return
    context.screen.show(frame, facts)
    if len(told) > 1:
        context.screen.show(Note("; ".join(told[1:])))
