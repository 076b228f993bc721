"""What a verb is."""

from __future__ import annotations

from dataclasses import dataclass

from nexhina_nb.magics.options import Command


@dataclass(frozen=True, slots=True)
class Verb:
    """One verb: its options, what runs it (``module:function`` of `commands`), and its help.

    ``in_line`` is the form that a verb of cells has in a line, if it has one.
    """

    name: str
    summary: str
    args: type[Command]
    run: str
    is_cell: bool = False
    body: str = ""
    details: str = ""
    examples: tuple[str, ...] = ()
    in_line: Verb | None = None

    @property
    def magic(self) -> str:
        """``%%nexhina`` or ``%nexhina``."""
        return "%%nexhina" if self.is_cell else "%nexhina"

    def form(self, *, is_cell: bool) -> Verb | None:
        """The form that stands in a cell, or in a line; None if it has no such form."""
        return self if self.is_cell == is_cell else self.in_line
