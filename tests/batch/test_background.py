"""A batch as a blocking call: what it reports, how errors and interrupts get out of its thread."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from decimal import Decimal
from pathlib import Path

import pytest

from nexhina_nb.batch import background
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.background import Manner, carry_out
from nexhina_nb.batch.cache import Cache
from nexhina_nb.batch.detached import Detached
from nexhina_nb.batch.embed import Embedding, EmbedWork
from nexhina_nb.batch.inputs import MISSING, pack, read
from nexhina_nb.batch.progress import Progress, Report
from nexhina_nb.batch.tally import Bill, Tally
from nexhina_nb.client import Client
from nexhina_nb.client.cost import Cost
from nexhina_nb.client.texts import MAX_BYTES
from tests.batch.upstream import Faults, Upstream


def test_progress_is_reported_ten_times_a_second(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(latency=0.1)
    inputs = read([f"t{row % 100}" for row in range(200)] + [None], "x")
    tally = Tally(inputs.total)
    work = EmbedWork(inputs, Embedding("m", None, 10), Address("embed", "", "m"), None, tally)
    work.look_up()
    reports: list[Progress] = []
    carry_out(work, list(work.parts()), client, Manner(4), tally, reports.append)
    seconds = reports[-1].seconds
    assert 1 <= len(reports) <= 10 * seconds + 2
    assert [r.done for r in reports] == sorted(r.done for r in reports)
    assert {r.total for r in reports} == {201}
    last = tally.progress(finished=True)
    assert (last.done, last.failed, last.cached, last.sent) == (200, 1, 0, 10)
    assert (last.tokens, last.quota, last.usd) == (200, 100, Decimal("0.0002"))
    assert last.finished
    assert not any(t.name.startswith("nexhina-batch") for t in threading.enumerate())


def test_the_last_report_of_a_stopped_batch_is_its_end(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(latency=0.05)
    inputs = read([f"t{row}" for row in range(400)], "x")
    tally = Tally(inputs.total)
    work = EmbedWork(inputs, Embedding("m", None, 10), Address("embed", "", "m"), None, tally)
    work.look_up()
    reports: list[Progress] = []

    def report(progress: Progress) -> None:
        reports.append(progress)
        if progress.done and not any(r.done for r in reports[:-1]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(work, list(work.parts()), client, Manner(4), tally, report)
    assert reports[-1].done == tally.done < 400
    assert len(reports) >= 2


def test_calls_that_are_broken_off_are_counted(upstream: Upstream, client: Client) -> None:
    upstream.faults = Faults(latency=60)
    inputs = read([f"t{row}" for row in range(400)], "x")
    tally = Tally(inputs.total)
    work = EmbedWork(inputs, Embedding("m", None, 10), Address("embed", "", "m"), None, tally)

    def report(progress: Progress) -> None:
        if tally.cut == 0 and upstream.requests >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        carry_out(work, list(work.parts()), client, Manner(4), tally, report)
    assert (tally.cut, tally.last) == (4, None)  # so that nobody takes them for free


def test_the_sum_of_bills_is_unknown_if_one_is() -> None:
    tally = Tally(3)
    assert tally.progress().quota is None
    tally.billed(Bill(Cost(5), 2))
    assert tally.progress().quota == 5
    tally.billed(Bill(Cost(None), 2))
    tally.billed(Bill(Cost(5), 2))
    assert tally.progress().quota is None
    assert tally.cost.quota is None


def test_what_a_batch_raises_gets_out() -> None:
    async def main() -> None:
        raise ValueError("this")

    with pytest.raises(ValueError, match="this"):
        background.run(main, lambda: None)


def test_an_error_of_the_watcher_cancels_the_batch() -> None:
    seen = []

    async def main() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    def watch() -> None:
        raise KeyboardInterrupt

    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        background.run(main, watch)
    assert seen == ["cancelled"]
    assert time.monotonic() - began < 30


def test_an_interrupt_before_the_batch_has_begun_cancels_it() -> None:
    begun: Future[Callable[[], object]] = Future()
    called = []
    begun.add_done_callback(background._cancel)
    begun.set_result(lambda: called.append("cancelled"))
    assert called == ["cancelled"]


def test_rows_of_many_lost_texts_are_found_in_one_pass() -> None:
    inputs = read(["a", "b", None, "a", "c"], "x")
    assert inputs.without_answer({0: "why", 2: "so"}) == {
        0: "why", 2: MISSING, 3: "why", 4: "so",
    }  # fmt: skip
    assert inputs.without_answer({}) == {2: MISSING}


def test_packing_keeps_to_number_and_size() -> None:
    big = "x" * (MAX_BYTES // 2)
    inputs = read(["a", "b", "c", big, big + "y", "z" * (2 * MAX_BYTES), "d"], "x")
    parts = list(pack(range(7), inputs, 2))
    assert parts == [(0, 1), (2, 3), (4,), (5,), (6,)]


def test_a_small_batch_is_cut_for_several_calls_at_once() -> None:
    inputs = read([f"t{row}" for row in range(800)], "x")
    work = EmbedWork(inputs, Embedding("m"), Address("embed", "", "m"), None, Tally(800))
    assert [len(part) for part in work.parts()] == [100] * 8
    few = read(["a", "b"], "x")
    work = EmbedWork(few, Embedding("m"), Address("embed", "", "m"), None, Tally(2))
    assert list(work.parts()) == [(0, 1)]


HANG_AND_LEAVE = """
import socket, time
socket.getaddrinfo = lambda *place, **options: time.sleep(60)
import polars as pl
import nexhina_nb as nx
client = nx.Client("http://gateway.example/v1", "sk")
frame = pl.DataFrame({"t": ["a", "b"]})
print(nx.embed(frame, "t", model="m", client=client, cache=False, progress=False, deadline=0.5))
"""


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """No name is found; the event is set once one was asked for."""
    asked, ended = threading.Event(), threading.Event()

    def look_up(*place: object, **options: object) -> object:
        asked.set()
        ended.wait(60)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    yield asked
    ended.set()
    for thread in threading.enumerate():
        if thread.name == "nexhina-detached":
            thread.join(30)


def small(tally: Tally, cache: Cache | None = None) -> EmbedWork:
    inputs = read([f"t{row}" for row in range(40)], "x")
    return EmbedWork(inputs, Embedding("m", None, 10), Address("embed", "", "m"), cache, tally)


def interrupt_once(is_time: Callable[[], bool]) -> Report:
    """A report that is interrupted."""
    rest = [KeyboardInterrupt]

    def report(progress: Progress) -> None:
        if rest and is_time():
            raise rest.pop()

    return report


def test_a_deadline_does_not_wait_for_the_look_up_of_a_name(hanging: threading.Event) -> None:
    tally = Tally(40)
    work = small(tally)
    began = time.monotonic()
    with Client("http://gateway.example/v1", "sk") as client:
        carry_out(work, list(work.parts()), client, Manner(4, 0.5), tally, lambda _: None)
    assert tally.is_late
    assert time.monotonic() - began < 5
    assert hanging.is_set()


def test_an_interrupt_does_not_wait_for_the_look_up_of_a_name(hanging: threading.Event) -> None:
    tally = Tally(40)
    work, stopping = small(tally), interrupt_once(hanging.is_set)
    began = time.monotonic()
    with Client("http://gateway.example/v1", "sk") as client, pytest.raises(KeyboardInterrupt):
        carry_out(work, list(work.parts()), client, Manner(4), tally, stopping)
    assert time.monotonic() - began < 5


def test_the_interpreter_does_not_wait_for_the_look_up_of_a_name() -> None:
    command = [sys.executable, "-c", HANG_AND_LEAVE]
    said = subprocess.check_output(command, text=True, timeout=45)
    assert "not_done" in said


def test_what_detached_threads_bring_and_raise() -> None:
    detached = Detached(2)
    try:
        some = [detached.submit(divmod, 7, divisor) for divisor in (2, 0, 3, 4)]
        assert isinstance(some[1].exception(30), ZeroDivisionError)
        assert [some[at].result(30) for at in (0, 2, 3)] == [(3, 1), (2, 1), (1, 3)]
    finally:
        detached.shutdown()


def test_what_is_called_off_before_a_detached_thread_is_free_is_not_done() -> None:
    detached, go_on, done = Detached(1), threading.Event(), []
    try:
        busy = detached.submit(go_on.wait, 30)
        waiting = detached.submit(done.append, "called off")
        assert waiting.cancel()
        go_on.set()
        assert busy.result(30)
        assert detached.submit(len, done).result(30) == 0
    finally:
        detached.shutdown()


@pytest.mark.parametrize("is_late", [False, True])
def test_no_end_waits_for_another_process_that_is_writing(
    client: Client, tmp_path: Path, *, is_late: bool
) -> None:
    tally = Tally(40)
    with (
        Cache(tmp_path / "a.db", 1 << 30) as cache,
        contextlib.closing(sqlite3.connect(cache.path, isolation_level=None)) as other,
    ):
        work = small(tally, cache)
        other.execute("BEGIN IMMEDIATE")
        manner = Manner(4, deadline=1 if is_late else None)
        stopping = interrupt_once(lambda: not is_late and tally.last is not None)
        expected = contextlib.nullcontext() if is_late else pytest.raises(KeyboardInterrupt)
        began = time.monotonic()
        with expected:
            carry_out(work, list(work.parts()), client, manner, tally, stopping)
        assert time.monotonic() - began < 10
        assert tally.is_late == is_late
        assert "locked" in cache.fault
        assert 0 < tally.done == 40 - len(work.missing())  # what came is in the frame


def test_a_batch_waits_while_another_process_writes(client: Client, tmp_path: Path) -> None:
    tally = Tally(40)
    with (
        Cache(tmp_path / "a.db", 1 << 30) as cache,
        contextlib.closing(sqlite3.connect(cache.path, isolation_level=None)) as other,
    ):
        work = small(tally, cache)
        other.execute("BEGIN IMMEDIATE")
        first = time.monotonic()

        def report(progress: Progress) -> None:
            if other.in_transaction and time.monotonic() - first > 1:
                assert progress.done == 0  # disk comes first
                other.execute("COMMIT")

        carry_out(work, list(work.parts()), client, Manner(4), tally, report)
        assert (tally.done, cache.fault) == (40, "")
        assert len(list(cache.find(work._names))) == 40
