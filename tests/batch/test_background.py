"""A batch as a blocking call: what it reports, how errors and interrupts get out of its thread."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from decimal import Decimal

import pytest

from nexhina_nb.batch import background
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.background import Manner, carry_out
from nexhina_nb.batch.embed import Embedding, EmbedWork
from nexhina_nb.batch.inputs import MISSING, pack, read
from nexhina_nb.batch.progress import Progress
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
