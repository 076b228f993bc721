"""Values are drawn at a pace: overtaken ones never, the newest always, none after the stop."""

from __future__ import annotations

import threading

from nexhina_nb.widgets.pace import Pacer
from tests.widgets.conftest import until


def test_the_newest_is_drawn_and_the_overtaken_are_not() -> None:
    drawn: list[int] = []
    pacer = Pacer(drawn.append, "test")
    for number in range(10_000):
        pacer.put(number)
    until(lambda: drawn and drawn[-1] == 9_999)
    pacer.stop()
    assert len(drawn) < 1_000
    assert drawn == sorted(drawn)


def test_nothing_is_drawn_after_the_stop() -> None:
    drawn: list[int] = []
    pacer = Pacer(drawn.append, "test")
    pacer.put(1)
    pacer.stop()
    before = list(drawn)
    pacer.put(2)
    assert drawn == before
    assert "test" not in {thread.name for thread in threading.enumerate()}
