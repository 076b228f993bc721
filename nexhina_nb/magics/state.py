"""What the magics keep from one cell to the next. It lives on the instance that IPython holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from nexhina_nb.magics import destination
from nexhina_nb.magics.destination import Destination
from nexhina_nb.magics.display import Screen
from nexhina_nb.magics.names import Names
from nexhina_nb.origin import Origin
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings

if TYPE_CHECKING:
    from nexhina_nb.client import Client
    from nexhina_nb.client.cost import Cost
    from nexhina_nb.gateway.process import Child


@dataclass(slots=True)
class Conversation:
    """The turns of a conversation; the instructions are kept apart, since they go first."""

    system: str | None = None
    turns: list[Mapping[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class State:
    """Everything that outlives a cell.

    ``connection`` is the client in use and what it was made from, ``keys`` holds those of
    `%nexhina login` by address, ``cells`` the first words of each cell that called.
    """

    child: Child | None = None
    connection: tuple[Destination, Client] | None = None
    keys: dict[str, Secret] = field(default_factory=dict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    costs: list[Cost] = field(default_factory=list)
    cells: dict[str, str] = field(default_factory=dict)

    def destination(self, settings: Settings, base_url: str) -> Destination:
        """Where calls go now."""
        return destination.find(settings, base_url, self.keys.get(base_url, Secret("")))

    def close(self) -> None:
        """Close the client, and let a gateway that was started here drain and end."""
        if self.connection is not None:
            self.connection[1].close()
            self.connection = None
        self.release()

    def release(self) -> None:
        """Let go of the child: it ends by itself when its standard input does."""
        if self.child is not None and self.child.process.stdin is not None:
            self.child.process.stdin.close()
            self.child.process.poll()
        self.child = None


@dataclass(frozen=True, slots=True)
class Context:
    """What a command works with: passed to it, never looked up.

    ``base_url`` is an address set in this notebook; ``set_base_url`` sets it for the next cells.
    """

    settings: Settings
    base_url: str
    set_base_url: Callable[[str], None]
    state: State
    names: Names
    screen: Screen
    origin: Origin
