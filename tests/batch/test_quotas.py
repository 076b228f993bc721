"""What a service says of the calls that it still takes, and that a batch heeds it."""

from __future__ import annotations

import itertools
import time

import pandas as pd
import pytest
from hypothesis import given, strategies as st

import nexhina_nb as nx
from nexhina_nb.batch.pace import Pace
from nexhina_nb.batch.quotas import LONGEST, Quota, duration, quota_of
from nexhina_nb.client import Client
from tests.batch.upstream import Upstream


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1.0), ("120ms", 0.12), ("1m0s", 60.0), ("1m2.5s", 62.5), ("7", 7.0), ("0s", 0.0),
        ("6m0s", None), ("soon", None), ("", None), (None, None), ("1x", None), ("-1s", None),
        ("2026-01-01T00:00:00Z", None),
    ],
)  # fmt: skip
def test_spans_of_time(text: str | None, seconds: float | None) -> None:
    assert duration(text) == seconds


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    seconds = duration(text)
    assert seconds is None or 0 <= seconds <= LONGEST
    headers = {"x-ratelimit-remaining-requests": text, "x-ratelimit-reset-requests": text}
    found = quota_of(headers, 1)
    assert found is None or found.calls >= 0


def test_the_scarcer_of_calls_and_tokens_counts() -> None:
    headers = {
        "x-ratelimit-remaining-requests": "100",
        "x-ratelimit-reset-requests": "1s",
        "x-ratelimit-remaining-tokens": "5000",
        "x-ratelimit-reset-tokens": "30s",
    }
    assert quota_of(headers, 10) == Quota(100, 1.0)
    assert quota_of(headers, 1000) == Quota(5, 30.0)
    assert quota_of({}, 10) is None


def test_nobody_is_asked_more_than_was_announced() -> None:
    pace = Pace(8)
    pace.begin(0.0)
    pace.ended(0.1, "answered", Quota(2, 5.0))
    for _ in range(2):
        assert pace.delay(0.2) == 0
        pace.begin(0.2)
    assert pace.delay(1.0) == pytest.approx(4.1)
    assert pace.delay(5.2) == 0


def test_a_batch_waits_for_what_it_was_told(upstream: Upstream, client: Client) -> None:
    starts: list[float] = []

    def noted(running: Upstream) -> None:
        starts.append(time.monotonic())
        if len(starts) == 3:
            running.headers = {
                "x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "700ms",
            }  # fmt: skip
        else:
            running.headers = {}

    upstream.on_answer = noted
    frame = pd.DataFrame({"text": [f"t{row}" for row in range(80)]})
    made = nx.embed(frame, "text", client=client, batch_size=10, max_concurrency=1, cache=False)
    assert made["embedding"].notna().all()
    gaps = [after - before for before, after in itertools.pairwise(starts)]
    assert max(gaps) >= 0.6
