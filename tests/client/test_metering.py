"""Under any interleaving of calls, however each ends, what was billed stays within the budget."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.client.budgets import budget
from nexhina_nb.client.exchange import Failure, Flow, Request, Response, Sleep, exchange
from nexhina_nb.client.price_page import catalog, kept
from nexhina_nb.client.target import Target
from nexhina_nb.errors import BudgetExceeded, NexhinaError
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import usd
from nexhina_nb.retry import Policy
from nexhina_nb.secret import Secret
from tests.client.flows import TARGET, answer, drive, fault, lost, session

ENDINGS = ("billed", "untold", "refused", "broken", "never sent", "lost", "closed", "open")


@pytest.fixture(autouse=True)
def _list_prices() -> None:
    kept(TARGET).keep(Catalog.bundled(), 3600)


def chat(max_tokens: int, *, stream: bool = False) -> Request:
    body = {"model": "gpt-4o", "max_tokens": max_tokens, "messages": []}
    return Request("POST", "/chat/completions", json.dumps(body).encode(), stream=stream)


@dataclass
class Calling:
    """One call under way, and the other side of it, which knows what it really billed."""

    flow: Flow[Response]
    most: int
    truly: int = 0
    step: Request | Sleep | None = None
    reading: Response | None = None

    def start(self) -> bool:
        """Whether the first try is out; not if a budget forbids it."""
        try:
            self.step = self.flow.send(None)
        except BudgetExceeded:
            return False
        return True

    def end(self, how: str, part: int) -> bool:
        """Let a try end so; whether the call is over."""
        if isinstance(self.step, Sleep):
            return self._send(None)
        bill = self.most * part // 100
        if how == "closed":  # an interrupt: it may all have been billed
            self.truly += bill
            self.flow.close()
            return True
        if how in ("billed", "untold", "lost", "open"):
            self.truly += bill
        return self._send(self._outcome(how, bill))

    def _outcome(self, how: str, bill: int) -> Response | Failure:
        if how in ("refused", "broken"):
            return fault(400 if how == "refused" else 500)
        if how in ("never sent", "lost"):
            return lost(sent=how == "lost")
        if how == "open":
            return Response(200, {}, source="a connection")
        return answer({}, **({"x_nexhina_quota": str(bill)} if how == "billed" else {}))

    def _send(self, outcome: Response | Failure | None) -> bool:
        try:
            self.step = self.flow.send(outcome)
        except StopIteration as end:
            self.reading = end.value
            return True
        except NexhinaError:
            return True
        return False


TOKENS = st.integers(1, 2000)
EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("begin"), TOKENS, st.booleans()),
        st.tuples(st.sampled_from(ENDINGS), st.integers(0, 30), st.integers(0, 100)),
    ),
    max_size=60,
)


@given(limit=st.integers(0, 20_000), inner=st.integers(0, 20_000), events=EVENTS)
def test_what_is_billed_is_never_more_than_the_budget(
    limit: int, inner: int, events: list[tuple[str, int, Any]]
) -> None:
    opened = session(policy=Policy(max_retries=2, base=0))
    calls: list[Calling] = []
    under_way: list[Calling] = []
    with budget(usd(limit)) as outer, budget(usd(inner)) as tight:
        for what, number, more in events:
            if what == "begin":
                request = chat(number, stream=more)
                calling = Calling(exchange(opened, request), most=_most(number))
                if calling.start():
                    calls.append(calling)
                    under_way.append(calling)
            elif under_way:
                calling = under_way[number % len(under_way)]
                if calling.end(what, more):
                    under_way.remove(calling)
            assert outer.held + outer.spent <= outer.limit
            assert tight.held + tight.spent <= tight.limit
    for calling in under_way:
        calling.flow.close()
    for calling in calls:
        if calling.reading is not None and calling.reading.hold is not None:
            calling.reading.hold.settle(str(calling.truly))
    truly = usd(sum(calling.truly for calling in calls))
    assert outer.held == tight.held == 0
    assert truly <= outer.spent == tight.spent <= min(outer.limit, tight.limit)


def _most(max_tokens: int) -> int:
    """What such a call costs at most: 3 tokens of input, and so many of output."""
    return (3 * 125 + 500 * max_tokens + 50) // 100


def test_the_figure_of_the_property() -> None:
    for tokens in (1, 7, 2000):
        with budget(1) as spent:
            flow = exchange(session(), chat(tokens))
            flow.send(None)
            assert spent.held == usd(_most(tokens))
            flow.close()
            assert spent.spent == usd(_most(tokens))


def test_without_a_budget_nothing_is_asked_or_counted() -> None:
    kept(TARGET).until = 0.0
    _, steps = drive(exchange(session(), chat(10)), answer({}))
    assert len(steps) == 1


def page(ratio: int) -> dict[str, Any]:
    row = {"model_name": "gpt-4o", "quota_type": 0, "model_ratio": ratio, "completion_ratio": 1}
    groups = {"group_ratio": {"default": 1}}
    return {"success": True, "data": [{**row, "enable_groups": ["default"]}], **groups}


def test_a_budget_asks_for_the_gateways_prices_once() -> None:
    kept(TARGET).until = 0.0
    billed = {"model": "gpt-4o", "usage": {"prompt_tokens": 3, "completion_tokens": 1}}
    with budget(1) as spent:
        for outcomes in ([answer(page(100)), answer(billed)], [answer(billed)]):
            _, steps = drive(exchange(session(), chat(10)), *outcomes)
            assert len(steps) == len(outcomes)
    # Not the list price, which is 13 quota: ratio 100 is $200 per million tokens.
    assert spent.spent == 2 * 4 * Decimal("0.0002")
    kept(TARGET).keep(Catalog.bundled(), 3600)


def test_many_threads_share_one_budget() -> None:
    limit = usd(_most(10) * 500)

    def one(part: int) -> int:
        try:
            drive(exchange(session(), chat(10)), answer({}, x_nexhina_quota=str(part)))
        except BudgetExceeded:
            return 0
        return part

    with budget(limit) as spent, ThreadPoolExecutor(8) as pool:
        done = [pool.submit(copy_context().run, one, part % (_most(10) + 1)) for part in range(400)]
        total = sum(each.result() for each in done)
    assert spent.spent == usd(total)
    assert spent.held == 0


def test_one_of_many_calls_asks_for_the_prices() -> None:
    target = Target("http://first.example/v1", Secret("sk-first"))
    opened = session(target=target)
    first, second = catalog(opened), catalog(opened)
    assert isinstance(first.send(None), Request)
    assert isinstance(second.send(None), Sleep)  # it waits for what the first one is told
    with pytest.raises(StopIteration) as told:
        first.send(answer(page(100)))
    with pytest.raises(StopIteration) as waited:
        second.send(None)
    assert waited.value.value is told.value.value
    kept(target).until = 0.0
    asking = catalog(opened)
    assert isinstance(asking.send(None), Request)
    with pytest.raises(StopIteration) as known:  # there is something: nobody waits
        catalog(opened).send(None)
    assert known.value.value is told.value.value
    with pytest.raises(StopIteration) as newer:
        asking.send(answer(page(7)))
    assert newer.value.value is kept(target).catalog is not told.value.value


def test_who_leaves_while_asking_leaves_it_to_others() -> None:
    target = Target("http://second.example/v1", Secret("sk-second"))
    asking = catalog(session(target=target))
    asking.send(None)
    asking.close()
    kept(target).until = 0.0  # it is not waited for longer than it may take
    assert isinstance(catalog(session(target=target)).send(None), Request)
