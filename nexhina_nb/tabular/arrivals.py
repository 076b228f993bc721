"""Do something as soon as another library is there, without loading it.

The libraries for this (wrapt) cost more time at import than all of this package, which everybody
would pay, users of the command line too.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec

Act = Callable[[ModuleType], None]


def when_imported(name: str, act: Act) -> None:
    """Call ``act`` with the module of this name: now if it is loaded, else when it will be."""
    if name in sys.modules:
        # Not taken from there: another thread may be half-way through importing it.
        act(importlib.import_module(name))
    else:
        sys.meta_path.insert(0, Watch(name, act))


class Watch:
    """A finder that finds nothing itself. It goes when the module has come."""

    def __init__(self, name: str, act: Act) -> None:
        self._name, self._act = name, act

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """What the finders behind this one say, with a loader that tells of the module."""
        if name != self._name:
            return None
        behind = sys.meta_path[sys.meta_path.index(self) + 1 :]
        found = (finder.find_spec(name, path, target) for finder in behind)
        spec = next((spec for spec in found if spec is not None), None)
        if spec is not None and spec.loader is not None:
            # Whoever only asks where the module is gets this loader too, and drops it.
            spec.loader = cast("Any", Loader(spec.loader, self._came))
        return spec

    def _came(self, module: ModuleType) -> None:
        if self in sys.meta_path:
            sys.meta_path.remove(self)
            self._act(module)


class Loader:
    """The loader of a module, which stays that of the module; ``then`` is called at the end."""

    def __init__(self, own: Any, then: Act) -> None:
        self._own, self._then = own, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._own, name)

    def exec_module(self, module: ModuleType) -> None:
        """Load the module as its own loader does."""
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        self._own.exec_module(module)
        self._then(module)
