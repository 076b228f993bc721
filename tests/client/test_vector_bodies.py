"""Vectors read from the bytes of an answer: the same as the ordinary way gives, or nothing."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nexhina_nb.client import vector_bodies
from nexhina_nb.client.vectors import vectors_of
from nexhina_nb.errors import Upstream

Reader = Callable[[bytes], dict[str, Any] | None]
READERS = [vector_bodies.read]
if vector_bodies.fast_library() is not None:  # the extra `fast`: later Pythons have no wheel of it
    READERS.append(vector_bodies.read_numbers)
both = pytest.mark.parametrize("read", READERS)


def encoded(row: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(row)}f", *row)).decode()


NUMBER = st.one_of(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(-9, 9))
NUMBERS = st.lists(NUMBER, min_size=1, max_size=5)
ENCODED = NUMBERS.map(encoded)


def answers(vectors: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.lists(vectors, max_size=4).map(
        lambda rows: {
            "object": "list",
            "data": [{"index": at, "embedding": row, "x": {"y": 1}} for at, row in enumerate(rows)],
            "model": "m",
            "usage": {"prompt_tokens": 3, "details": {"cached": None}},
        }
    )


ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(), ENCODED
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["data", "embedding", "index", "usage", "error"]), inner),
    ),
    max_leaves=12,
)


@both
@given(answer=answers(NUMBERS))
def test_numbers_are_read(read: Reader, answer: dict[str, Any]) -> None:
    check(read, answer)


@given(answers(st.one_of(NUMBERS, ENCODED)))
def test_base64_is_read(answer: dict[str, Any]) -> None:
    check(vector_bodies.read, answer)


def check(read: Reader, answer: dict[str, Any]) -> None:
    found = read(json.dumps(answer).encode())
    assert found is not None
    assert (found["model"], found["usage"]) == (answer["model"], answer["usage"])
    count = len(answer["data"])
    ours, ordinary = vectors_of(found["data"], count), vectors_of(answer["data"], count)
    for (at, vector), (index, expected) in zip(ours, ordinary, strict=True):
        assert at == index
        assert vector.dtype == np.float32
        np.testing.assert_array_equal(vector, expected)


@both
@given(value=ANYTHING)
def test_what_it_reads_is_what_the_ordinary_way_makes_of_it(read: Reader, value: Any) -> None:
    found = read(json.dumps(value).encode())
    if found is not None:
        count = len(found["data"])
        assert _outcome(found["data"], count) == _outcome(value["data"], count)


@both
def test_what_is_no_plain_answer_is_not_read(read: Reader) -> None:
    assert read(b'{"data": [{"embedding": [[1], [2]]}]}') is None
    assert read(b'{"data": [{"embedding": [1]}], "error": {"message": "no"}}') is None
    assert read(b'{"data": [{"embedding": [1]}], "success": false}') is None
    assert read(b'{"data": [{"embedding": "AAAAAA=="}, {"embedding": "!"}]}') is None
    assert read(b'{"object": "list"}') is None


def test_slashes_of_base64_may_be_escaped() -> None:
    row = [1.9999998807907104]  # its bytes are "//8/Pw"
    body = json.dumps({"data": [{"embedding": encoded(row)}]}).replace("/", "\\/").encode()
    assert b"\\/" in body
    assert vector_bodies.read(body) is None  # the ordinary way knows of escapes
    assert json.loads(body)["data"][0]["embedding"] == encoded(row)


def _outcome(data: Any, count: int) -> Any:
    try:
        return [(at, vector.tolist()) for at, vector in vectors_of(data, count)]
    except Upstream as error:
        return str(error)


@both
@given(body=st.binary(max_size=40))
def test_no_bytes_break_it(read: Reader, body: bytes) -> None:
    read(body)
