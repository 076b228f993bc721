"""Vectors that came as numbers of JSON, read without an object of Python for each number.

That is five times as fast as `json`, and needs `pysimdjson`, which not every Python has a wheel of:
the extra ``fast`` brings it. Without it, and for whatever is not a plain answer, nothing is read
here.
"""

from __future__ import annotations

import functools
import importlib
from types import ModuleType
from typing import Any

import numpy as np


@functools.cache
def library() -> ModuleType | None:
    """pysimdjson, where it is installed."""
    try:
        return importlib.import_module("simdjson")
    except ImportError:
        return None


def read(body: bytes) -> dict[str, Any] | None:
    """An answer of the embeddings endpoint, its vectors as arrays; None if it must be read another
    way.
    """
    simdjson = library()
    if simdjson is None:
        return None
    try:
        answer = simdjson.Parser().parse(body)
        if not isinstance(answer["data"], simdjson.Array):
            return None
        rest = {name: _plain(answer[name]) for name in answer if name != "data"}
        found = {**rest, "data": [_item(item) for item in answer["data"]]}
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError):
        return None
    # Lists in lists would pass for one list of all their numbers.
    return found if body.count(b"[") == 1 + len(found["data"]) else None


def _item(item: Any) -> dict[str, Any]:
    numbers = item["embedding"].as_buffer(of_type="d")
    rest = {name: _plain(item[name]) for name in item if name != "embedding"}
    return {**rest, "embedding": np.frombuffer(numbers, np.float64)}


def _plain(value: Any) -> Any:
    # Only objects and arrays belong to the parser.
    for convert in ("as_dict", "as_list"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    return value
