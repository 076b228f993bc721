"""The pace on a clock that the test turns: simulated servers, no waiting."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.batch.pace import Pace

Server = Callable[
    [float], tuple[float, bool]
]  # time → seconds until the answer, and whether it is a refusal


def simulate(pace: Pace, server: Server, calls: int, longest: float = 1e5) -> tuple[float, int]:
    """Send until so many calls were accepted; the seconds it took, and the refusals."""
    now, refused, accepted = 0.0, 0, 0
    under_way: list[tuple[float, int, bool]] = []
    number = 0
    while accepted < calls:
        delay = pace.delay(now)
        if delay == 0:
            pace.begin(now)
            seconds, is_refusal = server(now)
            number += 1
            heapq.heappush(under_way, (now + seconds, number, is_refusal))
            continue
        ends = [] if delay is None else [now + delay]
        ends += [under_way[0][0]] if under_way else []
        now = min(ends)
        assert now < longest
        while under_way and under_way[0][0] <= now:
            *_, is_refusal = heapq.heappop(under_way)
            refused += is_refusal
            accepted += not is_refusal
            pace.ended(now, "refused" if is_refusal else "answered")
    return now, refused


def steady(seconds: float) -> Server:
    return lambda now: (seconds, False)


def limited(per_second: float, latency: float = 0.05) -> Server:
    state = {"left": per_second / 2, "at": 0.0}

    def answer(now: float) -> tuple[float, bool]:
        state["left"] = min(per_second / 2, state["left"] + (now - state["at"]) * per_second)
        state["at"] = now
        if state["left"] < 1:
            return 0.005, True
        state["left"] -= 1
        return latency, False

    return answer


def test_more_at_once_as_long_as_it_helps() -> None:
    pace = Pace(64)
    simulate(pace, steady(0.1), 3000)
    assert pace.limit >= 48
    assert pace.rate is None


def test_no_more_at_once_where_the_server_does_one_after_the_other() -> None:
    free_at = [0.0]

    def one_by_one(now: float) -> tuple[float, bool]:
        free_at[0] = max(now, free_at[0]) + 0.01
        return free_at[0] - now, False

    pace = Pace(256)
    simulate(pace, one_by_one, 3000)
    assert pace.limit < 32


@pytest.mark.parametrize("per_second", [5, 20, 200])
def test_a_limit_of_the_server_is_found(per_second: int) -> None:
    calls = per_second * 30
    seconds, refused = simulate(Pace(32), limited(per_second), calls)
    assert seconds < 1.5 * calls / per_second
    assert refused <= 0.4 * calls


def test_refusals_that_have_nothing_to_do_with_the_rate_are_borne() -> None:
    dice = random.Random(1)
    seconds, _ = simulate(Pace(8), lambda now: (0.05, dice.random() < 0.25), 3000)
    assert seconds < 3 * 3000 * 0.05 / 8 / 0.75


def test_the_rate_comes_back_after_a_bad_time() -> None:
    pace = Pace(8)

    def bad_for_five_seconds(now: float) -> tuple[float, bool]:
        return 0.05, now < 5 and round(now * 1000) % 10 > 1

    simulate(pace, bad_for_five_seconds, 3000)
    assert pace.rate is None or pace.rate > 100


@pytest.mark.parametrize("seconds", [0.3, 1.0, 4.0])
def test_a_bad_beginning_is_made_up_for_soon(seconds: float) -> None:
    def refuses_at_first(now: float) -> tuple[float, bool]:
        return 0.1, now < seconds

    without, _ = simulate(Pace(64), steady(0.1), 3000)
    took, refused = simulate(Pace(64), refuses_at_first, 3000)
    assert took < without + seconds + 5
    assert refused < 30


@given(
    st.lists(st.tuples(st.floats(0.001, 2), st.sampled_from("arf")), max_size=300),
    st.integers(1, 64),
)
def test_there_is_always_a_next_call(steps: list[tuple[float, str]], most: int) -> None:
    pace, now = Pace(most), 0.0
    for seconds, what in steps:
        delay = pace.delay(now)
        if delay is None:
            assert pace.under_way >= pace.limit
        else:
            now += delay
            pace.begin(now)
        now += seconds
        if pace.under_way and what == "f":
            pace.ended(now, "failed")
        elif pace.under_way:
            pace.ended(now, "answered" if what == "a" else "refused")
        assert 1 <= pace.limit <= most
        assert 0 <= pace.under_way <= most
        assert pace.rate is None or 1 <= pace.rate < 1e6
        waits = pace.delay(now)
        assert waits is None or waits <= 1.0
