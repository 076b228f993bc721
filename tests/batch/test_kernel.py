"""A real kernel that is killed, or interrupted, in the middle of a batch."""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from tests.batch.upstream import Faults, Upstream
from tests.magics.kernels import Kernel, Ran, start_kernel

ROWS, BATCH, AT_ONCE = 5000, 50, 8
SETUP = f"""
import numpy as np, pandas as pd, polars as pl, nexhina_nb as nx
from tests.batch.upstream import vector
texts = [f"text {{n % 4000}}" for n in range({ROWS})]
"""
FRAMES = {
    "pandas": "frame = pd.DataFrame({'text': texts, 'n': range(5000)}, index=range(9, 5009))",
    "polars": "frame = pl.DataFrame({'text': texts, 'n': range(5000)})",
}
EMBED = f"made = nx.embed(frame, 'text', batch_size={BATCH}, max_concurrency={AT_ONCE})"
CHECK = """
matrix = nx.matrix(made["embedding"])
assert np.array_equal(matrix, np.stack([vector(text) for text in texts]))
assert type(made) is type(frame) and list(made.columns) == ["text", "n", "embedding"]
assert made["n"].to_list() == list(range(5000)) and made["text"].to_list() == texts
print(list(made.index)[0] if hasattr(made, "index") else 9)
"""


def lose(kernel: Kernel) -> None:
    """Kill the kernel as an empty battery would, and wait until it is gone."""
    process = kernel.manager.provisioner.process  # type: ignore[union-attr]
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)


def pid_of(kernel: Kernel) -> int:
    """Its process."""
    return int(kernel.manager.provisioner.process.pid)  # type: ignore[union-attr]


def test_after_a_kill_no_answered_text_is_sent_again(tmp_path: Path, upstream: Upstream) -> None:
    where = {"NEXHINA_BASE_URL": upstream.base_url, "NEXHINA_API_KEY": "sk-test"}
    with ExitStack() as stack:
        kernel = stack.enter_context(start_kernel(tmp_path, **where))
        for kind, frame in FRAMES.items():
            setup = SETUP.replace("text {", f"{kind} {{") + frame
            assert kernel.run(setup).status == "ok"
            half = threading.Event()
            upstream.forget()
            upstream.faults = Faults(latency=0.02)
            upstream.on_answer = lambda seen, half=half: (  # type: ignore[misc]
                half.set() if len(seen.answered) >= 2000 else None
            )
            kernel.client.execute(EMBED)
            assert half.wait(30)
            lose(kernel)
            time.sleep(0.1)  # what is on its way to the upstream arrives
            read, answered = set(upstream.read), set(upstream.answered)
            assert 1000 < len(read) < 4000
            upstream.forget()
            upstream.faults = Faults()
            kernel = stack.enter_context(start_kernel(tmp_path, **where))
            ran = kernel.run(setup + "\n" + EMBED + CHECK)
            assert (ran.status, ran.text.splitlines()[-1]) == ("ok", "9"), ran.error
            sent = set(upstream.sent)
            assert sent & read == set()
            assert len(sent & answered) <= BATCH * AT_ONCE
            assert sent | read | answered == {f"{kind} {number}" for number in range(4000)}
            assert set(upstream.sent.values()) == {1}


def test_an_interrupt_stops_the_calls_and_keeps_what_came(
    tmp_path: Path, upstream: Upstream
) -> None:
    upstream.faults = Faults(latency=0.05)
    first = threading.Event()

    def slow_down(seen: Upstream) -> None:
        if len(seen.answered) >= 500:
            seen.faults.latency = 60.0
            first.set()

    upstream.on_answer = slow_down
    where = {"NEXHINA_BASE_URL": upstream.base_url, "NEXHINA_API_KEY": "sk-test"}
    with start_kernel(tmp_path, **where) as kernel:
        assert kernel.run(SETUP + FRAMES["pandas"]).status == "ok"
        at: list[float] = []

        def interrupt() -> None:
            assert first.wait(30)
            time.sleep(0.3)
            at.append(time.monotonic())
            os.kill(pid_of(kernel), signal.SIGINT)

        helper = threading.Thread(target=interrupt)
        helper.start()
        ran: Ran = kernel.run(EMBED)
        helper.join()
        assert ran.error["ename"] == "Stopped"
        assert "run it again to go on" in ran.error["evalue"]
        assert ran.idle_at - at[0] < 1.0
        part = kernel.run(
            "import sys; part = sys.last_value.partial; ok = part['embedding'].notna(); "
            "print(type(part).__name__, ok.sum() == part['embedding_error'].isna().sum(), "
            "all(np.array_equal(v, vector(t)) for v, t in zip(part['embedding'][ok], "
            "part['text'][ok])), sorted(set(part['embedding_error'].dropna())))"
        )
        said = "DataFrame True True ['not_done: the batch was stopped before']"
        assert part.text.strip() == said, part.error
        time.sleep(0.2)
        assert upstream.left > 0
        assert upstream.under_way == 0
        answered = set(upstream.answered)
        upstream.forget()
        upstream.faults, upstream.on_answer = Faults(), lambda seen: None
        assert kernel.run(EMBED + CHECK).status == "ok"
    assert set(upstream.sent) & answered == set()


def test_the_gateway_learns_which_cell_is_calling(tmp_path: Path) -> None:
    with start_kernel(tmp_path) as kernel:
        assert kernel.run("%nexhina gateway start").status == "ok"
        kernel.run("import pandas as pd, nexhina_nb as nx")
        made = kernel.run("nx.embed(pd.DataFrame({'text': ['a']}), 'text')", cell="cell-42")
        assert made.status == "ok", made.error
        logged = kernel.run("print(nx.Client().logs()[0]['other'])")
    assert '"cell": "cell-42"' in logged.text
