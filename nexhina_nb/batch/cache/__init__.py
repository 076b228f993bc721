"""Answers on disk, by the name that `address` gives them: what was paid for once is not asked for
again, in whatever kernel and after whatever end of the last one.

One SQLite file in WAL mode: several processes may use it at once, and what `put` has returned from
is there after the process is killed. Only its owner can read it, since it tells what was asked.
"""

from __future__ import annotations

from nexhina_nb.batch.cache.answers import Cache
from nexhina_nb.batch.cache.contents import Contents, Portion
from nexhina_nb.batch.cache.file import FILE_NAME, default_path

__all__ = ["FILE_NAME", "Cache", "Contents", "Portion", "default_path"]
