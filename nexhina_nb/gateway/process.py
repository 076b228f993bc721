"""The gateway as a child of a kernel: found when it runs, started when not, gone with its parent.

The child watches its standard input, a pipe whose other end only this process holds: the system
closes it when the kernel ends, however it ends, and the child drains and leaves.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from nexhina_nb import discovery
from nexhina_nb.errors import GatewayNotRunning
from nexhina_nb.settings import Settings, env_name

LOG_NAME = "gateway.log"
START_SECONDS = 30.0
# What a gateway needs to leave beyond the time that it gives to running calls.
LEAVE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Child:
    """A gateway that this process started, and the pipe that keeps it alive."""

    running: discovery.Running
    process: subprocess.Popen[bytes]


def start(settings: Settings) -> tuple[discovery.Running, Child | None]:
    """The running gateway of this home; a new child if there is none (then the Child is given).

    Raises GatewayNotRunning, with what the child said, when it does not come up.
    """
    if (running := discovery.find(settings.home)) is not None:
        return running, None
    discovery.make_home(settings.home)
    log = settings.home / LOG_NAME
    try:
        process, offset = _spawn(settings, log)
    except OSError as error:
        raise discovery.unusable(settings.home, error) from None
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        running = discovery.find(settings.home)
        if running is not None and running.pid == process.pid:
            return running, Child(running, process)
        time.sleep(0.005)
    _kill(process)
    return _winner(settings.home, log, offset), None


def stop(settings: Settings, child: Child | None = None) -> discovery.Running | None:
    """End the gateway of this home, and the child in any case, and wait until they have drained;
    None if none ran.
    """
    running = discovery.find(settings.home)
    if running is None and child is not None and child.process.poll() is None:
        running = child.running
    deadline = time.monotonic() + settings.drain_timeout + LEAVE_SECONDS
    if running is not None:
        _end(running.pid)
    while running is not None and discovery.is_alive(running.pid) and time.monotonic() < deadline:
        if child is not None:
            child.process.poll()
        time.sleep(0.02)
    if child is not None:
        _dismiss(child.process, deadline)
    return running


def _spawn(settings: Settings, log: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The child, and the place in the log from which on it writes."""
    command = [sys.executable, "-P", "-m", "nexhina_nb", "gateway", "serve"]
    command += ["--port", "0", "--end-with-stdin"]
    # The store goes along even when it is the default: the environment may name another one.
    environ = {env_name("home"): str(settings.home), env_name("store"): settings.store}
    # A session of its own: an interrupt of the cell is not an interrupt of the gateway.
    with log.open("ab") as stderr:
        os.chmod(log, 0o600)
        offset = stderr.tell()
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            # Not kept: an administrator's key must not end up in a notebook or a log.
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=os.environ | environ,
            start_new_session=True,
        )
    return process, offset


def _winner(home: Path, log: Path, offset: int) -> discovery.Running:
    """The gateway that the child gave way to: another kernel started one at the same moment.

    Raises GatewayNotRunning if there is none.
    """
    lines = log.read_bytes()[offset:].decode("utf-8", "replace").strip().splitlines()
    deadline = time.monotonic() + START_SECONDS
    if any(discovery.TAKEN in line for line in lines):
        while discovery.is_held(home) and time.monotonic() < deadline:
            if (running := discovery.find(home)) is not None:
                return running
            time.sleep(0.02)
    raise GatewayNotRunning(
        f"the gateway did not start: {lines[-1] if lines else 'it said nothing'}",
        hint=f"the whole log is in {log}",
    )


def _dismiss(process: subprocess.Popen[bytes], deadline: float) -> None:
    """Let go of the pipe, which tells the child to leave; end it when it does not."""
    if process.stdin is not None:
        process.stdin.close()
    try:
        process.wait(max(0.1, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        _kill(process)


def _kill(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
