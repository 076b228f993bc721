"""The variables of the notebook as the magics see them: local scope first, then the user's own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.magics.nearest import nearest


@dataclass(frozen=True, slots=True)
class Names:
    """Look up and set variables."""

    user: MutableMapping[str, Any]
    local: Mapping[str, Any] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        """The value; BadInput, with the nearest names, if there is none."""
        for space in (self.local, self.user):
            if name in space:
                return space[name]
        raise BadInput(f"there is no variable {name!r}", hint=nearest(name, self, "variables"))

    def __contains__(self, name: object) -> bool:
        return name in self.local or name in self.user

    def __iter__(self) -> Iterator[str]:
        """The names that a user may have meant: those of IPython itself are left out."""
        both = {**self.user, **self.local}
        return (name for name in both if not name.startswith("_") and name not in _SHELL)

    def assign(self, name: str | None, value: Any) -> None:
        """Set a variable of the notebook; nothing if there is no name."""
        if name is not None:
            self.user[name] = value


_SHELL = {"In", "Out", "exit", "quit", "get_ipython", "open"}
