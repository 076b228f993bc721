"""The browser part of this package: whether JupyterLab will find it, and what to say if not."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

NAME = "@nexhina/nb"
MISSING = (
    "not installed, so JupyterLab has no Nexhina panel and no status bar item; "
    "install Node.js (20.19, or 22.12 and later), then install nexhina_nb again"
)


def find_front_end(folders: Iterable[str] | None = None) -> Path | None:
    """The folder from which JupyterLab loads it, None if there is none.

    ``folders`` are those in which JupyterLab looks for extensions, unless given.
    """
    places = (Path(folder, NAME) for folder in (_folders() if folders is None else folders))
    return next((place for place in places if (place / "package.json").is_file()), None)


def _folders() -> list[str]:
    try:
        from jupyter_core.paths import jupyter_path
    except ImportError:
        return []
    return jupyter_path("labextensions")
