"""The small file by which kernels, the command line and the Jupyter server find a running gateway.

One file in the home folder, readable by its owner only, since it carries the key that this
machine's own notebooks use. It is written whole (temporary file, then rename), so that a reader
never sees half of it.

A gateway that was killed leaves its file behind, and its process number and port may be somebody
else's by then. So the gateway holds a lock on a second file for its whole life, which the system
drops however the process ends, and the first file counts only while that lock is held.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from nexhina_nb.errors import ConfigError
from nexhina_nb.secret import Secret

if sys.platform != "win32":
    import fcntl

FILE_NAME = "gateway.json"
LOCK_NAME = "gateway.lock"
# How a gateway that gives way to another one begins its message; the starter looks for it.
TAKEN = "another gateway runs on"
# Long enough for the finders that look at the lock at this moment to let go of it again.
_LOCK_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Running:
    """A gateway that announced itself: where it listens (``base_url`` ends in /v1) and who it
    is.
    """

    base_url: str
    pid: int
    key: Secret
    store: str = ""


def make_home(home: Path) -> None:
    """Create the home folder, for its owner only; ConfigError if that cannot be done."""
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise unusable(home, error) from None


def unusable(folder: Path, error: OSError) -> ConfigError:
    """What to say of a folder that nothing can be written to."""
    return ConfigError(
        f"the folder {folder} cannot be used: {error.strerror or error}",
        hint="choose another one with NEXHINA_HOME",
    )


@contextlib.contextmanager
def holding(home: Path) -> Iterator[None]:
    """Be the one gateway of a home until the block ends; what it announced goes away then.

    Raises ConfigError if another gateway is, or if the folder cannot be used.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - heavy: finders do without it

    make_home(home)
    lock = FileLock(home / LOCK_NAME, timeout=_LOCK_SECONDS, mode=0o600)
    try:
        lock.acquire()
    except Timeout:
        raise ConfigError(
            f"{TAKEN} {home}",
            hint="use that one (`nexhina gateway status`), or set another NEXHINA_HOME",
        ) from None
    except OSError as error:
        raise unusable(home, error) from None
    try:
        # A file that is there already was left by a gateway that was killed.
        _remove(home / FILE_NAME)
        yield
    finally:
        _remove(home / FILE_NAME)
        lock.release()


def announce(home: Path, running: Running) -> Path:
    """Write the discovery file; returns its path. It counts only inside of `holding`."""
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
    """The gateway that the file names, if one holds the home and its process is alive; a stale or
    broken file counts as none.
    """
    if not is_held(home):
        return None
    try:
        record = json.loads((home / FILE_NAME).read_text(encoding="utf-8"))
        running = Running(
            base_url=str(record["base_url"]),
            pid=int(record["pid"]),
            key=Secret(str(record["key"])),
            store=str(record.get("store", "")),
        )
    except (OSError, ValueError, KeyError, TypeError, OverflowError):
        return None
    return running if is_alive(running.pid) else None


def is_held(home: Path) -> bool:
    """Whether a gateway holds the home: one that runs, or that is about to."""
    if sys.platform == "win32":
        return _is_held_exclusively(home)
    try:
        descriptor = os.open(home / LOCK_NAME, os.O_RDONLY)
    except (OSError, ValueError):
        return False
    try:
        # Shared: finders that look at the same moment must not take each other for a gateway.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        # Held; or a file system without locks, where the process number has to do.
        return True
    finally:
        os.close(descriptor)
    return False


def _is_held_exclusively(home: Path) -> bool:
    """Where there are no shared locks: take it for a moment."""
    from filelock import FileLock, Timeout  # noqa: PLC0415 - heavy: only needed on such a system

    if not (home / LOCK_NAME).exists():
        return False
    try:
        with FileLock(home / LOCK_NAME, timeout=0):
            return False
    except (Timeout, OSError):
        return True


def _remove(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def is_alive(pid: int) -> bool:
    """Whether a process of that number exists (and is not a zombie where the system can tell)."""
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return True
    return state.rpartition(")")[2].split()[:1] != ["Z"]
