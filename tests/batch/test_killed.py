"""A long batch whose kernel is killed again and again: it goes on where it was. What it asks for a
second time is at most what was on its way at a kill.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path

from tests.batch.upstream import Faults, Upstream
from tests.magics.kernels import start_kernel

ROWS, KILLS = 20_000, 10
JOB = """
import numpy as np, polars as pl, nexhina_nb as nx
from tests.batch.upstream import vector
texts = [f"text {{n % 15_000}}" for n in range({rows})]
with nx.Client("{url}", "sk-test") as client:
    frame = pl.DataFrame({{"text": texts}})
    made = nx.embed(frame, "text", client=client, batch_size=50, max_concurrency=8)
right = np.array_equal(nx.matrix(made["embedding"]), np.stack([*map(vector, texts)]))
print(made.columns, right)
"""


def test_ten_kills_cost_next_to_nothing(upstream: Upstream, tmp_path: Path) -> None:
    dice = random.Random(5)
    upstream.faults = Faults(latency=0.05)
    code = JOB.format(rows=ROWS, url=upstream.base_url)
    # Kills spread over the whole job, at moments that no call has anything to do with.
    for mark in sorted(dice.sample(range(500, 14_000), KILLS)):
        reached = threading.Event()

        def look(seen: Upstream, mark: int = mark, reached: threading.Event = reached) -> None:
            if len(seen.answered) >= mark:
                reached.set()

        upstream.on_answer = look
        with start_kernel(tmp_path) as kernel:
            process = kernel.manager.provisioner.process  # type: ignore[union-attr]
            kernel.client.execute(code)
            assert reached.wait(60)
            assert not threading.Event().wait(dice.uniform(0, 0.05))
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
        assert len(upstream.answered) < 15_000
    upstream.on_answer = lambda seen: None
    with start_kernel(tmp_path) as kernel:
        ran = kernel.run(code)
    assert ran.status == "ok", ran.error
    assert ran.text.splitlines()[-1] == "['text', 'embedding'] True"
    assert upstream.answered.keys() == {f"text {number}" for number in range(15_000)}
    # Of the eight calls under way at a kill, of fifty texts each, answers may have come unread.
    assert upstream.answered.total() - 15_000 <= KILLS * 8 * 50
