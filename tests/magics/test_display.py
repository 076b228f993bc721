from __future__ import annotations

import io
import itertools
import time
from typing import Any

from nexhina_nb.magics.display import UPDATE_SECONDS, Bundle, Live, Note, Remark, Typing, Updating


class Recorder:
    """A screen that keeps what is sent to it, and when."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, Bundle, dict[str, Any]]] = []

    def publish(self, bundle: Bundle, **more: Any) -> None:
        self.sent.append((time.monotonic(), bundle, more))


def text(value: str) -> dict[str, Any]:
    return {"text/plain": value}


def test_updates_come_at_most_ten_times_a_second() -> None:
    recorder = Recorder()
    live = Updating(recorder)  # type: ignore[arg-type]
    made = []

    def data(number: int) -> dict[str, Any]:
        made.append(number)
        return text(str(number))

    started = time.monotonic()
    number = 0
    while time.monotonic() - started < 0.35:
        number += 1
        live.write(lambda: data(number))  # noqa: B023 - called at once
        time.sleep(0.001)
    live.end((text("all"), {"nexhina": {"seconds": 1}}))
    times = [at for at, _, _ in recorder.sent[:-1]]
    assert 2 <= len(times) <= 4
    assert all(b - a >= UPDATE_SECONDS for a, b in itertools.pairwise(times))
    assert len(made) == len(times)  # what is not sent is not made either
    assert [more["update"] for _, _, more in recorder.sent] == [False, *[True] * len(times)]
    assert len({more["transient"]["display_id"] for _, _, more in recorder.sent}) == 1
    assert recorder.sent[-1][1] == (text("all"), {"nexhina": {"seconds": 1}})


def test_an_answer_without_pieces_is_one_display() -> None:
    recorder = Recorder()
    Updating(recorder).end((text("all"), {}))  # type: ignore[arg-type]
    assert [more["update"] for _, _, more in recorder.sent] == [False]


def test_otherwise_there_is_one_display_without_an_id() -> None:
    recorder = Recorder()
    live = Live(recorder)  # type: ignore[arg-type]
    live.write(lambda: text("a"))
    live.end((text("ab"), {}))
    assert [(bundle, more) for _, bundle, more in recorder.sent] == [((text("ab"), {}), {})]


def test_a_terminal_gets_each_piece_once() -> None:
    out = io.StringIO()
    live = Typing(Recorder(), out)  # type: ignore[arg-type]
    for part in ("a", "ab", "abc"):
        live.write(lambda: text(part))  # noqa: B023 - called at once
        assert out.getvalue() == part
    live.end((text("abcd"), {}))
    assert out.getvalue() == "abcd\n"


def test_notes() -> None:
    note = Note("all is well", {"pid": 1}, {"text/html": "<b>"})
    assert repr(note) == "all is well"
    assert note._repr_mimebundle_() == (
        {"text/html": "<b>", "text/plain": "all is well"},
        {"nexhina": {"pid": 1}},
    )
    assert Note("x")._repr_mimebundle_() == ({"text/plain": "x"}, {})
    data, metadata = Remark("stopped")._repr_mimebundle_()
    assert data == {"text/markdown": "*stopped*", "text/plain": "[stopped]"}
    assert metadata == {}
