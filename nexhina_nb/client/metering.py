"""What a call costs, kept in budgets while it is under way: a flow that runs another one and
watches what goes out and what comes back.

The most that a call may cost is held once, however often it is tried. A try that was lost on the
way may have been billed, so it counts with what it held, and a further one holds anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import orjson

from nexhina_nb.client.budgets import Budget, Hold
from nexhina_nb.client.ceilings import ceiling
from nexhina_nb.client.price_page import catalog
from nexhina_nb.client.session import Session
from nexhina_nb.client.steps import Failure, Flow, Request, Response, Sleep
from nexhina_nb.wire import Usage
from nexhina_nb.wire.extensions import QUOTA_HEADER


def metered(
    session: Session, request: Request, budgets: Sequence[Budget], flow: Flow[Response]
) -> Flow[Response]:
    """The answer of a flow that is made within budgets. An open one carries what it holds, to be
    settled by whoever reads it; any other is settled. Raises BudgetExceeded.
    """
    if not request.is_paid:
        return (yield from flow)
    prices = yield from catalog(session)
    estimated = ceiling(request, prices)
    tab = _Tab(partial(Hold, budgets, estimated, prices))
    outcome: Response | Failure | None = None
    try:
        while True:
            step = flow.send(outcome)
            tab.goes_out(step)
            outcome = yield step
            tab.came_back(outcome)
    except StopIteration as end:
        return _settled(end.value, tab.hold)
    except BaseException:
        tab.close()
        raise


class _Tab:
    """What one call holds, from its first try to its last."""

    def __init__(self, held: Callable[[], Hold]) -> None:
        self._held, self.hold = held, held()
        self._is_lost = False  # whether a try went out of which nobody knows the end

    def goes_out(self, step: Request | Sleep) -> None:
        if isinstance(step, Sleep):
            return
        if self._is_lost:
            self.hold.settle()
            self.hold = self._held()
        self._is_lost = True

    def came_back(self, outcome: Response | Failure | None) -> None:
        if outcome is not None:  # else it was a pause
            self._is_lost = isinstance(outcome, Failure) and outcome.sent

    def close(self) -> None:
        """There was no good answer."""
        if self._is_lost:
            self.hold.settle()
        else:
            self.hold.release()


def _settled(response: Response, hold: Hold) -> Response:
    if response.source is not None:
        return replace(response, hold=hold)
    billed, answer = response.headers.get(QUOTA_HEADER), _object_in(response)
    usage = answer.get("usage")
    if billed is None and usage is None and answer.get("error"):
        hold.release()  # some gateways send errors with status 200
    else:
        counted = Usage.read(usage) if isinstance(usage, dict) else None
        hold.settle(billed, counted)
    return response


def _object_in(response: Response) -> Mapping[str, Any]:
    if QUOTA_HEADER in response.headers:
        return {}  # what it says is not needed
    try:
        answer = orjson.loads(response.body)
    except orjson.JSONDecodeError:
        return {}
    return answer if isinstance(answer, dict) else {}
