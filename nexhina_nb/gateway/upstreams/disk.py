"""Uploads as files with a name, for libraries that want a path."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def on_disk(file: BinaryIO) -> Iterator[Path]:
    """A copy of what an open file holds, gone when the block ends; made in small steps."""
    with tempfile.TemporaryDirectory(prefix="nexhina-") as folder:
        path = Path(folder) / "upload"
        file.seek(0)
        with path.open("wb") as copy:
            shutil.copyfileobj(file, copy, 1 << 18)
        yield path
