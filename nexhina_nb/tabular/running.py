"""A batch under way: the calls in the background, progress in the foreground, and what is left when
it does not come to its end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nexhina_nb.batch.background import Manner, carry_out
from nexhina_nb.batch.desk import Desk
from nexhina_nb.batch.options import Options
from nexhina_nb.batch.progress import Report
from nexhina_nb.batch.runner import Part, Value, Work
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.turns import Turns
from nexhina_nb.client.budgets import budget
from nexhina_nb.client.cost import Cost
from nexhina_nb.errors import BudgetExceeded, NexhinaError, Stopped
from nexhina_nb.pricing.cost import format_usd
from nexhina_nb.widgets.progress import shown

NO_TIME = 1e-6  # seconds: of a deadline that has passed
_UNSENT = "nothing was sent; "
SoFar = Callable[[], Any] | None  # makes the frame so far; None if the batch is a piece of one


@contextmanager
def reading(verb: str) -> Iterator[None]:
    """An interrupt of a block that reads a frame is Stopped: there is no frame so far."""
    try:
        yield
    except Stopped:  # it has its words already
        raise
    except KeyboardInterrupt:
        words = f"{verb} was stopped while it read the frame, before anything was sent"
        raise Stopped(words) from None


@contextmanager
def stoppable(verb: str, desk: Desk, tally: Tally, so_far: SoFar) -> Iterator[None]:
    """An interrupt of the block is Stopped, with the frame so far in its ``.partial``."""
    try:
        yield
    except Stopped:
        raise
    except KeyboardInterrupt:
        done = f" with {tally.done:,} of {tally.total:,} rows done" if so_far else ""
        again = "; run it again to go on" if is_kept(desk) else ""
        partial = so_far() if so_far else None
        raise Stopped(f"{verb} was stopped{done}{again}", partial=partial) from None


def carried_out(
    verb: str,
    desk: Desk,
    work: Work[Part, Value],
    parts: Sequence[Part],
    tally: Tally,
    options: Options,
    so_far: SoFar,
    *,
    turns: Turns | None = None,
    poll: Callable[[], None] | None = None,
    report: Report | None = None,
) -> None:
    """Ask for the parts, and show how far that is. An error has the frame so far in its
    ``.partial``; an interrupt is for `stoppable`.
    """
    cost = Cost()  # unknown if it does not come to its end: calls under way are billed too
    manner = Manner(
        most=options.max_concurrency or desk.settings.max_concurrency,
        deadline=options.deadline,
        hedged=options.hedge,
        turns=turns,
        poll=poll,
    )
    try:
        with _reported(verb, options, report) as tell, _capped(options):
            if parts and options.deadline is not None and options.deadline <= NO_TIME:
                tally.is_late = True
            elif parts:
                carry_out(work, parts, desk.connected(), manner, tally, tell)
            cost = tally.cost
            tell(tally.progress(finished=True))
    except NexhinaError as error:
        if so_far is not None:
            error.partial = so_far()
        if isinstance(error, BudgetExceeded):
            raise _out_of_money(verb, desk, tally, error, so_far) from None
        raise
    finally:
        if tally.last is not None or tally.cut:
            options.costs.append(cost)


def is_kept(desk: Desk) -> bool:
    """Whether what was answered is on disk."""
    return desk.cache is not None and not desk.cache.fault


def _reported(
    verb: str, options: Options, report: Report | None
) -> contextlib.AbstractContextManager[Report]:
    if report is not None:
        return contextlib.nullcontext(report)
    return shown(verb, enabled=options.progress)


def _capped(options: Options) -> contextlib.AbstractContextManager[Any]:
    if options.budget is None:
        return contextlib.nullcontext()
    return budget(options.budget)


def _out_of_money(
    verb: str, desk: Desk, tally: Tally, error: BudgetExceeded, so_far: SoFar
) -> BudgetExceeded:
    if so_far is None:  # what was sent for other pieces is not known here
        advice = (error.hint or "").removeprefix(_UNSENT)
        kept = "; what was answered is on disk, and not sent again" if is_kept(desk) else ""
        error.hint = f"{advice}{kept}"
        return error
    if not tally.sent:
        return error
    spent = "" if tally.cost.usd is None else f", {format_usd(tally.cost.usd)} spent"
    kept = "; with a higher budget only the rest is sent" if is_kept(desk) else ""
    done = f"{tally.done:,} of {tally.total:,} rows done{spent}"
    found = BudgetExceeded(
        f"{verb} was stopped by the budget with {done}: {error.message}",
        hint=f"the frame so far is in .partial of this error{kept}",
    )
    found.partial = error.partial
    return found
