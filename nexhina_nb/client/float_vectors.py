"""Vectors that came as numbers of JSON, read without an object of Python for each number.

That is five times as fast as `json`, and needs `pysimdjson`, which not every Python has a wheel of:
the extra ``fast`` brings it. Without it, and for whatever is not a plain answer, nothing is read
here.
"""

from __future__ import annotations

import functools
import importlib
import threading
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


_OWN = threading.local()


def _parser() -> Any:
    # One a thread: it keeps the memory that it has, which is as much as a large answer takes.
    if not hasattr(_OWN, "parser"):
        simdjson = library()
        assert simdjson is not None
        _OWN.parser = simdjson.Parser()
    return _OWN.parser


def read(body: bytes) -> dict[str, Any] | None:
    """An answer of the embeddings endpoint, its vectors as arrays; None if it must be read another
    way.
    """
    simdjson = library()
    if simdjson is None:
        return None
    try:
        answer = _parser().parse(body)
        if not isinstance(answer["data"], simdjson.Array):
            return None
        rest = {name: _plain(answer[name]) for name in answer if name != "data"}
        found = {**rest, "data": [_item(item) for item in answer["data"]]}
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError):
        return None
    # Lists in lists would pass for one list of all their numbers.
    return found if _has_lists(body, 1 + len(found["data"])) else None


def _item(item: Any) -> dict[str, Any]:
    numbers = np.frombuffer(item["embedding"].as_buffer(of_type="d"), np.float64)
    place = {"index": item["index"]} if "index" in item else {}
    return {**place, "embedding": numbers}


def _has_lists(body: bytes, count: int) -> bool:
    """Whether so many lists begin in it; looked for one by one, which is faster than to count."""
    at = -1
    for _ in range(count):
        at = body.find(b"[", at + 1)
        if at < 0:
            return False
    return body.find(b"[", at + 1) < 0


def _plain(value: Any) -> Any:
    # Only objects and arrays belong to the parser.
    for convert in ("as_dict", "as_list"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    return value
