"""What is tried again, and when."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.retry import Policy, is_retried, parse_retry_after


@given(st.integers(0, 10), st.integers(0, 10), st.integers())
def test_waits_grow_and_are_bounded(attempt: int, retries: int, seed: int) -> None:
    delay = Policy(max_retries=retries).delay(attempt, dice=random.Random(seed))
    if attempt >= retries:
        assert delay is None
    else:
        assert delay is not None
        ceiling = min(8.0, 0.5 * 2**attempt)
        assert ceiling / 2 <= delay <= ceiling


def test_retry_after_is_kept_to_the_letter() -> None:
    assert Policy().delay(0, 7.0) == 7.0
    assert Policy().delay(0, 3600.0) is None
    assert Policy(max_retries=0).delay(0, 1.0) is None


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("2", 2.0),
        ("1.5", 1.5),
        ("-3", 0.0),
        ("inf", None),
        ("9" * 400, None),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 40.0),
        ("Thu, 01 Jan 1970 00:00:10 GMT", 0.0),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, now=60.0) == seconds


@given(st.text())
def test_junk_never_crashes(value: str) -> None:
    seconds = parse_retry_after(value, now=0.0)
    assert seconds is None or seconds >= 0


def test_statuses() -> None:
    assert [s for s in (200, 400, 401, 404, 408, 429, 500, 501, 503) if is_retried(s)] == [
        408, 429, 500, 503
    ]  # fmt: skip
