"""A real kernel that is killed, or interrupted, in the middle of a batch.

Two kernels share one home folder: one is killed, the other one goes on with its work and with
everything else.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.batch.upstream import Faults, Upstream
from tests.magics.kernels import Kernel, Ran, start_kernel

ROWS, BATCH, AT_ONCE = 5000, 50, 8
SETUP = f"""
import numpy as np, pandas as pd, polars as pl, nexhina_nb as nx
from tests.batch.upstream import vector
texts = [f"KIND {{n % 4000}}" for n in range({ROWS})]
client = nx.Client("BASE_URL", "sk-test")
"""
FRAMES = {
    "pandas": "frame = pd.DataFrame({'text': texts, 'n': range(5000)}, index=range(9, 5009))",
    "polars": "frame = pl.DataFrame({'text': texts, 'n': range(5000)})",
}
EMBED = f"""
made = nx.embed(frame, 'text', client=client, batch_size={BATCH}, max_concurrency={AT_ONCE})
"""
CHECK = """
matrix = nx.matrix(made["embedding"])
assert np.array_equal(matrix, np.stack([vector(text) for text in texts]))
assert type(made) is type(frame) and list(made.columns) == ["text", "n", "embedding"]
assert made["n"].to_list() == list(range(5000)) and made["text"].to_list() == texts
print(list(made.index)[0] if hasattr(made, "index") else 9)
"""


def setup(upstream: Upstream, kind: str) -> str:
    """What comes before a batch; texts of another kind are other texts."""
    return SETUP.replace("BASE_URL", upstream.base_url).replace("KIND", kind)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The home folder of both kernels."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def kernel(home: Path) -> Iterator[Kernel]:
    """The kernel that lives on."""
    with start_kernel(home) as running:
        yield running


def lose(kernel: Kernel) -> None:
    """Kill the kernel as an empty battery would, and wait until it is gone."""
    process = kernel.manager.provisioner.process  # type: ignore[union-attr]
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)


def until(holds: Callable[[], bool]) -> None:
    """Wait for what must come."""
    end = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def until_quiet(upstream: Upstream) -> None:
    """Wait until calls are held and no more have come for two seconds: as many as the batch's pace
    allows, which a busy machine makes fewer than it may.
    """
    seen, since = -1, time.monotonic()

    def is_quiet() -> bool:
        nonlocal seen, since
        if upstream.sent.total() != seen:
            seen, since = upstream.sent.total(), time.monotonic()
        return upstream.under_way > 0 and time.monotonic() - since > 2

    until(is_quiet)


def pid_of(kernel: Kernel) -> int:
    """Its process."""
    return int(kernel.manager.provisioner.process.pid)  # type: ignore[union-attr]


def test_after_a_kill_no_answered_text_is_sent_again(
    home: Path, kernel: Kernel, upstream: Upstream
) -> None:
    upstream.faults = Faults(latency=0.02)
    half = threading.Event()

    def hold(seen: Upstream) -> None:
        if len(seen.answered) >= 2000:
            seen.faults.latency = 60.0  # the batch must not end before the kill
            half.set()

    upstream.on_answer = hold
    with start_kernel(home) as unlucky:
        assert unlucky.run(setup(upstream, "killed") + FRAMES["pandas"]).status == "ok"
        unlucky.client.execute(EMBED)
        assert half.wait(30)
        until_quiet(upstream)
        lose(unlucky)
    until(lambda: upstream.under_way == 0)
    answered = set(upstream.answered)
    assert 2000 <= len(answered) < 4000
    upstream.forget()
    upstream.faults, upstream.on_answer = Faults(), lambda seen: None
    for frame in FRAMES.values():
        ran = kernel.run(setup(upstream, "killed") + frame + EMBED + CHECK)
        assert (ran.status, ran.text.splitlines()[-1]) == ("ok", "9"), ran.error
    sent = set(upstream.sent)
    assert sent & answered == set()
    assert sent | answered == {f"killed {number}" for number in range(4000)}
    assert set(upstream.sent.values()) == {1}


def test_an_interrupt_stops_the_calls_and_keeps_what_came(
    kernel: Kernel, upstream: Upstream
) -> None:
    upstream.faults = Faults(latency=0.05)
    first = threading.Event()

    def slow_down(seen: Upstream) -> None:
        if len(seen.answered) >= 500:
            seen.faults.latency = 60.0
            first.set()

    upstream.on_answer = slow_down
    assert kernel.run(setup(upstream, "stopped") + FRAMES["pandas"]).status == "ok"
    at: list[float] = []

    def interrupt() -> None:
        assert first.wait(30)
        until_quiet(upstream)
        at.append(time.monotonic())
        os.kill(pid_of(kernel), signal.SIGINT)

    helper = threading.Thread(target=interrupt)
    helper.start()
    ran: Ran = kernel.run(EMBED)
    helper.join()
    assert ran.error["ename"] == "Stopped"
    assert "run it again to go on" in ran.error["evalue"]
    assert ran.idle_at - at[0] < 30  # of the 60 that a call takes now
    part = kernel.run(
        "import sys; part = sys.last_value.partial; ok = part['embedding'].notna(); "
        "print(type(part).__name__, ok.sum() == part['embedding_error'].isna().sum(), "
        "all(np.array_equal(v, vector(t)) for v, t in zip(part['embedding'][ok], "
        "part['text'][ok])), sorted(set(part['embedding_error'].dropna())))"
    )
    said = "DataFrame True True ['not_done: the batch was stopped before']"
    assert part.text.strip() == said, part.error
    until(lambda: upstream.under_way == 0)
    assert 0 < upstream.left <= AT_ONCE
    answered = set(upstream.answered)
    upstream.forget()
    upstream.faults, upstream.on_answer = Faults(), lambda seen: None
    assert kernel.run(EMBED + CHECK).status == "ok"
    assert set(upstream.sent) & answered == set()


def test_the_gateway_learns_which_cell_is_calling(kernel: Kernel) -> None:
    assert kernel.run("%nexhina gateway start").status == "ok"
    kernel.run("import pandas as pd, nexhina_nb as nx")
    made = kernel.run("nx.embed(pd.DataFrame({'text': ['a']}), 'text')", cell="cell-42")
    assert made.status == "ok", made.error
    logged = kernel.run("print(nx.Client().logs()[0]['other'])")
    assert '"cell": "cell-42"' in logged.text


HANGING = {
    "embed": "nx.embed(frame, 'text', client=client, batch_size=10)",
    "a Series": "frame['text'].nx.embed(client=client, batch_size=20)",
    "one call": "nx.rerank(frame, 'q', on='text', client=client)",
    "a call a row": "nx.ask(frame, 'Sum up: {text}', client=client)",
}


@pytest.mark.parametrize("call", HANGING)
def test_an_interrupt_does_not_wait_for_what_hangs(
    kernel: Kernel, upstream: Upstream, call: str
) -> None:
    upstream.faults = Faults(latency=60.0)
    assert kernel.run(setup(upstream, call) + FRAMES["pandas"]).status == "ok"
    at: list[float] = []

    def interrupt() -> None:
        until(lambda: upstream.under_way > 0)
        at.append(time.monotonic())
        os.kill(pid_of(kernel), signal.SIGINT)

    helper = threading.Thread(target=interrupt)
    helper.start()
    ran = kernel.run(HANGING[call])
    helper.join()
    assert ran.error["ename"] == "Stopped"
    assert "0 of 5,000 rows done" in ran.error["evalue"]
    assert ran.idle_at - at[0] < 10  # far less than the 60 of a call; a hundredth of a second here
    part = kernel.run("import sys; print(len(sys.last_value.partial))")
    assert part.text.strip() == "5000"
    until(lambda: upstream.under_way == 0)


def test_an_interrupt_ends_a_lazy_query(kernel: Kernel, upstream: Upstream) -> None:
    upstream.faults = Faults(latency=60.0)
    assert kernel.run(setup(upstream, "lazy") + FRAMES["polars"]).status == "ok"
    at: list[float] = []

    def interrupt() -> None:
        until(lambda: upstream.under_way > 0)
        at.append(time.monotonic())
        os.kill(pid_of(kernel), signal.SIGINT)

    helper = threading.Thread(target=interrupt)
    helper.start()
    ran = kernel.run(
        "frame.lazy().nx.embed('text', dimensions=8, client=client, batch_size=10).collect()"
    )
    helper.join()
    assert ran.error["ename"] == "KeyboardInterrupt"
    assert ran.idle_at - at[0] < 10
    until(lambda: upstream.under_way == 0)
