"""The progress of a batch on the screen: a bar in a notebook that somebody watches, a line in a
terminal, nothing elsewhere.

Reports only leave their figures here, from whatever thread; a thread of the display draws the
newest ten times a second at most, so that a batch never waits for its display.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from nexhina_nb.batch.progress import Progress, Report
from nexhina_nb.errors import BudgetExceeded
from nexhina_nb.origin import current_shell, origin_of
from nexhina_nb.widgets.figures import Outcome
from nexhina_nb.widgets.pace import Pacer


class View(Protocol):
    """Where progress is drawn; it appears with its first drawing."""

    def draw(self, progress: Progress) -> None:
        """Show how far the batch is."""

    def end(self, progress: Progress, outcome: Outcome) -> None:
        """Leave the last word there."""


@contextmanager
def shown(title: str, *, enabled: bool = True) -> Iterator[Report]:
    """Show what is reported inside the block; when it is left, one line remains that says how it
    ended. A block that reports nothing shows nothing.
    """
    view = _view(title) if enabled else None
    if view is None:
        yield _ignore
        return
    meter = Meter(view)
    outcome: Outcome = "failed"
    try:
        yield meter.report
        outcome = "done"
    except (KeyboardInterrupt, BudgetExceeded):
        outcome = "stopped"
        raise
    finally:
        meter.end(outcome)


class Meter:
    """Takes reports, and lets a view draw the newest of them."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._latest: Progress | None = None
        self._pacer = Pacer(view.draw, "nexhina-progress")

    def report(self, progress: Progress) -> None:
        """Leave the figures; draws nothing itself."""
        self._latest = progress
        self._pacer.put(progress)

    def end(self, outcome: Outcome) -> None:
        """Stop drawing, and show how it ended."""
        self._pacer.stop()
        if self._latest is not None:
            self._view.end(self._latest, outcome)


def _ignore(progress: Progress) -> None:
    """For runs that nobody watches."""


def _view(title: str) -> View | None:
    shell = current_shell()
    if shell is not None:
        origin = origin_of(shell)
        if not origin.is_watched:
            return None
        if origin.in_kernel:
            from nexhina_nb.widgets.bar import Bar  # noqa: PLC0415 - it loads ipywidgets

            return Bar(title, shell)
    if sys.stderr is not None and sys.stderr.isatty():
        from nexhina_nb.widgets.line import Line  # noqa: PLC0415 - it loads rich

        return Line(title)
    return None
