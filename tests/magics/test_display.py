from __future__ import annotations

import io
import time
from typing import Any

import pytest

from nexhina_nb.magics.display import (
    UPDATE_SECONDS,
    Bundle,
    Live,
    Note,
    Remark,
    Rewriting,
    Typing,
    Updating,
)


class Recorder:
    """A screen that keeps what is sent to it, and when."""

    def __init__(self) -> None:
        self.sent: list[tuple[float, Bundle, dict[str, Any]]] = []

    def publish(self, bundle: Bundle, **more: Any) -> None:
        self.sent.append((time.monotonic(), bundle, more))


def text(value: str) -> dict[str, Any]:
    return {"text/plain": value}


def test_updates_come_at_most_ten_times_a_second() -> None:
    recorder, now, made = Recorder(), 0.0, []
    live = Updating(recorder, clock=lambda: now)  # type: ignore[arg-type]

    def data() -> dict[str, Any]:
        made.append(now)
        return text(str(now))

    for step in range(351):
        now = step / 1000
        live.write(data)
    live.end((text("all"), {"nexhina": {"seconds": 1}}))
    assert UPDATE_SECONDS == 0.1
    # What is not sent is not made either.
    assert made == pytest.approx([0, 0.1, 0.2, 0.3], abs=0.005)
    assert [more["update"] for _, _, more in recorder.sent] == [False, True, True, True, True]
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


def test_what_changes_in_a_terminal_keeps_to_one_line() -> None:
    recorder, out = Recorder(), io.StringIO()
    live = Rewriting(recorder, out)  # type: ignore[arg-type]
    live.write(lambda: text("10 %\nmore"))
    live.write(lambda: text("20 %"))
    live.end((text("done"), {}))
    assert out.getvalue() == "\r\x1b[K10 %\r\x1b[K20 %\r\x1b[K"
    assert [bundle for _, bundle, _ in recorder.sent] == [(text("done"), {})]


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
