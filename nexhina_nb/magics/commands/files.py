"""Files that a verb writes: checked before anything is sent, told of when they are there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from nexhina_nb.errors import BadInput
from nexhina_nb.magics.display import Note
from nexhina_nb.magics.state import Context


def target(
    path: str | None, kinds: Mapping[str, str], wanted: str | None = None
) -> tuple[Path | None, str | None]:
    """Where to write, and in which of the ``kinds`` (suffix → kind): the one that is ``wanted``,
    else that of the suffix. Raises BadInput for what cannot be written.
    """
    if path is None:
        return None, wanted
    place = Path(path).expanduser()
    if place.is_dir():
        raise BadInput(f"--save cannot write {path}: it is a folder", hint="name a file in it")
    if not place.suffix:
        place = place.with_name(place.name + _suffix(kinds, wanted))
    kind = kinds.get(place.suffix.lower())
    known = " or ".join(kinds)
    if kind is None:
        raise BadInput(f"--save cannot write {place.name}", hint=f"end the name in {known}")
    if wanted is not None and kind != wanted:
        raise BadInput(
            f"{place.name} is the name of {kind}, --format asks for {wanted}",
            hint="leave --format out, or change the name",
        )
    if not place.parent.is_dir():
        raise BadInput(f"there is no folder {place.parent}", hint="make it, or choose another path")
    return place, kind


def _suffix(kinds: Mapping[str, str], wanted: str | None) -> str:
    return next(suffix for suffix, kind in kinds.items() if wanted in (None, kind))


def tell(context: Context, places: Sequence[Path]) -> None:
    """Say what was written."""
    context.screen.show(Note(f"saved as {', '.join(map(str, places))}"))
