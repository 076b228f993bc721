"""The body of an embeddings answer, read in little time and memory: vectors go from the bytes that
came into arrays, without a text or a list of Python for each on the way.

A parser of JSON in general makes these first, and orjson sets aside twelve times the length of the
body for it. `msgspec` finds where vectors in base64 stand, and leaves them there. Numbers are read
by `pysimdjson`, in a fifth of the time, where that is installed: the extra ``fast``; later Pythons
have no wheel of it. Whatever is no plain answer is not read here.
"""

from __future__ import annotations

import functools
import importlib
import re
import threading
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import pybase64

from nexhina_nb.client.exchange import Response
from nexhina_nb.client.explain import checked
from nexhina_nb.client.session import Session

Answer = dict[str, Any]

_NUMBERS_BEGIN = re.compile(rb'"embedding"\s*:\s*\[')
_BEGINNING = 4096  # bytes within which the first vector begins, as a rule
_OWN = threading.local()
# What the libraries raise for what is no plain answer; an error of msgspec is a ValueError.
_NOT_PLAIN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)


def answer_of(session: Session, response: Response) -> Answer:
    """``data``, the vectors in it as arrays if the answer is a plain one, ``model`` and ``usage``.
    Raises what the answer says is wrong, or Upstream if it makes no sense.
    """
    return read(response.body) or checked(session, response)


def read(body: bytes) -> Answer | None:
    """A plain answer; None for anything else."""
    has_numbers = _NUMBERS_BEGIN.search(body, 0, _BEGINNING)
    try:
        answer = _of_numbers(body) if has_numbers else _of_base64(body)
    except _NOT_PLAIN:
        return None
    is_refusal = answer.get("error") or answer.get("success") is False
    return None if is_refusal else answer


class _Item(msgspec.Struct):
    embedding: msgspec.Raw
    index: int | msgspec.UnsetType = msgspec.UNSET


class _Answer(msgspec.Struct):
    data: list[_Item]
    model: str | None = None
    usage: Any = None
    error: Any = None
    success: Any = None


_DECODER = msgspec.json.Decoder(_Answer)


def _of_base64(body: bytes) -> Answer:
    found = _DECODER.decode(body)
    return {**msgspec.structs.asdict(found), "data": [_decoded(item) for item in found.data]}


def _decoded(item: _Item) -> Answer:
    text = memoryview(item.embedding)[1:-1]  # without its quotes; of anything else nothing is left
    vector = np.frombuffer(pybase64.b64decode(text, validate=True), "<f4")
    place = {} if item.index is msgspec.UNSET else {"index": item.index}
    return {**place, "embedding": vector}


@functools.cache
def fast_library() -> ModuleType | None:
    """pysimdjson, where it is installed."""
    try:
        return importlib.import_module("simdjson")
    except ImportError:
        return None


def _of_numbers(body: bytes) -> Answer:
    simdjson = fast_library()
    if simdjson is None:
        raise ValueError("orjson is faster than what is left")
    answer = _parser(simdjson).parse(body)
    if not isinstance(answer["data"], simdjson.Array):
        raise ValueError("no list")
    found = [_flat(item) for item in answer["data"]]
    # Lists in lists would pass for one list of all their numbers.
    if not _has_lists(body, 1 + len(found)):
        raise ValueError("no lists of numbers")
    rest = {name: _as_python(answer[name]) for name in answer if name != "data"}
    return {"model": None, "usage": None, **rest, "data": found}


def _parser(simdjson: ModuleType) -> Any:
    # One a thread: it keeps the memory that it has, which is as much as a large answer takes.
    if not hasattr(_OWN, "parser"):
        _OWN.parser = simdjson.Parser()
    return _OWN.parser


def _flat(item: Any) -> Answer:
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


def _as_python(value: Any) -> Any:
    # Only objects and arrays belong to the parser.
    for convert in ("as_dict", "as_list"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    return value
