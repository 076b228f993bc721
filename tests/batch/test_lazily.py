"""A lazy query of polars: nothing is sent before it is collected, only what is asked for is paid,
and it can be interrupted.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import nexhina_nb as nx
from nexhina_nb import errors
from nexhina_nb.client import Client
from nexhina_nb.pricing.estimate import Estimate
from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.store.prices import set_price
from nexhina_nb.tabular import lazily
from tests.batch.upstream import Faults, Upstream, error, vector
from tests.conftest import RunningGateway, run_gateway

TEXTS = [f"text {number}" for number in range(5000)]
QUERY = pl.LazyFrame({"text": TEXTS, "n": range(5000)})


def lazy(client: Client, query: pl.LazyFrame = QUERY, **options: object) -> pl.LazyFrame:
    made = nx.embed(query, "text", client=client, progress=False, **options)
    assert isinstance(made, pl.LazyFrame)
    return made


def test_nothing_is_sent_before_it_is_collected(upstream: Upstream, client: Client) -> None:
    made = lazy(client, dimensions=8)
    assert made.collect_schema() == {
        "text": pl.String,
        "n": pl.Int64,
        "embedding": pl.Array(pl.Float32, 8),
        "embedding_error": pl.String,
    }
    assert not upstream.sent
    eager = made.collect()
    assert eager.select("text", "n").equals(QUERY.collect())
    assert np.array_equal(nx.matrix(eager["embedding"]), np.stack([*map(vector, TEXTS)]))
    assert set(upstream.sent.values()) == {1}


def test_one_text_tells_how_long_vectors_are(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(refusal=lambda text: text == "text 0")
    made = lazy(client)
    assert made.collect_schema()["embedding"] == pl.Array(pl.Float32, 8)
    assert sorted(upstream.sent) == ["text 0", "text 1"]
    assert made.collect()["embedding_error"].null_count() == 4999
    assert upstream.sent["text 1"] == 1  # it was on disk


def test_only_what_is_asked_for_is_paid(upstream: Upstream, client: Client) -> None:
    made = lazy(client, dimensions=8, cache=False)
    assert made.select("n").collect()["n"].to_list() == list(range(5000))
    assert not upstream.sent
    assert made.filter(pl.col("n") < 10).collect()["n"].to_list() == list(range(10))
    assert len(upstream.sent) == 10
    upstream.forget()
    assert len(made.head(3).collect()) == 3
    assert len(upstream.sent) == 3
    upstream.forget()
    far = made.filter(pl.col("embedding").arr.get(0) > 0.9).select("text").collect()
    assert set(far["text"]) == {text for text in TEXTS if vector(text)[0] > 0.9}
    assert len(upstream.sent) == 5000


def test_larger_than_the_memory_into_a_file(
    upstream: Upstream, client: Client, tmp_path: Path
) -> None:
    source, target = tmp_path / "in.parquet", tmp_path / "out.parquet"
    pl.DataFrame({"text": [f"t{row % 70_000}" for row in range(100_000)]}).write_parquet(source)
    made = lazy(client, pl.scan_parquet(source))
    made.sink_parquet(target)
    found = pl.read_parquet(target)
    assert found["text"].equals(pl.read_parquet(source)["text"])
    expected = np.stack([vector(text) for text in found["text"]])
    assert np.array_equal(nx.matrix(found["embedding"]), expected)
    assert set(upstream.sent.values()) == {1}  # also of texts that come again in a later batch


def test_the_price_before(upstream: Upstream, client: Client) -> None:
    estimate = nx.embed(QUERY, "text", client=client, model="text-embedding-3-small", dry_run=True)
    assert isinstance(estimate, Estimate)
    eager = nx.estimate("embed", TEXTS, model="text-embedding-3-small")
    assert (estimate.input_tokens, estimate.is_exact) == (eager.input_tokens, True)
    assert not upstream.sent


def test_errors_are_those_of_other_frames(upstream: Upstream, client: Client) -> None:
    with pytest.raises(errors.BadInput, match="no column 'txt'"):
        nx.embed(QUERY, "txt", client=client)
    with pytest.raises(errors.BadInput, match="holds no texts but int"):
        nx.embed(QUERY, "n", client=client).collect()
    made = lazy(client, dimensions=8)
    answer = 401, {}, error("invalid_api_key", "this key is not known")
    upstream.faults = Faults(answer=lambda body: answer)
    with pytest.raises(errors.Authentication, match="not known"):
        made.collect()


N = pl.col("n")
SHAPES = {
    "head, filter": lambda q: q.head(150).filter(N > 120),
    "filter, head": lambda q: q.filter(N > 120).head(150),
    "all three": lambda q: q.head(300).filter(N > 120).head(20),
    "own and others": lambda q: q.filter(N > 4900).filter(pl.col("embedding_error").is_null()),
    "either": lambda q: q.filter((N > 4900) | pl.col("embedding_error").is_not_null()),
    "tail": lambda q: q.tail(7).select("n", "embedding"),
    "join": lambda q: q.head(9).join(q.head(9).select("n", other="embedding"), on="n"),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_queries_are_as_those_of_an_eager_frame(client: Client, shape: str, engine: Any) -> None:
    ask = SHAPES[shape]
    made = ask(lazy(client, dimensions=8)).collect(engine=engine)
    eager = nx.embed(QUERY.collect(), "text", client=client, progress=False)
    right = eager.with_columns(embedding_error=pl.lit(None, pl.String))
    expected = ask(right.lazy()).collect()
    assert made.sort("n").equals(expected.sort("n"))


def test_a_filter_beside_one_on_answers_saves_calls(upstream: Upstream, client: Client) -> None:
    made = SHAPES["own and others"](lazy(client, dimensions=8))
    assert len(made.collect()) == 99
    assert len(upstream.sent) == 99


def test_a_batch_without_any_answer(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [*TEXTS[:2048], *[None] * 2048]
    monkeypatch.setattr(lazily, "MOST_ROWS", 2048)
    made = lazy(client, pl.LazyFrame({"text": texts}))
    for engine in ("in-memory", "streaming"):
        found = made.collect(engine=engine)  # type: ignore[call-overload]
        assert found["embedding"].null_count() == 2048


def test_a_deadline_holds_for_all_batches(
    upstream: Upstream, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazily, "LEAST_ROWS", 100)
    monkeypatch.setattr(lazily, "MOST_ROWS", 100)
    upstream.faults = Faults(latency=0.3)
    began = time.monotonic()
    made = lazy(client, QUERY.head(1000), dimensions=8, deadline=0.5).collect()
    assert time.monotonic() - began < 3
    assert 0 < made["embedding"].null_count() < 1000
    assert set(made["embedding_error"].drop_nulls()) == {"not_done: the deadline came first"}


def test_a_budget_holds_for_all_batches(upstream: Upstream, client: Client) -> None:
    model, texts = "text-embedding-3-small", [f"{row} " + "word " * 500 for row in range(6000)]
    query = pl.LazyFrame({"text": texts})
    half = Decimal("0.006")  # the upstream bills one quota a text, $0.000002
    made = lazy(client, query, model=model, dimensions=400, budget=half, cache=False)
    with pytest.raises(errors.BudgetExceeded, match="left of the budget"):
        made.collect()
    assert 0 < len(upstream.answered) < 6000
    with nx.budget(usd=half) as spent:
        within = lazy(client, query, model=model, dimensions=400, cache=False)
    with pytest.raises(errors.BudgetExceeded):
        within.collect()
    assert 0 < spent.spent <= half
    assert spent.held == 0


def test_without_any_text(client: Client) -> None:
    empty = pl.LazyFrame({"text": [None, ""]}, schema={"text": pl.String})
    made = lazy(client, empty).collect()
    assert made["embedding"].null_count() == 2
    assert made["embedding_error"].null_count() == 0


INTERRUPTED = """
import os, sys, threading, time
import polars as pl, nexhina_nb as nx
from tests.batch.upstream import Faults, serve
with serve() as upstream, nx.Client(upstream.base_url, "sk-test") as client:
    query = pl.LazyFrame({"text": [f"t{n}" for n in range(5000)]})
    made = nx.embed(query, "text", client=client, dimensions=8, progress=False, cache=False)
    upstream.faults = Faults(latency=20)
    def look():
        while not upstream.under_way:
            time.sleep(0.05)
        print("sending", flush=True)
    threading.Thread(target=look, daemon=True).start()
    try:
        try:
            made.collect()
            print("not interrupted")
        finally:
            time.sleep(0.5)  # polars may raise it twice
    except KeyboardInterrupt:
        while upstream.under_way:
            time.sleep(0.05)
        print("interrupted", upstream.left > 0, len(upstream.answered), flush=True)
        os._exit(0)
"""


def test_an_interrupt_ends_the_query_and_its_calls(tmp_path: Path) -> None:
    command = [sys.executable, "-c", INTERRUPTED]
    environ = os.environ | {"NEXHINA_HOME": str(tmp_path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "sending\n"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == "interrupted True 0\n"
        assert process.wait(15) == 0


@pytest.mark.parametrize("engine", ["in-memory", "streaming"])
def test_failures_are_raised_when_all_were_asked(
    upstream: Upstream, client: Client, monkeypatch: pytest.MonkeyPatch, engine: Any
) -> None:
    monkeypatch.setattr(lazily, "LEAST_ROWS", 100)
    monkeypatch.setattr(lazily, "MOST_ROWS", 100)
    upstream.faults = Faults(refusal=lambda text: text in ("text 103", "text 950"))
    made = lazy(client, QUERY.head(1000), dimensions=8, errors="raise")
    words = "2 of 1,000 rows failed, the first is row 103: .*not welcome.*they are on disk"
    with pytest.raises(errors.BatchFailed, match=words) as caught:
        made.collect(engine=engine)
    assert (caught.value.failed, caught.value.total, caught.value.partial) == (2, 1000, None)
    assert len(upstream.answered) == 998
    # Nobody gets so many rows that the others are not wanted any more.
    with pytest.raises(errors.BatchFailed, match="2 of 1,000 rows"):
        made.filter(pl.col("embedding").is_null()).head(1).collect(engine=engine)
    kept_nowhere = lazy(client, QUERY.slice(100, 9), dimensions=8, errors="raise", cache=False)
    with pytest.raises(errors.BatchFailed, match=r"row 3: .* kept nowhere"):
        kept_nowhere.collect(engine=engine)


def _priced(gateway: RunningGateway) -> None:
    """A thousand dollars for a million tokens: about half of one for the text below."""
    price = json.dumps(to_pricing_row("local/embed", Price.per_million(input="1000")))
    with gateway.store.writing() as connection:
        set_price(connection, "local/embed", price)


@pytest.mark.parametrize("kind", ["lazy", "dask"])
def test_the_text_that_tells_the_length_counts_in_the_budget(tmp_path: Path, kind: str) -> None:
    frame = pl.DataFrame({"text": ["word " * 500, *(f"n{row}" for row in range(20))]})

    def made(budget: Decimal, client: Client, cache: object = False) -> Callable[[], Any]:
        options: Any = {"client": client, "budget": budget, "cache": cache, "progress": False}
        if kind == "lazy":
            return nx.embed(frame.lazy(), "text", **options).collect
        dd = pytest.importorskip("dask.dataframe", reason="it comes with the extra dask")
        parts = dd.from_pandas(frame.to_pandas(), npartitions=1)
        return partial(nx.embed(parts, "text", **options).compute, scheduler="threads")

    with run_gateway(tmp_path / "gateway") as gateway:
        _priced(gateway)
        client = Client(gateway.base_url, gateway.new_key(quota=10**7))
        estimates = [
            nx.embed(rows, "text", client=client, cache=False, dry_run=True).usd[0]
            for rows in (frame[:1], frame)
        ]
        one, whole = estimates
        least = Decimal("0.000002")
        # Refused before it is sent.
        with pytest.raises(errors.BudgetExceeded) as caught:
            made(one - least, client)
        assert (caught.value.partial, client.usage().used) == (None, 0)
        # One budget for that text and the rest, which is not asked for then.
        for budget, cache in ((whole, False), (whole - least, tmp_path / "answers.db")):
            before = client.usage().used
            collect = made(budget, client, cache)
            with pytest.raises(errors.BudgetExceeded, match="left of the budget") as caught:
                collect()
            assert caught.value.partial is None
            assert ".partial" not in str(caught.value)
            assert 0 < client.usage().used - before <= budget * 500_000
        assert len(made(whole + one, client)()) == 21
        client.close()


def test_each_collection_has_the_budget_anew(tmp_path: Path) -> None:
    query = pl.LazyFrame({"text": ["word " * 500]})
    with run_gateway(tmp_path) as gateway:
        _priced(gateway)
        with Client(gateway.base_url, gateway.new_key(quota=10**7)) as client:
            once = nx.embed(query, "text", client=client, cache=False, dry_run=True).usd[0]
            made = lazy(client, query, budget=2 * once, cache=False)
            for _ in range(3):
                assert made.collect()["embedding_error"].null_count() == 1
            assert client.usage().used == 4 * once * 500_000
