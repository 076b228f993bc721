"""Where a call comes from: which notebook, which cell, and whether somebody watches the output.

IPython is not loaded for it: where there is no shell, there is nothing to find out.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


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
        known = {"notebook": self.notebook[-300:], "cell": self.cell[:100]}
        return {name: value for name, value in known.items() if value}


def current_shell() -> InteractiveShell | None:
    """The shell that runs this program, None in a plain script."""
    ipython: Any = sys.modules.get("IPython")
    shell: InteractiveShell | None = ipython.get_ipython() if ipython else None
    return shell


def origin_of(shell: InteractiveShell, environ: Mapping[str, str] | None = None) -> Origin:
    """Read the facts from the shell, the message that it is executing, and the environment."""
    environ = os.environ if environ is None else environ
    kernel = getattr(shell, "kernel", None)
    # Kernels that are not ipykernel may have no such method, or no message to give.
    message: Mapping[str, Any] = getattr(kernel, "get_parent", dict)() or {}
    content: Mapping[str, Any] = message.get("content") or {}
    # VS Code says it in a variable, the Jupyter server in the environment.
    notebook = shell.user_ns.get("__vsc_ipynb_file__") or environ.get("JPY_SESSION_NAME", "")
    return Origin(
        notebook=str(notebook),
        cell=str((message.get("metadata") or {}).get("cellId") or ""),
        label=_label(_count(shell, content), str(content.get("code", ""))),
        in_kernel=kernel is not None,
        is_watched=_is_watched(shell, content),
    )


def _count(shell: InteractiveShell, content: Mapping[str, Any]) -> int:
    # IPython counts a cell that it keeps in its history before it runs it.
    return shell.execution_count - bool(content.get("store_history"))


def _label(count: int, code: str) -> str:
    lines = [line.strip() for line in code.splitlines() if line.strip()]
    text = next((line for line in lines if not line.startswith("%")), lines[0] if lines else "")
    return f"[{count}] {text}"[:80]


def _is_watched(shell: InteractiveShell, content: Mapping[str, Any]) -> bool:
    from IPython.core.displaypub import (  # noqa: PLC0415 - a script without a shell goes without
        CapturingDisplayPublisher,
    )

    # nbval runs without history, nbclient and papermill without somebody to ask; `%%capture` keeps
    # every update as an output of its own. They all want one final display.
    if isinstance(shell.display_pub, CapturingDisplayPublisher):
        return False
    return bool(content.get("store_history", True) and content.get("allow_stdin", True))
