"""Progress as one line of a terminal, on standard error."""

from __future__ import annotations

from rich.cells import cell_len
from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from nexhina_nb.batch.progress import Progress
from nexhina_nb.widgets import figures
from nexhina_nb.widgets.figures import Outcome

_TITLE_WIDTH, _BAR_WIDTH = 20, 20


class Line:
    """Drawn over itself while the batch runs; what the program prints meanwhile stays above it."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._console = Console(stderr=True, highlight=False)
        self._live: Live | None = None

    def draw(self, progress: Progress) -> None:
        """Show how far the batch is."""
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False)
            self._live.start()
        self._live.update(self._row(progress), refresh=True)

    def end(self, progress: Progress, outcome: Outcome) -> None:
        """Leave the last word in place of the line."""
        mark = figures.sign(progress, outcome)
        words = Text(f"{mark} {self._title} {figures.final(progress, outcome)}")
        if self._live is None:
            self._console.print(words)
            return
        self._live.update(words, refresh=True)
        self._live.stop()

    def _row(self, progress: Progress) -> Table:
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(no_wrap=True, width=min(cell_len(self._title), _TITLE_WIDTH))
        row.add_column(width=_BAR_WIDTH)
        row.add_column(no_wrap=True, ratio=1)
        done = progress.done + progress.failed
        bar = ProgressBar(max(progress.total, 1), done)
        row.add_row(Text(self._title), bar, Text(figures.running(progress)))
        return row
