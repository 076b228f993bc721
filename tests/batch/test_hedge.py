"""Stragglers: a second call for what is slow to come, where the caller wants that."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.batch.hedge import ENOUGH, Hedge
from nexhina_nb.batch.options import Options, Outcome
from nexhina_nb.client import Client
from nexhina_nb.tabular.rows import over_rows
from nexhina_nb.tabular.vectors import Embed
from tests.batch.upstream import Faults, Upstream, vector

TEXTS = [f"text {number}" for number in range(300)]
FRAME = pd.DataFrame({"text": TEXTS})


def test_it_learns_how_long_calls_take() -> None:
    hedge, unwanted = Hedge(is_wanted=True), Hedge(is_wanted=False)
    for _ in range(ENOUGH):
        assert not hedge.is_late(60)
        hedge.took(0.2)
        unwanted.took(0.2)
    assert hedge.is_late(0.7)
    assert not hedge.is_late(0.5)
    assert not unwanted.is_late(60)


def test_a_small_batch_is_hedged_too(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(latency=0.02, slow=slow_once("text 0", 5.0))
    began = time.monotonic()
    made = nx.embed(FRAME, "text", client=client, hedge=True, cache=False, progress=False)
    assert time.monotonic() - began < 4
    assert made["embedding"].notna().all()


def slow_once(text: str, seconds: float) -> Callable[[list[str]], float]:
    """The first call with this text takes so much longer."""
    seen = threading.Event()

    def slow(texts: list[str]) -> float:
        if text not in texts or seen.is_set():
            return 0.0
        seen.set()
        return seconds

    return slow


def test_a_straggler_is_asked_for_again(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(latency=0.02, slow=slow_once("text 250", 5.0))
    options = Options(client=client, batch_size=10, hedge=True, cache=False, progress=False)
    began = time.monotonic()
    outcome = over_rows(Embed("text"), FRAME, options)
    assert isinstance(outcome, Outcome)
    assert time.monotonic() - began < 4
    assert outcome.progress.hedged >= 1
    assert upstream.sent["text 250"] == 2
    expected = np.stack([vector(text) for text in TEXTS])
    assert np.array_equal(nx.matrix(outcome.frame["embedding"]), expected)


def test_nothing_is_asked_twice_unasked(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(latency=0.01, slow=slow_once("text 250", 0.5))
    made = nx.embed(FRAME, "text", client=client, batch_size=10, cache=False, progress=False)
    assert made["embedding"].notna().all()
    assert set(upstream.sent.values()) == {1}


def test_the_deadline_ends_it(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(latency=0.2)
    began = time.monotonic()
    made = nx.embed(
        FRAME, "text", client=client, batch_size=10, max_concurrency=4, deadline=0.7, progress=False
    )
    assert time.monotonic() - began < 3
    late = made["embedding_error"].notna()
    assert 0 < late.sum() < len(TEXTS)
    assert set(made["embedding_error"][late]) == {"not_done: the deadline came first"}
    assert made["embedding"].isna().equals(late)
    upstream.faults = Faults()
    again = nx.embed(FRAME, "text", client=client, progress=False)
    assert list(again.columns) == ["text", "embedding"]
    assert upstream.answered.keys() == set(TEXTS)


def test_a_late_batch_raises_if_that_is_wanted(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(latency=0.3)
    with pytest.raises(errors.BatchFailed) as caught:
        nx.embed(FRAME, "text", client=client, deadline=0.1, errors="raise", progress=False)
    assert (caught.value.failed, caught.value.total) == (300, 300)
