"""Where a call comes from: which notebook, which cell, which line, and whether somebody watches the
output.

IPython is not loaded for it: where there is no shell, there is nothing to find out.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

LONGEST_TEXT = 80
# In bytes as they travel; with their names, both fit into what a gateway keeps of a call's tags.
_LONGEST_NOTEBOOK, _LONGEST_CELL = 750, 250
_MOST_ENDS = 128


@dataclass(frozen=True, slots=True)
class Origin:
    """The facts of one execution. ``notebook`` is a path, ``cell`` the cell's id, ``label`` the
    beginning of its text; empty: unknown.

    ``in_kernel``: outputs go to a front end, not to a terminal; ``is_watched``: as they come.
    """

    notebook: str = ""
    cell: str = ""
    label: str = ""
    in_kernel: bool = False
    is_watched: bool = False

    def tags(self) -> dict[str, str]:
        """For the gateway's log."""
        known = {"notebook": notebook_tag(self.notebook), "cell": _end(self.cell, _LONGEST_CELL)}
        return {name: value for name, value in known.items() if value}


def current_shell() -> InteractiveShell | None:
    """The shell that runs this program, None in a plain script."""
    ipython: Any = sys.modules.get("IPython")
    shell: InteractiveShell | None = ipython.get_ipython() if ipython else None
    return shell


def current_origin() -> Origin:
    """The origin of what runs now; one without facts in a plain script."""
    shell = current_shell()
    return Origin() if shell is None else origin_of(shell)


def origin_of(shell: InteractiveShell, environ: Mapping[str, str] | None = None) -> Origin:
    """Read the facts from the shell, the message that it is executing, and the environment."""
    environ = os.environ if environ is None else environ
    kernel = getattr(shell, "kernel", None)
    # Kernels that are not ipykernel may have no such method, or no message to give.
    message: Mapping[str, Any] = getattr(kernel, "get_parent", dict)() or {}
    content: Mapping[str, Any] = message.get("content") or {}
    # VS Code says it in a variable, the Jupyter server in the environment.
    notebook = shell.user_ns.get("__vsc_ipynb_file__") or environ.get("JPY_SESSION_NAME", "")
    cell = str((message.get("metadata") or {}).get("cellId") or "")
    return Origin(
        notebook=str(notebook),
        # VS Code names a cell by an address, in which the notebook comes first.
        cell=cell.rpartition("#")[2],
        label=f"[{_count(shell, content)}] {first_line(content.get('code', ''))}"[:LONGEST_TEXT],
        in_kernel=kernel is not None,
        is_watched=_is_watched(shell, content),
    )


def callers_level() -> int:
    """The ``stacklevel`` of a warning, for the function that warns: the line that called this
    package is shown, however many functions lie between.
    """
    package = __name__.partition(".")[0]
    frame, level = inspect.currentframe(), 0
    while frame and str(frame.f_globals.get("__name__")).partition(".")[0] == package:
        frame, level = frame.f_back, level + 1
    return level


def notebook_tag(path: str) -> str:
    """A path as the gateway's log has it: of a very long one, the end."""
    return _end(path, _LONGEST_NOTEBOOK)


def first_line(source: object) -> str:
    """The line of a cell that tells most: the first that is no magic, else the first."""
    lines = [line.strip() for line in str(source).splitlines() if line.strip()]
    found = next((line for line in lines if not line.startswith("%")), lines[0] if lines else "")
    return found[:LONGEST_TEXT]


@lru_cache(_MOST_ENDS)  # every call of a cell asks for the same two
def _end(text: str, most: int) -> str:
    # A path may hold bytes that are no text, which cannot travel.
    text = text[-most:].encode("utf-8", "replace").decode()
    while len(quote_plus(text)) > most:
        text = text[1:]
    return text


def _count(shell: InteractiveShell, content: Mapping[str, Any]) -> int:
    # IPython counts a cell that it keeps in its history before it runs it.
    return shell.execution_count - bool(content.get("store_history"))


def _is_watched(shell: InteractiveShell, content: Mapping[str, Any]) -> bool:
    from IPython.core.displaypub import (  # noqa: PLC0415 - a script without a shell goes without
        CapturingDisplayPublisher,
    )

    # nbval runs without history, nbclient and papermill without somebody to ask; `%%capture` keeps
    # every update as an output of its own. They all want one final display.
    if isinstance(shell.display_pub, CapturingDisplayPublisher):
        return False
    return bool(content.get("store_history", True) and content.get("allow_stdin", True))
