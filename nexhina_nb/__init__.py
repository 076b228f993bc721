"""nexhina_nb: the best way to use an OpenAI-compatible gateway from a notebook.

General layout: what is public is listed in ``__all__`` and loaded when it is first used, so that
importing the package costs next to nothing; each name lives in the module that `_HOMES` says.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from nexhina_nb.tabular.accessors import await_libraries

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

    from nexhina_nb import errors
    from nexhina_nb.analysis.costs import cost
    from nexhina_nb.analysis.frames import logs
    from nexhina_nb.analysis.report import report
    from nexhina_nb.batch.columns import matrix
    from nexhina_nb.client.aio import AsyncClient
    from nexhina_nb.client.budgets import budget
    from nexhina_nb.client.sync import Client
    from nexhina_nb.tabular.answers import ask
    from nexhina_nb.tabular.forecast import estimate
    from nexhina_nb.tabular.rankings import rerank
    from nexhina_nb.tabular.transcripts import transcribe
    from nexhina_nb.tabular.vectors import embed
    from nexhina_nb.tabular.verdicts import moderate
    from nexhina_nb.widgets.chat import Chat

    __version__: str

__all__ = [
    "AsyncClient",
    "Chat",
    "Client",
    "ask",
    "budget",
    "cost",
    "embed",
    "errors",
    "estimate",
    "load_ipython_extension",
    "logs",
    "matrix",
    "moderate",
    "report",
    "rerank",
    "transcribe",
    "unload_ipython_extension",
]

_HOMES = {
    "AsyncClient": "nexhina_nb.client.aio",
    "Chat": "nexhina_nb.widgets.chat",
    "Client": "nexhina_nb.client.sync",
    "ask": "nexhina_nb.tabular.answers",
    "budget": "nexhina_nb.client.budgets",
    "cost": "nexhina_nb.analysis.costs",
    "embed": "nexhina_nb.tabular.vectors",
    "estimate": "nexhina_nb.tabular.forecast",
    "logs": "nexhina_nb.analysis.frames",
    "matrix": "nexhina_nb.batch.columns",
    "moderate": "nexhina_nb.tabular.verdicts",
    "report": "nexhina_nb.analysis.report",
    "rerank": "nexhina_nb.tabular.rankings",
    "transcribe": "nexhina_nb.tabular.transcripts",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return importlib.import_module("nexhina_nb.release").version()
    if name == "errors":
        return importlib.import_module("nexhina_nb.errors")
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])


def load_ipython_extension(shell: InteractiveShell) -> None:
    """``%load_ext nexhina_nb``: adds the magics; starts nothing."""
    from nexhina_nb.magics.extension import load

    load(shell)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """``%unload_ext nexhina_nb``: takes the magics away again."""
    from nexhina_nb.magics.extension import unload

    unload(shell)


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """For Jupyter Server: the extension that owns a gateway for all kernels of the server."""
    from nexhina_nb.server.extension import NexhinaServer

    return [{"module": "nexhina_nb.server.extension", "app": NexhinaServer}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """For ``jupyter labextension develop``: where the built front end is."""
    return [{"src": "labextension", "dest": "@nexhina/nb"}]


await_libraries()  # for `frame.nx`: pandas and polars have no entry points for it
