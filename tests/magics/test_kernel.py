"""In a real kernel: answers grow ten times a second at most, and an interrupt is obeyed at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from tests.client import mock_server
from tests.client.mock_server import DONE, SSE, MockServer, Play, chunk, wait_until
from tests.magics.kernels import Kernel, Ran


@pytest.fixture
def online(kernel: Kernel, server: MockServer) -> Iterator[Kernel]:
    kernel.run(f"%config Nexhina.base_url = '{server.base_url}'")
    yield kernel
    kernel.run(
        "from nexhina_nb.magics.extension import loaded\n"
        "loaded(get_ipython()).state.close()\n"
        "%config Nexhina.base_url = None"
    )


def paced(pieces: int, seconds: float) -> Play:
    """A stream with a pause before every piece."""

    def frames() -> Iterator[bytes]:
        for number in range(pieces):
            time.sleep(seconds)
            yield chunk({"content": f"w{number} "})
        yield from (chunk({}, "stop"), DONE)

    return Play(cast("Sequence[bytes]", frames()), content_type=SSE)


def hanging(*pieces: str) -> Play:
    """A stream that goes on for ever after its last piece."""
    return Play([chunk({"content": piece}) for piece in pieces], content_type=SSE, hang=True)


class Interrupter:
    """Interrupts shortly after the first output, or without one, after the call was sent."""

    def __init__(self, kernel: Kernel, server: MockServer, *, shown: bool) -> None:
        self.kernel, self.server, self.shown, self.at = kernel, server, shown, 0.0

    def __call__(self, ran: Ran) -> None:
        if self.at or (self.shown and not ran.outputs):
            return
        deadline = time.monotonic() + 10
        while not self.server.seen and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.1)
        self.at = self.kernel.interrupt()


def test_an_answer_grows_in_one_output(online: Kernel, server: MockServer) -> None:
    server.play(paced(60, 0.01))
    ran = online.run("%%nexhina -o r\nHi")
    assert ran.status == "ok"
    assert len(ran.outputs) == 1
    assert ran.text == "".join(f"w{number} " for number in range(60))
    assert 2 <= len(ran.updates) < 60  # it grows, but not with every piece
    assert ran.outputs[0]["metadata"]["nexhina"]["finish_reason"] == "stop"
    assert "text/markdown" in ran.outputs[0]["data"]
    assert not any(update["metadata"] for _, update in ran.updates[:-1])


def test_an_interrupt_keeps_what_came(online: Kernel, server: MockServer) -> None:
    server.play(hanging("one ", "two "))
    interrupt = Interrupter(online, server, shown=True)
    ran = online.run("%%nexhina -o r -c talk\nHi", on_output=interrupt)
    assert ran.idle_at - interrupt.at < 10  # the server would never have ended
    assert wait_until(server.left) < 10  # the stream is closed
    assert (ran.status, ran.error["ename"]) == ("error", "Stopped")
    assert ran.error["traceback"] == ["Stopped: the call was stopped"]
    assert [output["data"]["text/plain"] for output in ran.outputs] == ["one two ", "[stopped]"]
    assert online.run("r.text, r.finish_reason").text == "('one two ', None)"
    assert online.run("%nexhina conversations").text == "There are no conversations."
    server.play(mock_server.stream("again"))
    assert online.run("%%nexhina\nHi").text == "again"


@pytest.mark.parametrize("option", ["", "--no-stream"])
def test_an_interrupt_before_anything_came(online: Kernel, server: MockServer, option: str) -> None:
    server.play(Play([], content_type=SSE, hang=True))
    interrupt = Interrupter(online, server, shown=False)
    ran = online.run(f"%%nexhina {option} -o never\nHi", on_output=interrupt)
    assert ran.idle_at - interrupt.at < 10  # the server would never have ended
    assert wait_until(server.left) < 10
    assert ran.error["traceback"] == ["Stopped: the call was stopped"]
    assert ran.outputs == []
    assert online.run("6 * 7").text == "42"
    assert online.run("'never' in dir()").text == "False"


def test_one_display_where_nobody_watches(online: Kernel, server: MockServer) -> None:
    server.play(paced(20, 0.01), paced(20, 0.01), paced(20, 0.01))
    as_nbval = online.run("%%nexhina\nHi", store_history=False)
    assert (len(as_nbval.outputs), as_nbval.updates) == (1, [])
    assert as_nbval.outputs[0]["transient"] == {}
    online.run("%config Nexhina.stream = False")
    server.play(mock_server.chat("whole"))
    server.script.rotate(1)
    switched_off = online.run("%%nexhina\nHi")
    online.run("%config Nexhina.stream = True")
    assert (switched_off.text, switched_off.updates) == ("whole", [])
    captured = online.run("%%capture got\nget_ipython().run_cell_magic('nexhina', '', 'Hi')")
    assert captured.outputs == []
    assert online.run("len(got.outputs)").text == "1"


def test_tab_in_a_kernel(online: Kernel) -> None:
    code = "%%nexhina --te"
    online.client.complete(code, len(code))
    reply = online.client.get_shell_msg(timeout=10)["content"]
    assert reply["matches"] == ["--temperature"]
    assert (reply["cursor_start"], reply["cursor_end"]) == (10, 14)
