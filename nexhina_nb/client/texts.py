"""Texts as callers have them (a str, a list, a Series, a generator) as a list of str, checked
before anything is sent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from nexhina_nb.errors import BadInput
from nexhina_nb.errors.kinds import kind_of

# Contract 1.20: at most 2,048 inputs and 300,000 tokens in one request. A token is at least one
# byte, so that many bytes never are too many tokens, and nothing needs to be counted.
MAX_INPUTS = 2048
MAX_TOKENS = MAX_BYTES = 300_000


def texts_of(value: Any, what: str = "texts") -> list[str]:
    """A single str, or any iterable of str (list, pandas or polars Series, array, generator), as a
    list.

    Raises BadInput for no text at all and for the first item that is missing, empty or no text.
    """
    if isinstance(value, str):
        return [checked(value, what)]
    texts = [
        checked(item, f"item {row} of {what}") for row, item in enumerate(items_of(value, what))
    ]
    if not texts:
        raise BadInput(f"{what} is empty", hint="pass at least one text")
    return texts


def documents_of(value: Any) -> list[Any]:
    """The documents of a rerank: texts, or dicts, which the gateway reads the text out of."""
    if isinstance(value, str):
        raise BadInput("documents is one text", hint="pass a list of documents")
    documents = [
        dict(item) if isinstance(item, Mapping) and item else checked(item, f"document {row}")
        for row, item in enumerate(items_of(value, "documents"))
    ]
    if not documents:
        raise BadInput("documents is empty", hint="pass at least one document")
    return documents


def items_of(value: Any, what: str) -> Iterable[Any]:
    """The items of a list-like value; BadInput for what only looks like one."""
    if hasattr(value, "columns"):
        raise BadInput(
            f"{what} is a whole frame", hint='pass one column, for example frame["text"]'
        )
    if isinstance(value, (bytes, bytearray, Mapping)) or not isinstance(value, Iterable):
        raise BadInput(f"{what} is {kind_of(value)}", hint="pass a text or a list of texts")
    return value


def checked(item: Any, what: str) -> str:
    """The item if it is a text with something in it, else BadInput."""
    if isinstance(item, str):
        if not item:
            raise BadInput(f"{what} is an empty text", hint="leave empty texts out")
        return str(item)
    if is_missing(item):
        raise BadInput(f"{what} is missing ({item})", hint="drop or fill missing values first")
    raise BadInput(f"{what} is {kind_of(item)}, not a text", hint="convert it with str()")


def is_missing(item: Any) -> bool:
    """Whether it stands for no value: None, and NaN, NA and NaT of pandas."""
    if isinstance(item, float):
        return item != item
    # NA and NaT cannot be compared.
    return item is None or type(item).__name__ in _MISSING


_MISSING = {"NAType", "NaTType"}


def packed(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts in order, cut into runs that one request may carry."""
    start, size = 0, 0
    for row, text in enumerate(texts):
        length = len(text.encode("utf-8", "surrogatepass"))
        if row > start and (row - start == MAX_INPUTS or size + length > MAX_BYTES):
            yield texts[start:row]
            start, size = row, 0
        size += length
    yield texts[start:]
