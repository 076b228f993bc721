"""Files that a reply links to: pictures that were asked for as URLs.

A name cannot be guessed, and a file is gone after an hour, as at OpenAI; so the link needs no key.
"""

from __future__ import annotations

import re
import secrets
import time
from pathlib import Path

SECONDS = 3600
_NAME = re.compile(r"[0-9a-zA-Z_-]{43}\.[a-z0-9]{2,5}")


class Media:
    """A folder of files that expire. Several gateways may share one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, content: bytes, suffix: str) -> str:
        """Put a file there, such as ``png``; its name."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.prune()
        name = f"{secrets.token_urlsafe(32)}.{suffix}"
        whole = self._folder / name
        part = whole.with_suffix(".part")
        part.write_bytes(content)
        part.replace(whole)  # nobody is ever given half a file
        return name

    def find(self, name: str) -> Path | None:
        """The file of that name, unless there is none, or none any more."""
        path = self._folder / name
        if not _NAME.fullmatch(name) or not path.is_file() or _is_old(path):
            return None
        return path

    def prune(self) -> None:
        """Delete what has expired."""
        for path in self._folder.glob("*.*"):
            if _is_old(path):
                path.unlink(missing_ok=True)


def _is_old(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > SECONDS
    except FileNotFoundError:
        return True
