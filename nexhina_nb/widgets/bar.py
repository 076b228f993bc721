"""Progress as a widget of a notebook, which leaves a plain line when it ends.

The widget lives only as long as the batch: a saved notebook would show no more of it than that its
model is missing. The line that takes its place is part of the notebook.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import ipywidgets

from nexhina_nb.batch.progress import Progress
from nexhina_nb.pricing.markup import escaped
from nexhina_nb.widgets import figures
from nexhina_nb.widgets.figures import Outcome

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

CLASS = "nexhina-progress"


class Bar:
    """One output: first the widget, at the end a line of text."""

    def __init__(self, title: str, shell: InteractiveShell) -> None:
        self._title, self._shell = title, shell
        self._transient = {"display_id": uuid.uuid4().hex}
        self._parts: Parts | None = None

    def draw(self, progress: Progress) -> None:
        """Show how far the batch is."""
        if self._parts is None:
            self._parts = Parts(self._title)
            self._parts.set(progress)
            # The text is what front ends without widgets show until the end.
            data = self._parts.row._repr_mimebundle_()
            text = f"{self._title}: {figures.running(progress)}"
            self._publish(data | {"text/plain": text}, update=False)
        self._parts.set(progress)

    def end(self, progress: Progress, outcome: Outcome) -> None:
        """Put the last word in the widget's place."""
        mark, words = figures.sign(progress, outcome), figures.final(progress, outcome)
        markup = f"<b>{mark} {escaped(self._title)}</b> {escaped(words)}"
        data = {
            "text/html": f'<div class="{CLASS}">{markup}</div>',
            "text/plain": f"{mark} {self._title} {words}",
        }
        self._publish(data, update=self._parts is not None)
        if self._parts is not None:
            self._parts.close()

    def _publish(self, data: dict[str, Any], *, update: bool) -> None:
        publisher: Any = self._shell.display_pub
        publisher.publish(data=data, metadata={}, transient=self._transient, update=update)


class Parts:
    """The widgets: a title, a bar and the figures, in a row."""

    def __init__(self, title: str) -> None:
        self._bar = ipywidgets.IntProgress(
            bar_style="info", layout=ipywidgets.Layout(width="12em", flex="0 0 auto")
        )
        self._words = ipywidgets.HTML()
        self.row = ipywidgets.HBox(
            [ipywidgets.HTML(f"<b>{escaped(title)}</b>"), self._bar, self._words],
            layout=ipywidgets.Layout(align_items="center", grid_gap="0.6em", flex_flow="row wrap"),
            _dom_classes=[CLASS],
        )

    def set(self, progress: Progress) -> None:
        """Show these figures."""
        self._bar.max = max(progress.total, 1)
        self._bar.value = progress.done + progress.failed
        self._words.value = escaped(figures.running(progress))

    def close(self) -> None:
        """Give up the widgets, and what they hold in the front end."""
        for widget in (self.row, *self.row.children):
            for part in (widget.layout, getattr(widget, "style", None), widget):
                if part is not None:
                    part.close()
