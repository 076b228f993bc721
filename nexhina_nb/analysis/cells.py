"""Names of notebooks and cells for people: what the log knows are paths and ids."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path, PureWindowsPath

from nexhina_nb.origin import first_line

# A notebook of more than that holds pictures, and is not worth the wait.
_MOST_BYTES = 50_000_000
GONE = "(no longer in the notebook)"


def texts(path: str) -> dict[str, str]:
    """Cell id → first line of its code, of a notebook on this machine; empty if there is none."""
    if not path.endswith(".ipynb"):
        return {}
    try:
        file = Path(path)
        if not file.is_absolute() or file.stat().st_size > _MOST_BYTES:
            return {}
        content = json.loads(file.read_text(encoding="utf-8"))
        cells = content["cells"]
        return {
            str(cell["id"]): first_line("".join(cell["source"])) for cell in cells if "id" in cell
        }
    except (OSError, ValueError, LookupError, TypeError):
        return {}


def label(cell: str, known: Mapping[str, str], saved: Mapping[str, str]) -> str:
    """What a cell says: ``known`` to this kernel, else as it was ``saved`` in its notebook."""
    if cell in known:
        return known[cell]
    return saved.get(cell, GONE if saved else "")


def names(paths: Iterable[str]) -> dict[str, str]:
    """Path → name of the file; the whole path where two have the same name."""
    # This takes both kinds of slashes for what they are.
    short = {path: PureWindowsPath(path).name for path in paths}
    count = Counter(short.values())
    return {path: name if count[name] == 1 else path for path, name in short.items()}
