"""Writing what came to a file of the caller's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nexhina_nb.errors import BadInput

_SAME = {".jpeg": ".jpg", ".ogg": ".opus", ".m4v": ".mp4"}


def check_suffix(path: str | Path, *suffixes: str) -> Path:
    """The path, with the first suffix if it has none; BadInput if it has one of another format."""
    place = Path(path).expanduser()
    if not place.suffix:
        place = place.with_name(place.name + suffixes[0])
    suffix = place.suffix.lower()
    if _SAME.get(suffix, suffix) in suffixes:
        return place
    known = " or ".join(suffixes)
    if len(suffixes) > 1:
        raise BadInput(f"nothing is written as {suffix}", hint=f"end the name in {known}")
    raise BadInput(
        f"{place.name} would hold {known.removeprefix('.')}",
        hint=f"end the name in {known}, or ask for that format with format=",
    )


def write(place: Path, data: bytes) -> Path:
    """Write the bytes; the path. Raises BadInput if the file cannot be written."""
    try:
        place.write_bytes(data)
    except OSError as error:
        raise unwritable(place, error) from None
    return place


@contextmanager
def growing(place: Path) -> Iterator[Callable[[bytes], object]]:
    """A file that grows while its bytes come: it has its name only once all of them are there."""
    part = place.with_name(f".{place.name}.part")
    try:
        with part.open("wb") as file:
            yield file.write
        part.replace(place)
    except OSError as error:
        raise unwritable(place, error) from None
    finally:
        part.unlink(missing_ok=True)


def unwritable(place: Path, error: OSError) -> BadInput:
    """The error for a file that cannot be written."""
    return BadInput(f"{place} cannot be written: {error.strerror}", hint="choose another path")
