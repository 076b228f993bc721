"""The verbs over frames on a Dask DataFrame: in threads, and in the workers of a real cluster, of
which one is killed.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

import nexhina_nb as nx
from nexhina_nb import discovery, errors
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.cache import Cache
from nexhina_nb.batch.desk import open_desk
from nexhina_nb.batch.pace import Pace
from nexhina_nb.batch.turns import OwnTurns
from nexhina_nb.client import Client
from nexhina_nb.secret import Secret
from nexhina_nb.tabular.passage import Passage
from tests.batch.upstream import Faults, Upstream, error, interrupt, vector
from tests.conftest import RunningGateway

distributed = pytest.importorskip("distributed", reason="it comes with the extra dask")
dd = pytest.importorskip("dask.dataframe", reason="it comes with the extra dask")

KEY = "sk-never-to-be-seen"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    """Two workers, each a process with two threads."""
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, dashboard_address="127.0.0.1:0", memory_limit=0
        ) as made,
        distributed.Client(made, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture
def client(upstream: Upstream) -> Iterator[Client]:
    """With a key that is easy to find."""
    with Client(upstream.base_url, KEY) as made:
        yield made


def texts(rows: int, name: str = "text") -> pd.DataFrame:
    """A frame of so many different texts."""
    return pd.DataFrame({"text": [f"{name} {row}" for row in range(rows)], "n": range(rows)})


def check(made: pd.DataFrame, frame: pd.DataFrame) -> None:
    """Every row has its vector, and all the rest is as it was."""
    assert made["text"].tolist() == frame["text"].tolist()
    assert made["n"].tolist() == frame["n"].tolist()
    assert made.index.equals(frame.index)
    assert np.array_equal(nx.matrix(made["embedding"]), np.stack([*map(vector, frame["text"])]))
    assert made["embedding_error"].isna().all()


@contextmanager
def computing(cluster: Any) -> Iterator[dict[str, str]]:
    """Compute on a cluster, or if there is none in threads: with these options."""
    if cluster is None:
        yield {"scheduler": "threads"}
        return
    with cluster.as_current():
        yield {}


def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.parametrize("scheduler", ["sync", "threads"])
def test_without_a_cluster(client: Client, upstream: Upstream, scheduler: str) -> None:
    upstream.faults = Faults(latency=0.02, most=3)
    frame = texts(400).set_index(pd.Index(range(5, 2005, 5), name="id"))
    lazy = dd.from_pandas(frame, npartitions=5)
    made = nx.embed(lazy, "text", client=client, dimensions=8, batch_size=20, max_concurrency=3)
    assert upstream.requests == 0
    assert made.divisions == lazy.divisions
    done = made.compute(scheduler=scheduler)
    check(done, frame)
    assert done.index.name == "id"
    # The threads have one limit together, or some calls would have been refused.
    assert (upstream.requests, upstream.refused) == (20, 0)
    check(made.compute(scheduler=scheduler), frame)
    assert upstream.requests == 20


def test_types_are_the_same_in_all_partitions(client: Client, upstream: Upstream) -> None:
    frame = pd.DataFrame({"text": ["a", "b", None, "", None, "c"], "x": list("uvwxyz")})
    lazy = dd.from_pandas(frame, npartitions=3)
    for options in ({}, {"dimensions": 8}):
        made = nx.embed(lazy, "text", client=client, **options)
        parts = [made.get_partition(number).compute(scheduler="sync") for number in range(3)]
        for part in parts:
            assert part.dtypes.to_dict() == made.dtypes.to_dict()
        whole = made.compute(scheduler="sync")
        assert whole["embedding"].isna().tolist() == [False, False, True, True, True, False]
        assert [str(why).partition(":")[0] for why in whole["embedding_error"].dropna()] == [
            "missing", "empty", "missing",
        ]  # fmt: skip


def test_in_a_cluster(cluster: Any, client: Client, upstream: Upstream) -> None:
    upstream.faults = Faults(latency=0.02, most=3)
    frame = texts(600)
    lazy = dd.from_pandas(frame, npartitions=6)
    made = nx.embed(
        lazy, "text", client=client, batch_size=10, max_concurrency=3, tags={"job": "x"}
    )
    with cluster.as_current():
        check(made.compute(), frame)
        # All workers have one limit together, and one file of answers with this process.
        assert upstream.refused == 0
        assert (set(upstream.sent.values()), len(upstream.sent)) == ({1}, 600)
        check(nx.embed(lazy, "text", client=client, dimensions=None).compute(), frame)
    assert (set(upstream.sent.values()), len(upstream.sent)) == ({1}, 600)
    assert set(upstream.tags) == {"job=x"}


def test_the_dashboard_shows_how_far_it_is(
    cluster: Any, client: Client, upstream: Upstream
) -> None:
    lazy = dd.from_pandas(texts(40, "shown"), npartitions=4).assign(one=1)
    with cluster.as_current():
        made = nx.embed(lazy, "text", client=client, dimensions=8).assign(two=2).persist()
        distributed.wait(made)
        states = cluster.run_on_scheduler(_states)
    assert states["nexhina-embed"] >= 4
    del made


def _states(dask_scheduler: Any) -> dict[str, int]:
    prefixes = dask_scheduler.task_prefixes
    return {name: sum(found.state_counts.values()) for name, found in prefixes.items()}


def test_the_key_is_seen_nowhere(cluster: Any, client: Client, upstream: Upstream) -> None:
    upstream.faults = Faults(answer=lambda body: (401, {}, error("invalid_api_key", "who?")))
    lazy = dd.from_pandas(texts(8, "secret"), npartitions=2)
    made = nx.embed(lazy, "text", client=client, dimensions=8)
    graph = made.optimize().__dask_graph__()
    shown = [repr(made), repr(graph), repr(dict(graph)), str([*graph])]
    with cluster.as_current():
        future = cluster.compute(made)
        with pytest.raises(errors.Authentication) as caught:
            future.result()
        shown += [repr(caught.value), str(caught.value), repr(caught.value.__dict__)]
        shown += [repr(cluster.get_worker_logs()), repr(cluster.get_scheduler_logs())]
        keys = cluster.run_on_scheduler(_keys)
    address = cluster.dashboard_link.removesuffix("/status")
    pages = ["info/main/workers.html", "json/counts.json"]
    shown += [httpx.get(f"{address}/{page}").raise_for_status().text for page in pages]
    shown += [httpx.get(f"{address}/info/task/{key}.html").text for key in keys]
    assert any("nexhina-embed" in text for text in shown[-len(keys) :])
    assert not [text for text in shown if KEY in text]
    assert caught.value.partial is None


def _keys(dask_scheduler: Any) -> list[str]:
    return [str(key) for key in dask_scheduler.tasks]


def test_workers_find_the_gateway_of_this_machine(
    cluster: Any, upstream: Upstream, tmp_path: Path
) -> None:
    home = tmp_path / "home"  # of this process: the workers were begun with another one
    frame = texts(30, "found")
    with discovery.holding(home):
        running = discovery.Running(upstream.base_url, os.getpid(), Secret("sk-found"))
        discovery.announce(home, running)
        made = nx.embed(dd.from_pandas(frame, npartitions=3), "text")
        with cluster.as_current():
            check(made.compute(), frame)
    assert upstream.sent.total() == 30
    cached = nx.embed(frame, "text")
    assert np.array_equal(nx.matrix(cached["embedding"]), nx.matrix(cached["embedding"]))
    assert upstream.sent.total() == 30


@pytest.mark.parametrize("stop", ["cancel", "interrupt", "interrupt threads"])
def test_who_stops_waiting_stops_the_calls(
    cluster: Any, client: Client, upstream: Upstream, stop: str
) -> None:
    frame = texts(60, stop)
    lazy = dd.from_pandas(frame, npartitions=3)
    made = nx.embed(lazy, "text", client=client, dimensions=8, batch_size=5, max_concurrency=2)
    # As a kernel does: that of polars, once it was used, lets the wait for a lock go on.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    upstream.faults = Faults(latency=20.0)  # without an interrupt it ends all the same
    with computing(None if "threads" in stop else cluster) as how:
        if stop == "cancel":
            future = cluster.compute(made)
            until(lambda: upstream.under_way == 2)
            future.cancel()
        else:
            threading.Thread(target=_interrupt, args=(upstream,)).start()
            with pytest.raises(KeyboardInterrupt):
                made.compute(**how)
        until(lambda: upstream.under_way == 0)
        assert upstream.left >= 2
        # All turns have come back, or this would wait for ever.
        upstream.faults = Faults()
        check(made.compute(**how), frame)


def _interrupt(upstream: Upstream) -> None:
    until(lambda: upstream.under_way == 2)
    interrupt()


def test_a_matrix_is_of_vectors_that_are_there() -> None:
    lazy = dd.from_pandas(pd.DataFrame({"v": [[1.0], [2.0]]}, dtype=object), npartitions=2)
    with pytest.raises(errors.BadInput, match=r"pass column\.compute\(\)"):
        nx.matrix(lazy["v"])


def test_rows_that_go_wrong(cluster: Any, client: Client, upstream: Upstream) -> None:
    upstream.faults = Faults(refusal=lambda text: text == "bad 3")
    lazy = dd.from_pandas(texts(12, "bad"), npartitions=3)
    with cluster.as_current():
        made = nx.embed(lazy, "text", client=client, dimensions=8).compute()
        assert made["embedding_error"].isna().tolist() == [row != 3 for row in range(12)]
        assert "not welcome" in made["embedding_error"][3]
        with pytest.raises(errors.BatchFailed, match="1 of 4 rows of a partition") as caught:
            nx.embed(lazy, "text", client=client, dimensions=8, errors="raise").compute()
    assert caught.value.partial is None
    assert str(caught.value.hint).startswith("all others of that partition were answered")


def test_what_it_will_cost(cluster: Any, client: Client, upstream: Upstream) -> None:
    frame = texts(50, "dry")
    lazy = dd.from_pandas(frame, npartitions=4)
    model = "text-embedding-3-small"
    asked = {"client": client, "model": model, "dry_run": True, "batch_size": 50}
    with cluster.as_current():
        found = nx.embed(lazy, "text", **asked)
        whole = nx.embed(frame, "text", **asked)
        assert found.input_tokens == whole.input_tokens > 0
        assert found.price == whole.price
        assert found.quota[0] >= whole.quota[0] > 0
    assert not upstream.sent


@pytest.mark.parametrize("where", ["threads", "cluster"])
def test_a_budget_is_for_all_partitions(
    cluster: Any, client: Client, upstream: Upstream, where: str
) -> None:
    """The upstream bills one quota a text, a little less than it may cost."""
    upstream.faults = Faults(latency=0.01)
    frame = texts(1200, where + 16 * " x")
    lazy = dd.from_pandas(frame, npartitions=6)
    made = {
        usd: nx.embed(
            lazy, "text", client=client, dimensions=8, model="text-embedding-3-large",
            batch_size=50, budget=usd,
        )
        for usd in ("0.001", "0.01")
    }  # fmt: skip
    with computing(cluster if where == "cluster" else None) as how:
        with pytest.raises(errors.BudgetExceeded, match=r"budget of \$0.001.*on disk") as caught:
            made["0.001"].compute(**how)
        assert ".partial" not in str(caught.value)
        # 500 quota: what was billed comes near to it, and not beyond.
        assert 400 <= upstream.sent.total() <= 500
        check(made["0.01"].compute(**how), frame)
    assert set(upstream.sent.values()) == {1}


@pytest.mark.parametrize("where", ["threads", "cluster"])
def test_a_deadline_is_for_all_partitions(
    cluster: Any, client: Client, upstream: Upstream, where: str
) -> None:
    frame = texts(60, f"late {where}")
    options: Any = {"client": client, "dimensions": 8}
    known = frame["n"] % 5 == 0
    before = {*cluster.run_on_scheduler(_keys)}
    nx.embed(frame[known], "text", **options)
    upstream.forget()
    upstream.faults = Faults(latency=20.0)
    made = nx.embed(dd.from_pandas(frame, npartitions=12), "text", deadline=1.5, **options)
    with computing(cluster if where == "cluster" else None) as how:
        late = made.compute(num_workers=4, **how)
        # Four partitions at once; those that began later sent nothing.
        assert 1 <= upstream.requests <= 4
        assert late["embedding"].notna().tolist() == known.tolist()
        assert set(late["embedding_error"].dropna()) == {"not_done: the deadline came first"}
        # The next time it counts anew, once Dask does not have the result any more.
        until(lambda: {*cluster.run_on_scheduler(_keys)} <= before)
        upstream.faults = Faults()
        again = made.compute(num_workers=4, **how)
        assert again["embedding"].notna().sum() > known.sum()


def test_a_killed_worker_gives_no_more_time(
    cluster: Any, client: Client, upstream: Upstream
) -> None:
    came: list[float] = []

    def never(asked: list[str]) -> float:
        came.append(time.monotonic())
        return 20.0

    def kill() -> None:
        until(lambda: upstream.under_way == 4)
        os.kill(pid, signal.SIGKILL)

    pid, *_ = cluster.run(os.getpid).values()
    upstream.faults = Faults(slow=never)
    frame = texts(40, "no more time")
    made = nx.embed(
        dd.from_pandas(frame, npartitions=8), "text", client=client, dimensions=8, deadline=2.0
    )
    killer = threading.Thread(target=kill)
    killer.start()
    with cluster.as_current():
        late = made.compute()
    killer.join(30)
    assert set(late["embedding_error"]) == {"not_done: the deadline came first"}
    assert max(came) - min(came) < 2.0
    cluster.wait_for_workers(2)


def test_other_verbs(shared_gateway: RunningGateway) -> None:
    frame = pd.DataFrame({"text": ["a lovely day", None, "I will kill you", ""]})
    lazy = dd.from_pandas(frame, npartitions=2)
    with Client(shared_gateway.base_url, shared_gateway.key) as client:
        made = nx.moderate(lazy, "text", client=client)
        parts = [made.get_partition(number).compute(scheduler="sync") for number in range(2)]
        whole = nx.moderate(lazy.compute(scheduler="sync"), "text", client=client)
    assert [part.dtypes.to_dict() for part in parts] == [made.dtypes.to_dict()] * 2
    together = pd.concat(parts)
    assert together["flagged"].dtype == "boolean"
    assert together["flagged"].isna().tolist() == [False, True, False, True]
    pd.testing.assert_frame_equal(together, whole, check_dtype=False)


def test_what_cannot_go_to_workers(client: Client, upstream: Upstream) -> None:
    lazy = dd.from_pandas(texts(4), npartitions=1)
    with httpx.Client() as own, pytest.raises(errors.BadInput, match="http_client"):
        nx.embed(lazy, "text", client=Client(upstream.base_url, KEY, http_client=own))
    with pytest.raises(errors.BadInput, match="no column 'txt'"):
        nx.embed(lazy, "txt", client=client)
    with pytest.raises(errors.BadInput, match="overwritten"):
        nx.embed(lazy, "text", into="text", client=client)
    with nx.budget(1), pytest.raises(errors.BadInput, match="with-block"):
        nx.embed(lazy, "text", client=client)
    with pytest.raises(errors.BadInput):
        nx.rerank(lazy, "a query", on="text", client=client)
    assert not upstream.requests


def test_the_way_to_a_gateway(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        Client(upstream.base_url, timeout=7, max_retries=5) as open_to_all,
        open_desk(open_to_all, False, {}) as desk,
    ):
        sent = pickle.dumps(Passage.of(desk))
    with Client(upstream.base_url, KEY) as client, open_desk(client, False, {}) as desk:
        with_key = Passage.of(desk)
    # What holds where it arrives is not what held where it began.
    monkeypatch.setenv("NEXHINA_API_KEY", "sk-of-another-gateway")
    monkeypatch.setenv("NEXHINA_BASE_URL", "http://another.example/v1")
    with pickle.loads(sent).open() as made:
        assert (made.base_url, made.key.reveal()) == (upstream.base_url, "")
        assert (made._session.policy.max_retries, made._transport.timeout.read) == (5, 7)
    arrived = pickle.loads(pickle.dumps(with_key))
    assert arrived == with_key
    assert KEY not in repr(arrived)
    with arrived.open() as made:
        assert made.key.reveal() == KEY


def test_turns_are_shared_by_threads() -> None:
    turns, under_way, peaks = OwnTurns(Pace(3)), [0], []

    async def call() -> None:
        for _ in range(20):
            await turns.take()
            under_way[0] += 1
            peaks.append(under_way[0])
            await asyncio.sleep(0.001)
            under_way[0] -= 1
            await turns.give_back("answered")

    async def several() -> None:
        await asyncio.gather(call(), call(), call())

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(asyncio.run, several()) for _ in range(4)]:
            done.result(30)
    assert len(peaks) == 240
    assert 1 < max(peaks) <= 3


def test_a_worker_is_killed(
    cluster: Any, client: Client, upstream: Upstream, tmp_path: Path
) -> None:
    """Last in this file, since the cluster has to recover from it."""
    frame = texts(3000, "killed")
    pids = [*cluster.run(os.getpid).values()]
    path = tmp_path / "answers.db"
    kept: dict[str, int] = {}  # texts that were on disk → how often they had been sent by then

    def kill(seen: Upstream) -> None:
        if pids and len(seen.answered) >= 1000:
            os.kill(pids.pop(), signal.SIGKILL)
            pids.clear()
            address = Address("embed", seen.base_url, seen_model, dimensions=8)
            with Cache(path, 1 << 30) as cache:
                names = [address.of(text.encode()) for text in frame["text"]]
                found = [frame["text"][place] for place, _ in cache.find(names)]
            kept.update((text, seen.sent[text]) for text in found)

    seen_model = client.settings.embed_model
    upstream.faults, upstream.on_answer = Faults(latency=0.02), kill
    made = nx.embed(
        dd.from_pandas(frame, npartitions=10), "text",
        client=client, dimensions=8, batch_size=25, max_concurrency=4, cache=path,
    )  # fmt: skip
    with cluster.as_current():
        check(made.compute(), frame)
    assert len(kept) > 500
    assert {text: upstream.sent[text] for text in kept} == kept
    # The calls that the worker had under way are made again, and no others.
    again = [text for text, count in upstream.sent.items() if count > 1]
    assert len(again) <= 4 * 25
