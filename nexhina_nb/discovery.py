"""The small file by which kernels, the command line and the Jupyter server find a running gateway.

One file in the home folder, readable by its owner only, since it carries the key that this
machine's own notebooks use. It is written whole (temporary file, then rename), so that a reader
never sees half of it.
"""

from __future__ import annotations

import contextlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from nexhina_nb.secret import Secret

FILE_NAME = "gateway.json"


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that announced itself: where it listens (``base_url`` ends in /v1) and who it
    is.
    """

    base_url: str
    pid: int
    key: Secret
    store: str = ""


def announce(home: Path, running: Running) -> Path:
    """Write the discovery file; returns its path."""
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = home / FILE_NAME
    record = {
        "base_url": running.base_url,
        "pid": running.pid,
        "key": running.key.reveal(),
        "store": running.store,
    }
    temporary = path.with_name(f"{FILE_NAME}.{os.getpid()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(record, file)
    os.replace(temporary, path)
    return path


def find(home: Path) -> Running | None:
    """The gateway that the file names, if its process is alive; a stale or broken file counts as
    none.
    """
    try:
        record = json.loads((home / FILE_NAME).read_text(encoding="utf-8"))
        running = Running(
            base_url=str(record["base_url"]),
            pid=int(record["pid"]),
            key=Secret(str(record["key"])),
            store=str(record.get("store", "")),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return running if is_alive(running.pid) else None


def withdraw(home: Path, pid: int) -> None:
    """Remove the file if it is still that process's own."""
    path = home / FILE_NAME
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        if int(json.loads(path.read_text(encoding="utf-8"))["pid"]) == pid:
            path.unlink()


def is_alive(pid: int) -> bool:
    """Whether a process of that number exists (and is not a zombie where the system can tell)."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return state.rpartition(")")[2].split()[:1] != ["Z"]
