"""The body of an embeddings answer, read in little time and memory: vectors go from the bytes that
came into arrays, without a text or a list of Python for each on the way.

A parser of JSON in general makes these first, and orjson sets aside twelve times the length of the
body for it. `msgspec` finds where the vectors stand, and leaves them there; numbers are read by
`pysimdjson` in a fifth of the time where that is installed (the extra ``fast``; later Pythons have
no wheel of it). Whatever is no plain answer is not read here.
"""

from __future__ import annotations

import functools
import importlib
import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pybase64

from nexhina_nb.client.exchange import Response
from nexhina_nb.client.explain import checked
from nexhina_nb.client.session import Session

Answer = dict[str, Any]


class _Item(msgspec.Struct):
    embedding: msgspec.Raw
    index: int | msgspec.UnsetType = msgspec.UNSET


class _Answer(msgspec.Struct):
    data: list[_Item]
    model: str | None = None
    usage: Any = None
    error: Any = None
    success: Any = None


_ANSWER = msgspec.json.Decoder(_Answer)
_NUMBERS = msgspec.json.Decoder(list[float])
_QUOTE = ord('"')
_OWN = threading.local()
# What the libraries raise for what is no plain answer; an error of msgspec is a ValueError.
_NOT_PLAIN = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RuntimeError)


def answer_of(session: Session, response: Response) -> Answer:
    """``data``, the vectors in it as arrays if the answer is a plain one, ``model`` and ``usage``.
    Raises what the answer says is wrong, or Upstream if it makes no sense.
    """
    quick = read_numbers if session.vectors_as == "float" else read
    return quick(response.body) or checked(session, response)


def _plain(reader: Callable[[bytes], Answer]) -> Callable[[bytes], Answer | None]:
    @functools.wraps(reader)
    def read(body: bytes) -> Answer | None:
        try:
            answer = reader(body)
        except _NOT_PLAIN:
            return None
        is_refusal = answer.get("error") or answer.get("success") is False
        return None if is_refusal else answer

    return read


@_plain
def read(body: bytes) -> Answer:
    """A plain answer; None for anything else."""
    found = _ANSWER.decode(body)
    data = [_read(item) for item in found.data]
    return {**msgspec.structs.asdict(found), "data": data}


def _read(item: _Item) -> Answer:
    raw = memoryview(item.embedding)
    place = {} if item.index is msgspec.UNSET else {"index": item.index}
    return {**place, "embedding": _decoded(raw) if raw[0] == _QUOTE else _NUMBERS.decode(raw)}


def _decoded(raw: memoryview) -> npt.NDArray[np.float32]:
    return np.frombuffer(pybase64.b64decode(raw[1:-1], validate=True), "<f4")


@functools.cache
def fast_library() -> ModuleType | None:
    """pysimdjson, where it is installed."""
    try:
        return importlib.import_module("simdjson")
    except ImportError:
        return None


def read_numbers(body: bytes) -> Answer | None:
    """The same, quicker for vectors of numbers."""
    return read(body) if fast_library() is None else _read_fast(body)


@_plain
def _read_fast(body: bytes) -> Answer:
    answer = _parser().parse(body)
    found = [_numbers(item) for item in answer["data"]]
    # Lists in lists would pass for one list of all their numbers.
    if not _has_lists(body, 1 + len(found)):
        raise ValueError("no lists of numbers")
    rest = {name: _as_python(answer[name]) for name in answer if name != "data"}
    return {**rest, "data": found}


def _parser() -> Any:
    # One a thread: it keeps the memory that it has, which is as much as a large answer takes.
    if not hasattr(_OWN, "parser"):
        simdjson = fast_library()
        assert simdjson is not None
        _OWN.parser = simdjson.Parser()
    return _OWN.parser


def _numbers(item: Any) -> Answer:
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
