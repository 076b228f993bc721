"""The root of the errors, and those that are this package's own."""

from __future__ import annotations

import copyreg
import traceback
from typing import Any


class NexhinaError(Exception):
    """The root of all errors of this package.

    ``message`` says what happened, ``hint`` what to do next. In a notebook IPython prints only
    these two, on one line; setting ``show_traceback`` (the option ``--traceback`` does) shows
    everything.
    """

    show_traceback: bool = False
    partial: Any = None  # what was done by then, where that is worth something

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} → {self.hint}" if self.hint else self.message

    def __reduce__(self) -> Any:
        # Not by calling the type again, which may ask for more than the message: an error that
        # cannot be read hangs a pool of processes.
        return copyreg.__newobj__, (type(self), *self.args), self.__dict__  # type: ignore[attr-defined]

    def _render_traceback_(self) -> list[str]:
        # IPython's protocol for exceptions that draw themselves. The cell still fails, for Run
        # All, nbclient, nbval and papermill alike, which neither UsageError (unseen by nbval)
        # nor a printed text would do.
        if self.show_traceback:
            return "".join(traceback.format_exception(self)).splitlines()
        return [f"{type(self).__name__}: {' '.join(str(self).split())}"]


class ConfigError(NexhinaError):
    """A setting is missing or does not make sense."""


class BadInput(NexhinaError):
    """What was typed or passed cannot be used; nothing was sent."""


class BudgetExceeded(BadInput):
    """A call might go over a budget, so it was not sent.

    ``waits``: calls under way hold money of the budget, some of which may come back.
    """

    def __init__(self, message: str, *, hint: str | None = None, waits: bool = False) -> None:
        super().__init__(message, hint=hint)
        self.waits = waits


class MissingDependency(NexhinaError):
    """An optional package is needed; names the extra that brings it."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(
            f"this needs the package {package!r}", hint=f"pip install 'nexhina_nb[{extra}]'"
        )


class GatewayNotRunning(NexhinaError):
    """No gateway was found to talk to."""


class ConnectionFailed(NexhinaError):
    """The gateway cannot be reached, or the connection broke."""


class TimedOut(ConnectionFailed):
    """The gateway took too long to answer."""


class StreamBroken(NexhinaError):
    """A stream ended before its end was announced; ``partial`` is the text that came."""

    def __init__(self, message: str, *, partial: str = "", hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.partial = partial


class Stopped(NexhinaError, KeyboardInterrupt):
    """The user interrupted a call; ``partial`` is what had come by then."""

    def __init__(self, message: str = "stopped", *, partial: Any = None) -> None:
        super().__init__(message)
        self.partial = partial


class BatchFailed(NexhinaError):
    """Some rows of a batch failed, after all the others were finished.

    ``partial`` is the frame as it is without ``errors="raise"``, None for a lazy or Dask frame,
    which has gone on its way already. ``failed`` of ``total`` rows have no result.
    """

    def __init__(
        self, message: str, *, partial: Any, failed: int, total: int, hint: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.partial = partial
        self.failed = failed
        self.total = total


class StoreError(NexhinaError):
    """The database cannot be opened, read or written."""
