"""In a real kernel: every verb, answers that grow ten times a second at most, and interrupts that
are obeyed at once.
"""

from __future__ import annotations

import base64
import re
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from nexhina_nb.magics import verbs
from tests.client import mock_server
from tests.client.mock_server import DONE, SSE, MockServer, Play, chunk, wait_until
from tests.conftest import RunningGateway
from tests.magics.kernels import Kernel, Ran, start_kernel
from tests.magics.test_login import KEYRING


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


def test_an_interrupt_keeps_the_texts_of_a_column(online: Kernel, server: MockServer) -> None:
    sent: list[float] = []

    def interrupt(ran: Ran) -> None:
        deadline = time.monotonic() + 10
        while len(server.seen) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        if not sent:
            time.sleep(0.1)
            sent.append(online.interrupt())

    online.run(
        "import pandas as pd, pathlib, tempfile\n"
        "folder = pathlib.Path(tempfile.mkdtemp())\n"
        "paths = [folder / f'{name}.mp3' for name in 'abc']\n"
        "for path in paths: path.write_bytes(b'ID3' + path.name.encode() * 99)\n"
        "df = pd.DataFrame({'path': paths})"
    )
    server.play(mock_server.as_json({"text": "one"}), Play([], hang=True), Play([], hang=True))
    code = "%nexhina transcribe --from df --column path -o texts"
    ran = online.run(code, store_history=False, on_output=interrupt)
    said = "Stopped: transcribe was stopped with 1 of 3 rows done; run it again to go on"
    assert ran.error["traceback"] == [said]
    assert wait_until(server.left) < 10
    assert online.run("sorted(texts['text'].fillna('-'))").text == "['-', '-', 'one']"
    assert "not_done" in online.run("texts['transcribe_error'].dropna().iloc[1]").text


# Verb → a cell that uses it, and what its plain text must match. They build on each other.
EVERY_VERB = {
    "gateway": (
        "import pandas as pd; df = pd.DataFrame({'n': [6]})\n%nexhina gateway start",
        "The gateway is running",
    ),
    "chat": ("%%nexhina chat -c talk\nWhat is 6 * 7?", "6 [*×] 7 = 42"),
    "respond": ("%%nexhina respond -o reply\nWhat is 2 + 3?", "2 [+] 3 = 5"),
    "embed": ("%%nexhina embed -o vectors\ntea\ncoffee", r"2 × 256 float32\n"),
    "rerank": ("%%nexhina rerank -q tea\na car\na cup of tea", r"rank.*\n1 .*a cup of tea"),
    "moderate": ("%%nexhina moderate\nI will kill you", "I will kill you +violence"),
    "image": ("%%nexhina image --size 64x64 -o cat\nA cat", "1 picture, png"),
    "speak": ("%%nexhina speak --format wav -o said\nOpen the door.", r"SpeechReply .* s, wav"),
    "transcribe": ("%nexhina transcribe said", "door"),
    "translate": ("%nexhina translate said", "door"),
    "video": ("%%nexhina video --seconds 1 --size 128x72 -o film\nStars", "<video of .* local/"),
    "models": ("%nexhina models local/*", "local/chat(.|\\n)*local/video"),
    "cost": ("%nexhina cost --by model", "local/image(.|\\n)*Magics of this kernel: 10 commands"),
    "logs": ("%nexhina logs -n 30", "local/video(.|\\n)*local/chat"),
    "usage": ("%nexhina usage", "."),
    "ask": ("%%nexhina ask --from df\nWhat is {n} * 7?", r"answer(.|\n)*6 [*×] 7 = 42"),
    "cache": ("%nexhina cache", r"ask +local/chat +1 "),
    "conversations": ("%nexhina conversations", "talk: 1 turn"),
    "keys": ("%nexhina keys list", "notebook"),
    "channels": ("%nexhina channels list", "No channels but the built-in engines"),
    "class": ("%nexhina class create --students 1 --usd 1 --name a -o codes", "^$"),
    "codes": ("%nexhina codes --help", "Usage: %nexhina codes"),
    "groups": ("%nexhina groups list", "default"),
    "verify": ("%nexhina verify", "Every balance is the sum of its entries"),
    "redeem": ("code = codes.code[0].reveal()\n%nexhina redeem {{code}}", "The key holds .1.00"),
    "help": ("%nexhina help video", "%nexhina video ID"),
    "version": ("%nexhina version", "nexhina_nb [0-9]"),
    "login": ("%nexhina login", "cells of this kernel talk to http://127.0.0.1:9/v1"),
}


def test_every_verb(tmp_path: Path) -> None:
    assert EVERY_VERB.keys() == {verb.name for verb in verbs.VERBS}
    pytest.importorskip("keyring")
    ran: dict[str, Ran] = {}
    with start_kernel(tmp_path, NEXHINA_PACE="0") as kernel:
        assert kernel.run(KEYRING).status == "ok"
        for name, (code, text) in EVERY_VERB.items():
            answers = ("http://127.0.0.1:9/v1", "sk-typed") if name == "login" else ()
            ran[name] = kernel.run(code, answers=answers)
            assert ran[name].status == "ok", (name, ran[name].error)
            assert re.search(text, ran[name].text), (name, ran[name].text)
        kernel.run("%config Nexhina.base_url = None")
        assert kernel.run("%nexhina video film").outputs[0]["data"] == _data(ran["video"])
        assert kernel.run("%nexhina gateway stop").status == "ok"
    assert base64.b64decode(_data(ran["image"])["image/png"]).startswith(b"\x89PNG")
    assert _data(ran["chat"])["text/markdown"]
    assert "<table>" in _data(ran["moderate"])["text/html"]
    assert "<audio controls" in _data(ran["speak"])["text/html"]
    assert "<video controls" in _data(ran["video"])["text/html"]


def _data(ran: Ran) -> dict[str, str]:
    """What is shown first, in the end."""
    data: dict[str, str] = ran.outputs[0]["data"]
    return data


@pytest.fixture
def working(kernel: Kernel, shared_gateway: RunningGateway) -> Iterator[Kernel]:
    """The kernel, with a real gateway and its built-in engines."""
    kernel.run(
        f"import os; os.environ['NEXHINA_API_KEY'] = '{shared_gateway.key}'\n"
        f"os.environ['NEXHINA_BASE_URL'] = '{shared_gateway.base_url}'"
    )
    yield kernel
    kernel.run(
        "from nexhina_nb.magics.extension import loaded\n"
        "loaded(get_ipython()).state.close()\n"
        "del os.environ['NEXHINA_API_KEY'], os.environ['NEXHINA_BASE_URL']"
    )


def test_unfinished_pictures_give_way_to_the_finished_one(working: Kernel) -> None:
    ran = working.run("%%nexhina image --partial 2 --size 512x512 -o cat\nA cat")
    assert ran.status == "ok", ran.error
    assert len(ran.outputs) == 1
    assert ran.updates
    assert "unfinished" not in ran.text
    assert _data(ran)["image/png"] == ran.updates[-1][1]["data"]["image/png"]
    assert ran.outputs[0]["metadata"]["image/png"]["alt"]


def test_an_interrupt_leaves_a_film_in_the_making(working: Kernel) -> None:
    sent: list[float] = []

    def interrupt(ran: Ran) -> None:
        if ran.outputs and not sent:
            time.sleep(0.1)
            sent.append(working.interrupt())

    code = "%%nexhina video --seconds 60 --size 1280x720 -o film\nA sunrise"
    ran = working.run(code, on_output=interrupt)
    assert ran.error["ename"] == "Stopped"
    (line,) = ran.error["traceback"]
    found = re.search(r"come back with %nexhina video (\S+) or job = client.video_job", line)
    assert found is not None, line
    assert re.fullmatch(rf"video {found[1]}: (queued|in progress, \d+ %)", ran.text)
    assert "<progress " in ran.updates[0][1]["data"].get("text/html", "<progress ")
    state = working.run(f"%nexhina video {found[1]} --no-wait -o job")
    assert found[1] in state.text
    assert working.run("film.id == job.id").text == "True"
    assert working.run("job.delete()").status == "ok"
