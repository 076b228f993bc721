"""Interrupts, heard in any thread.

Python raises KeyboardInterrupt in the main thread only, and when that is inside a library, such as
polars while it collects a query, only once it comes back. What runs in another thread meanwhile
must hear of it in another way: Python writes the number of each signal to a socket if it has one.
(polars hears of interrupts itself, but not in a kernel, which sets the handler anew for each cell.)
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import signal
import socket
import threading


def listen() -> None:
    """Hear of interrupts from now on, unless somebody else listens (an event loop in the main
    thread), or this is another thread, where Python does not allow to begin with it.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    _, theirs = _sockets()
    before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
    if before not in (-1, theirs.fileno()):
        signal.set_wakeup_fd(before, warn_on_full_buffer=False)


def heard() -> bool:
    """Whether there was an interrupt since this was asked last."""
    ours, _ = _sockets()
    numbers = b""
    with contextlib.suppress(BlockingIOError):
        while more := ours.recv(64):
            numbers += more
    return signal.SIGINT in numbers


@functools.cache
def _sockets() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    for end in (ours, theirs):
        atexit.register(end.close)
    atexit.register(signal.set_wakeup_fd, -1)  # the last one is called first
    return ours, theirs
