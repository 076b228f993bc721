"""How the site reads ``docs/notebooks/*.nblink``: a line that names a notebook, from the root on.

So the notebooks stay where they are, and no tool sees them twice.
"""

from __future__ import annotations

from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]


def read(text: str) -> nbformat.NotebookNode:
    """The notebook that a link names; myst-nb calls this."""
    return nbformat.read(ROOT / text.strip(), as_version=4)
