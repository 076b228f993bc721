"""The text that fields are filled from, and what of it has been used."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Source:
    """The text to read, what was already used of it, and which numbers stand by which field."""

    text: str
    used: list[str] = field(default_factory=list)
    claimed: dict[str, str] = field(default_factory=dict)


def first(find: Callable[[str], list[str]]) -> Callable[[Source], str | None]:
    """A finder of one text: the first that ``find`` gives and no field has used yet."""

    def pick(source: Source) -> str | None:
        found = find(source.text)
        return next(
            (value for value in found if value not in source.used), found[0] if found else None
        )

    return pick
