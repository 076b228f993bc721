"""When a channel and key is asked again, on a clock that the test moves."""

from __future__ import annotations

from hypothesis import given, strategies as st

from nexhina_nb.gateway.health import LONGEST, LONGEST_RETRY_AFTER, Health

ONE = (1, 0)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_three_failures_in_a_row_open_it_and_one_good_call_forgets_them() -> None:
    health = Health(Clock())
    for _ in range(2):
        health.failed(ONE)
    assert health.wait(ONE) == 0
    health.failed(ONE)
    assert health.wait(ONE) == 1
    health.went_well(ONE)
    assert (health.wait(ONE), health.snapshot()) == (0, [])


def test_after_the_pause_one_call_probes() -> None:
    clock = Clock()
    health = Health(clock)
    health.failed(ONE, at_once=True)
    clock.now += 1
    assert health.wait(ONE) == 0
    health.asked(ONE)
    assert health.wait(ONE) > 0
    health.failed(ONE)
    assert health.wait(ONE) == 2
    clock.now += 2
    health.asked(ONE)
    health.answered(ONE)
    assert health.wait(ONE) == 0


def test_what_the_server_says_counts_and_is_bounded() -> None:
    health = Health(Clock())
    health.failed(ONE, at_once=True, retry_after=7)
    assert health.wait(ONE) == 7
    health.failed(ONE, at_once=True, retry_after=1e9)
    assert health.wait(ONE) == LONGEST_RETRY_AFTER


EVENTS = st.one_of(
    st.sampled_from(["asked", "answered", "went_well", "failed", "left", "dead"]),
    st.floats(0, 100),
)


@given(st.lists(EVENTS, max_size=60))
def test_it_always_recovers(events: list[str | float]) -> None:
    clock = Clock()
    health = Health(clock)
    for event in events:
        if isinstance(event, float):
            clock.now += event
        elif event == "dead":
            health.failed(ONE, at_once=True)
            assert health.wait(ONE) > 0
        else:
            getattr(health, event)(ONE)
        assert 0 <= health.wait(ONE) <= LONGEST
    health.left(ONE)
    clock.now += LONGEST
    assert health.wait(ONE) == 0
    health.went_well(ONE)
    assert health.snapshot() == []
