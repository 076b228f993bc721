"""Sums of a key's log: what a gateway says, and what its rows come to."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx2
import pytest
from hypothesis import given, strategies as st

from nexhina_nb import Client
from nexhina_nb.client import core
from nexhina_nb.client.exchange import Request
from nexhina_nb.client.spending import MOST_ROWS, Spending, seconds
from nexhina_nb.errors import APIError, BadInput, NotFound, Upstream
from tests.client.flows import answer, drive, fault, session
from tests.conftest import RunningGateway

ROWS = [
    {"type": 6, "created_at": 40, "quota": 3},
    {"type": 5, "created_at": 30, "quota": 0, "prompt_tokens": 9},
    {"type": 2, "created_at": 20, "quota": 10, "prompt_tokens": 4, "completion_tokens": 5},
    {"type": 2, "created_at": 10, "quota": 100, "prompt_tokens": 1, "completion_tokens": 2},
    {"type": 1, "created_at": 5, "quota": 999},
]
SUMS = {"quota": 7, "calls": 1, "errors": 1, "prompt_tokens": 4, "completion_tokens": 5}


def test_the_gateway_is_asked_for_the_span() -> None:
    found, (step,) = drive(core.spending(session(), 20.9), answer({"success": True, "data": SUMS}))
    assert found == Spending(7, 1, 1, 4, 5)
    assert isinstance(step, Request)
    assert step.url == (
        "http://gateway.example/api/log/token/stat?start_timestamp=20&end_timestamp=0"
    )


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_gateway_that_cannot_sum_up_is_asked_for_rows(status: int) -> None:
    rows = answer({"success": True, "data": ROWS})
    found, steps = drive(core.spending(session(), 20, 40), fault(status), rows)
    assert found == Spending(7, 1, 1, 4, 5)
    assert isinstance(steps[-1], Request)
    assert steps[-1].url == "http://gateway.example/api/log/token"


def test_other_errors_are_not_covered_up() -> None:
    with pytest.raises(APIError, match="no"):
        drive(core.spending(session()), fault(403))
    with pytest.raises(NotFound):
        drive(core.spending(session()), fault(404), fault(404))


@pytest.mark.parametrize("data", [None, [], {"quota": 1}, SUMS | {"calls": "1"}])
def test_junk(data: object) -> None:
    with pytest.raises(Upstream, match="make no sense"):
        drive(core.spending(session()), answer({"data": data}))


def test_few_rows_are_asked_for_and_kept() -> None:
    rows, (step,) = drive(core.logs(session(), limit=2), answer({"data": ROWS}))
    assert rows == ROWS[:2]
    assert isinstance(step, Request)
    assert step.url.endswith("/api/log/token?limit=2")
    with pytest.raises(BadInput, match="limit is 0"):
        drive(core.logs(session(), limit=0))


def test_rows_that_do_not_reach_back_are_not_complete() -> None:
    many = [{"type": 2, "created_at": 100, "quota": 1}] * MOST_ROWS
    assert not Spending.of_rows(many, 50, None).complete
    assert not Spending.of_rows(many, None, None).complete
    assert Spending.of_rows(many, 101, None).complete
    assert Spending.of_rows(many[1:], 50, None).complete
    assert "newest 1,000" in str(Spending.of_rows(many, 50, None))


def test_shown() -> None:
    one = Spending(500, 1)
    assert str(one) == "$0.001, 1 call"
    assert str(Spending(500_000, 1200, 3)) == "$1.00, 1,200 calls, 3 failed"
    assert one.usd == Decimal("0.001")
    data, _ = one._repr_mimebundle_()
    assert "500" in data["text/plain"]


def test_points_in_time() -> None:
    assert seconds(None) is None
    assert seconds(1.9) == 1
    assert seconds(-5) == 0
    assert seconds(datetime(1970, 1, 2, tzinfo=UTC)) == 86_400
    for bad in (float("nan"), float("inf"), "yesterday"):
        with pytest.raises(BadInput, match="point in time"):
            seconds(bad)  # type: ignore[arg-type]


rows_of_a_log = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from([1, 2, 5, 6]),
            "created_at": st.integers(0, 20),
            "quota": st.integers(0, 10**9),
            "prompt_tokens": st.integers(0, 100),
        }
    )
)


@given(rows_of_a_log, st.integers(0, 21))
def test_two_spans_add_up_to_the_whole(rows: list[dict[str, Any]], border: int) -> None:
    before = Spending.of_rows(rows, None, border - 1)
    after = Spending.of_rows(rows, border, None)
    whole = Spending.of_rows(rows, None, None)
    assert before.quota + after.quota == whole.quota
    assert before.calls + after.calls == whole.calls


def test_the_gateway_and_its_rows_agree(gateway: RunningGateway) -> None:
    began = time.time()
    with Client(gateway.base_url, gateway.key) as client:
        client.chat("What is 6 * 7?")
        client.embed(["one", "two"])
        with pytest.raises(APIError):
            client.chat("hi", model="local/embed")
        rows, said = client.logs(), client.spending(began)
        assert said == Spending.of_rows(rows, int(began), None)
        assert (said.calls, said.quota) == (2, client.usage().used)
        assert client.spending(began + 3600) == Spending()
        assert client.spending(until=began - 3600) == Spending()
        assert client.logs(limit=1) == rows[:1]
    other = gateway.new_key()
    with Client(gateway.base_url, other) as client:
        assert client.spending() == Spending()
    url = f"{gateway.base_url.removesuffix('/v1')}/api/log/token/stat"
    headers = {"authorization": f"Bearer {other}"}
    refused = httpx2.get(url, headers=headers, params={"start_timestamp": "-1"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "start_timestamp")
    assert httpx2.get(url, headers=headers, params={"end_timestamp": "9" * 30}).status_code == 200
    assert httpx2.get(url).status_code == 401
