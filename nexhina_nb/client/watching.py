"""The progress of a wait, for whoever looks: an output that changes, or a line in a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

from nexhina_nb.client import films
from nexhina_nb.client.films import VideoStatus

Watch = Callable[[VideoStatus], object]


def watcher() -> Watch | None:
    """What shows each state of a video; None where nobody looks, as in a script."""
    # Where IPython runs it has been imported, so that a script need not load it.
    if "IPython" in sys.modules:
        from IPython.core.getipython import get_ipython  # noqa: PLC0415 - see above

        if getattr(get_ipython(), "kernel", None) is not None:
            return _output()
    return _line if sys.stderr.isatty() else None


def _output() -> Watch:
    from IPython.display import display  # noqa: PLC0415 - as above

    handle = None

    def watch(status: VideoStatus) -> None:
        nonlocal handle
        data, metadata = films.bundle(status, None)
        if handle is None:
            handle = display(data, raw=True, metadata=metadata, display_id=True)  # type: ignore[no-untyped-call]
        else:
            handle.update(data, raw=True, metadata=metadata)

    return watch


def _line(status: VideoStatus) -> None:
    end = "\n" if status.done else ""
    print(f"\r{status}\x1b[K", end=end, file=sys.stderr, flush=True)  # noqa: T201 - a terminal's line
