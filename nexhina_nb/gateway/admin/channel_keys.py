"""Keys of channels that came in a request: each set of them in a file for its owner only.

The database never has them; the channel says ``file:channel-keys/<name>``, relative to the home.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.concurrency import run_in_threadpool

from nexhina_nb.errors import BadInput, NotFound, PermissionDenied
from nexhina_nb.gateway.upstreams.key_sources import resolve
from nexhina_nb.secret import Secret

FOLDER = "channel-keys"
_PREFIX = f"file:{FOLDER}/"


def parse_keys(text: str) -> list[Secret]:
    """One key per line, blank lines left out. Raises BadInput for what no key can be."""
    lines = [line for line in map(str.strip, text.splitlines()) if line]
    if not all(line.isascii() and line.isprintable() and " " not in line for line in lines):
        raise BadInput("a key has a blank or a character that no key has")
    return [Secret(line) for line in lines]


def keep_keys(home: Path, keys: Sequence[Secret]) -> tuple[str, ...]:
    """Write keys to a new file; what the channel's ``keys`` say then."""
    if not keys:
        return ()
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    name = secrets.token_hex(16)
    part = folder / f".{name}"
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.writelines(f"{key.reveal()}\n" for key in keys)
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / name)
    return (f"{_PREFIX}{name}",)


@asynccontextmanager
async def kept(
    home: Path, sets: Iterable[Sequence[Secret]]
) -> AsyncIterator[list[tuple[str, ...]]]:
    """Where each set of keys lies, for the block that tells the store; gone again if it fails."""
    places = await run_in_threadpool(lambda: [keep_keys(home, keys) for keys in sets])
    try:
        yield places
    except (BadInput, NotFound, PermissionDenied):
        # Not after a StoreError: perhaps the store has it, and nobody else has the keys.
        for row in places:
            await run_in_threadpool(drop_keys, home, row)
        raise


def drop_keys(home: Path, places: Sequence[str]) -> None:
    """Delete those of the places that `keep_keys` made; what an operator wrote stays."""
    for place in places:
        name = place.removeprefix(_PREFIX)
        if is_own(place) and name.isalnum():
            (home / FOLDER / name).unlink(missing_ok=True)


def is_own(place: str) -> bool:
    """Whether `keep_keys` made it; of any other the operator disposes."""
    return place.startswith(_PREFIX)


def keys_at(home: Path, places: Sequence[str]) -> list[Secret]:
    """All keys of a channel. Raises ServiceUnavailable when a place cannot be read."""
    return [key for place in places for key in resolve(place, home)]


def preview(key: Secret) -> str:
    """Enough of a key to tell it from others: four characters at each end, of a long one."""
    text = key.reveal()
    return f"{text[:4]}…{text[-4:]}" if len(text) >= 16 else "…"
