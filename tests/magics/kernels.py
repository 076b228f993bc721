"""A real kernel: run cells in it, watch their outputs arrive, interrupt them."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jupyter_client.manager import KernelManager

import nexhina_nb


@dataclass
class Ran:
    """What came of one cell; times are seconds of the monotonic clock."""

    status: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)
    updates: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    error: dict[str, Any] = field(default_factory=dict)
    questions: list[dict[str, Any]] = field(default_factory=list)
    idle_at: float = 0.0

    @property
    def text(self) -> str:
        """The plain text of all that was shown, updates in place."""
        return "\n".join(output["data"]["text/plain"] for output in self.outputs)


class Kernel:
    """One kernel and its client."""

    def __init__(self, manager: KernelManager) -> None:
        self.manager = manager
        self.client = manager.blocking_client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)

    def run(
        self,
        code: str,
        *,
        store_history: bool = True,
        cell: str = "",
        answers: tuple[str, ...] = (),
        on_output: Callable[[Ran], None] | None = None,
    ) -> Ran:
        """Execute a cell and wait until the kernel is idle.

        ``answers`` are typed when the kernel asks, ``on_output`` sees every message.
        """
        message = self.client.session.msg(
            "execute_request",
            {
                "code": code, "silent": False, "store_history": store_history,
                "user_expressions": {}, "allow_stdin": True, "stop_on_error": True,
            },
        )  # fmt: skip
        message["metadata"] = {"cellId": cell} if cell else {}
        self.client.shell_channel.send(message)
        ran = Ran()
        for answer in answers:
            question = self.client.get_stdin_msg(timeout=10)
            ran.questions.append(question["content"])
            self.client.input(answer)
        while self._take(ran, message["header"]["msg_id"]):
            if on_output is not None:
                on_output(ran)
        reply = self.client.get_shell_msg(timeout=10)
        while reply["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            reply = self.client.get_shell_msg(timeout=10)
        ran.status = reply["content"]["status"]
        return ran

    def _take(self, ran: Ran, msg_id: str) -> bool:
        message = self.client.get_iopub_msg(timeout=30)
        if message["parent_header"].get("msg_id") != msg_id:
            return True
        kind, content = message["msg_type"], message["content"]
        if kind == "status" and content["execution_state"] == "idle":
            ran.idle_at = time.monotonic()
            return False
        if kind in ("display_data", "execute_result"):
            ran.outputs.append(content)
        elif kind == "update_display_data":
            ran.updates.append((time.monotonic(), content))
            _replace(ran.outputs, content)
        elif kind == "stream":
            ran.outputs.append({"data": {"text/plain": content["text"]}, "metadata": {}})
        elif kind == "error":
            ran.error = content
        return True

    def interrupt(self) -> float:
        """Send SIGINT; gives the time it was sent."""
        at = time.monotonic()
        self.manager.interrupt_kernel()
        return at


def _replace(outputs: list[dict[str, Any]], content: dict[str, Any]) -> None:
    wanted = content["transient"]["display_id"]
    for output in outputs:
        if output.get("transient", {}).get("display_id") == wanted:
            output["data"], output["metadata"] = content["data"], content["metadata"]


def environment(home: Path, **more: str) -> dict[str, str]:
    """The environment of a kernel: this package importable, nothing of the user's own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NEXHINA_")}
    root = str(Path(nexhina_nb.__file__).parents[1])
    return kept | {"NEXHINA_HOME": str(home), "PYTHONPATH": root} | more


@contextmanager
def start_kernel(home: Path, **more: str) -> Iterator[Kernel]:
    """A kernel with the magics loaded."""
    manager = KernelManager()
    manager.start_kernel(env=environment(home, **more), stderr=subprocess.DEVNULL)
    kernel = Kernel(manager)
    try:
        assert kernel.run("%load_ext nexhina_nb").status == "ok"
        yield kernel
    finally:
        kernel.client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
