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
STOP_SECONDS = 35.0


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
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    log = settings.home / LOG_NAME
    process = _spawn(settings, log)
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        running = discovery.find(settings.home)
        if running is not None and running.pid == process.pid:
            return running, Child(running, process)
        time.sleep(0.005)
    return _not_ready(settings, process, log), None


def stop(settings: Settings, child: Child | None = None) -> discovery.Running | None:
    """End the gateway of this home and wait until it has drained; None if none ran."""
    running = discovery.find(settings.home)
    if running is None:
        return None
    _end(running.pid)
    deadline = time.monotonic() + STOP_SECONDS
    while discovery.is_alive(running.pid) and time.monotonic() < deadline:
        if child is not None:
            child.process.poll()
        time.sleep(0.02)
    if child is not None and child.process.stdin is not None:
        child.process.stdin.close()
        child.process.wait(STOP_SECONDS)
    return running


def _spawn(settings: Settings, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "nexhina_nb", "gateway", "serve"]
    command += ["--port", "0", "--end-with-stdin"]
    # The store goes along even when it is the default: the environment may name another one.
    environ = {env_name("home"): str(settings.home), env_name("store"): settings.store}
    # A session of its own: an interrupt of the cell is not an interrupt of the gateway.
    with log.open("ab") as stderr:
        os.chmod(log, 0o600)
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            # Not kept: an administrator's key must not end up in a notebook or a log.
            stdout=subprocess.DEVNULL,
            stderr=stderr,
            env=os.environ | environ,
            start_new_session=True,
        )


def _not_ready(
    settings: Settings, process: subprocess.Popen[bytes], log: Path
) -> discovery.Running:
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()
    # Another kernel may have started one at the same moment and won.
    deadline = time.monotonic() + 2.0
    while time.monotonic() < deadline:
        if (running := discovery.find(settings.home)) is not None:
            return running
        time.sleep(0.05)
    said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
    raise GatewayNotRunning(
        f"the gateway did not start: {said[0] if said else 'it said nothing'}",
        hint=f"the whole log is in {log}",
    )


def _end(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
