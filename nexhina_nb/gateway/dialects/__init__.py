"""Other ways of saying what a chat says: what they ask for, put into a chat, and its answer back.

Pure: values in, values and frames out. One small protocol (`base`), a module or package a dialect.
"""

from __future__ import annotations

import importlib

from nexhina_nb.gateway.dialects.base import Dialect

# Path → ``module:object``, loaded when the path is first asked for.
_HOMES = {
    "/completions": "completions:COMPLETIONS",
    "/messages": "anthropic:MESSAGES",
    "/responses": "responses.dialect:DIALECT",
    "/responses/compact": "responses.compaction:DIALECT",
}


def of(path: str) -> Dialect | None:
    """The dialect that is spoken at a path below ``/v1``, if chat can carry it."""
    if path not in _HOMES:
        return None
    module, _, name = _HOMES[path].partition(":")
    dialect: Dialect = getattr(importlib.import_module(f"{__name__}.{module}"), name)
    return dialect
