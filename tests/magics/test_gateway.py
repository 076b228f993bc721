"""``%nexhina gateway`` in a real kernel, with a real child process and the built-in engines."""

from __future__ import annotations

import ast
import time
from pathlib import Path

from nexhina_nb import discovery
from tests.magics.kernels import start_kernel


def gone(pid: int, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while discovery.is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not discovery.is_alive(pid)


def test_start_ask_pay_stop(tmp_path: Path) -> None:
    more = {"NEXHINA_PACE": "0", "JPY_SESSION_NAME": "/notes/lesson.ipynb"}
    with start_kernel(tmp_path, **more) as kernel:
        assert kernel.run("%nexhina gateway status").text == "No gateway runs."
        failed = kernel.run("%%nexhina\nHi")
        assert "%nexhina gateway start" in failed.error["traceback"][0]

        started = kernel.run("%nexhina gateway start")
        assert started.text == "The gateway is running; cells use it by themselves."
        facts = started.outputs[0]["metadata"]["nexhina"]
        assert facts["started"]
        assert facts["base_url"] in kernel.run("%nexhina gateway status").text
        again = kernel.run("%nexhina gateway start")
        assert again.text == started.text
        assert again.outputs[0]["metadata"]["nexhina"] == {**facts, "started": False}

        answer = kernel.run("%%nexhina -o r\nWhat is 6 * 7?", cell="cell-1")
        assert "42" in answer.text
        assert answer.outputs[0]["metadata"]["nexhina"]["cost"]["source"] == "gateway"
        address = "vscode-notebook-cell:/notes/lesson.ipynb#cell-2"
        assert "2 × 256 float32" in kernel.run("%%nexhina embed\na\nb", cell=address).text
        kernel.run("%nexhina cost --by cell -o spent")
        columns = "['notebook', 'cell', 'calls', 'text']"
        rows = kernel.run(f"sorted(spent[{columns}].to_numpy().tolist())").text
        assert ast.literal_eval(rows) == [
            ["lesson.ipynb", "cell-1", 1, "[7] What is 6 * 7?"],
            ["lesson.ipynb", "cell-2", 1, "[8] a"],
        ]

        assert kernel.run("%nexhina gateway stop").text == "The gateway has stopped."
        assert not discovery.is_alive(facts["pid"])
        assert kernel.run("%nexhina gateway stop").text == "No gateway runs."
        assert kernel.run("%%nexhina\nHi").error["ename"] == "GatewayNotRunning"

        pid = kernel.run("%nexhina gateway start").outputs[0]["metadata"]["nexhina"]["pid"]
        kernel.manager.shutdown_kernel(now=True)
        assert gone(pid)
