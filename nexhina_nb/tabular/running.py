"""A batch under way: the calls in the background, progress in the foreground, and what is left when
it does not come to its end.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
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


def carried_out(
    verb: str,
    desk: Desk,
    work: Work[Part, Value],
    parts: Sequence[Part],
    tally: Tally,
    options: Options,
    so_far: Callable[[], Any],
    *,
    turns: Turns | None = None,
    poll: Callable[[], None] | None = None,
    report: Report | None = None,
) -> None:
    """Ask for the parts, and show how far that is. What ends the batch has the frame so far in its
    ``.partial``.
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
    except KeyboardInterrupt:
        raise Stopped(_stopped(verb, desk, tally), partial=so_far()) from None
    except BudgetExceeded as error:
        if not tally.done:
            error.partial = so_far()
            raise
        raise _out_of_money(verb, desk, tally, error, so_far()) from None
    except NexhinaError as error:
        error.partial = so_far()
        raise
    finally:
        if tally.last is not None or tally.cut:
            options.costs.append(cost)


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
    verb: str, desk: Desk, tally: Tally, error: BudgetExceeded, partial: Any
) -> BudgetExceeded:
    spent = "" if tally.cost.usd is None else f", {format_usd(tally.cost.usd)} spent"
    kept = "; with a higher budget only the rest is sent" if _is_kept(desk) else ""
    done = f"{tally.done:,} of {tally.total:,} rows done{spent}"
    found = BudgetExceeded(
        f"{verb} was stopped by the budget with {done}: {error.message}",
        hint=f"the frame so far is in .partial of this error{kept}",
    )
    found.partial = partial
    return found


def _is_kept(desk: Desk) -> bool:
    return desk.cache is not None and not desk.cache.fault


def _stopped(verb: str, desk: Desk, tally: Tally) -> str:
    again = "; run it again to go on" if _is_kept(desk) else ""
    return f"{verb} was stopped with {tally.done:,} of {tally.total:,} rows done{again}"
