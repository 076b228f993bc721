"""The gateway's life under a Jupyter server: found, started, stopped, or lost.

Starting and stopping take their time, so both happen in a worker thread, one at a time; the event
loop of the server only looks.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nexhina_nb import discovery
from nexhina_nb.client.target import normalise
from nexhina_nb.errors import BadInput, ConfigError, GatewayNotRunning
from nexhina_nb.gateway import process
from nexhina_nb.settings import Settings, load

_TAIL = 1000  # bytes of the log in which its last line is looked for
State = Literal["running", "stopped", "starting", "stopping", "failed", "remote"]


@dataclass(frozen=True, slots=True)
class Gateway:
    """What can be seen of the gateway at one moment. ``owned``: this server started it."""

    state: State
    base_url: str | None = None
    pid: int | None = None
    owned: bool = False
    error: str | None = None

    @property
    def answers(self) -> bool:
        """Whether there is something to ask."""
        return self.state in ("running", "remote")


@dataclass(frozen=True, slots=True)
class Owned:
    """The child of this server, the settings it runs with, and where in the log it began."""

    child: process.Child
    settings: Settings
    offset: int

    def is_alive(self) -> bool:
        """Whether it runs; an ended one is no zombie afterwards."""
        return self.child.process.poll() is None

    def release(self) -> None:
        """Let go of the pipe of an ended child."""
        if self.child.process.stdin is not None:
            self.child.process.stdin.close()

    def epitaph(self) -> str | None:
        """How it came to its end, None if that was in order."""
        code = self.child.process.poll()
        if not code:
            return None
        how = _signal_name(-code) if code < 0 else f"exit code {code}"
        log = self.settings.home / process.LOG_NAME
        last = _last_line(log, self.offset)
        said = f"; its last line: {last}" if last else ""
        return f"the gateway ended unexpectedly ({how}){said} → the whole log is in {log}"


class Lifecycle:
    """Starts, finds and stops the gateway of one home. Used from one event loop."""

    def __init__(self, settings: Callable[[], Settings] = load) -> None:
        self._settings = settings
        self._turn = asyncio.Lock()
        self._doing: Literal["starting", "stopping"] | None = None
        self._owned: Owned | None = None
        self._error: str | None = None
        self._closed = False

    @property
    def owns(self) -> bool:
        """Whether a child of this server is there, alive or not."""
        return self._owned is not None

    def look(self) -> Gateway:
        """The gateway as it is now; quick enough for an event loop.

        Raises ConfigError if the settings make no sense.
        """
        settings = self._settings()
        if settings.base_url:
            return Gateway("remote", normalise(settings.base_url))
        if self._doing is not None:
            return Gateway(self._doing, owned=self._owned is not None)
        if (running := discovery.find(settings.home)) is not None:
            self._forget_failure()
            return Gateway("running", running.base_url, running.pid, self._is_mine(running))
        if self._owned is not None and self._owned.is_alive():
            return Gateway("stopping", owned=True)  # no longer announced: it is about to end
        error = self._error or (self._owned.epitaph() if self._owned is not None else None)
        return Gateway("failed", error=error) if error else Gateway("stopped")

    async def start(self) -> None:
        """Have a gateway run: the one that does, else a child of this server.

        Raises GatewayNotRunning, with what it said, if it does not come up; BadInput if the
        settings name another gateway.
        """
        async with self._turn:
            settings = self._local_settings()
            if discovery.find(settings.home) is not None:
                return
            if self._closed:
                raise GatewayNotRunning("the Jupyter server ends, and starts no gateway any more")
            self._doing, self._error = "starting", None
            try:
                await asyncio.to_thread(self._start, settings)
            except (ConfigError, GatewayNotRunning) as error:
                self._error = str(error)
                raise
            finally:
                self._doing = None

    async def stop(self) -> None:
        """End the gateway of this home, whoever started it; running calls finish first."""
        async with self._turn:
            settings = self._local_settings()
            self._doing = "stopping"
            try:
                await asyncio.to_thread(self._stop, settings)
            finally:
                self._doing = None

    async def close(self) -> None:
        """End the child of this server, and nobody else's gateway; start none after it."""
        self._closed = True
        async with self._turn:
            owned, self._owned = self._owned, None
            if owned is not None:
                await asyncio.to_thread(_dismiss, owned)

    def _start(self, settings: Settings) -> None:
        if self._owned is not None:
            _dismiss(self._owned)
            self._owned = None
        offset = _size(settings.home / process.LOG_NAME)
        _, child = process.start(settings)
        if child is not None:
            self._owned = Owned(child, settings, offset)

    def _stop(self, settings: Settings) -> None:
        process.stop(settings, self._owned.child if self._owned is not None else None)
        self._owned = self._error = None

    def _forget_failure(self) -> None:
        self._error = None
        if self._owned is not None and not self._owned.is_alive():
            self._owned.release()
            self._owned = None

    def _local_settings(self) -> Settings:
        settings = self._settings()
        if settings.base_url:
            raise BadInput(
                f"the settings name another gateway, {normalise(settings.base_url)}",
                hint="unset NEXHINA_BASE_URL and start Jupyter again to run one here",
            )
        return settings

    def _is_mine(self, running: discovery.Running) -> bool:
        return self._owned is not None and self._owned.child.running.pid == running.pid


def _dismiss(owned: Owned) -> None:
    # While it lives it is the one that discovery names; once it is dead, that may be another's.
    if owned.is_alive():
        process.stop(owned.settings, owned.child)
    else:
        owned.release()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _last_line(log: Path, offset: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(offset, _size(log) - _TAIL))
            lines = file.read().decode("utf-8", "replace").strip().splitlines()
    except OSError:
        return ""
    return lines[-1].strip() if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
