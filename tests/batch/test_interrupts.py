"""An interrupt is heard where Python does not raise it, and only once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from nexhina_nb.tabular import interrupts


@pytest.fixture(autouse=True)
def _nobody_listens() -> Iterator[None]:
    before = signal.set_wakeup_fd(-1)
    interrupts.heard()
    yield
    signal.set_wakeup_fd(before)


def stop() -> None:
    """As the *Stop* of a notebook does."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)


def interrupt() -> None:
    """An interrupt that comes through in the main thread."""
    with pytest.raises(KeyboardInterrupt):
        stop()


def fill(end: socket.socket) -> None:
    """Write until there is no room."""
    with contextlib.suppress(BlockingIOError):
        while True:
            end.send(b"\0" * 4096)


def heard_elsewhere() -> bool:
    """What another thread hears."""
    found: list[bool] = []
    thread = threading.Thread(target=lambda: found.append(interrupts.heard()))
    thread.start()
    thread.join()
    return found[0]


def test_another_thread_hears_of_an_interrupt_once() -> None:
    interrupts.listen()
    interrupts.listen()
    assert not heard_elsewhere()
    interrupt()
    assert heard_elsewhere()
    assert not heard_elsewhere()


def test_more_interrupts_than_the_socket_holds_are_no_harm() -> None:
    interrupts.listen()
    descriptor = signal.set_wakeup_fd(-1)
    with socket.socket(fileno=os.dup(descriptor)) as theirs:
        fill(theirs)
    interrupts.listen()
    interrupt()
    assert not heard_elsewhere()  # it found no room; nothing was waiting for it
    interrupt()
    assert heard_elsewhere()


def test_who_listens_already_goes_on() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.setblocking(False)
        signal.set_wakeup_fd(theirs.fileno())
        interrupts.listen()
        interrupt()
        assert not heard_elsewhere()
        assert ours.recv(8) == bytes([signal.SIGINT])
        signal.set_wakeup_fd(-1)


def test_another_thread_cannot_begin_with_it() -> None:
    thread = threading.Thread(target=interrupts.listen)
    thread.start()
    thread.join()
    assert signal.set_wakeup_fd(-1) == -1
