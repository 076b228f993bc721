"""Vectors read from the bytes of an answer: the same as the ordinary way gives, or nothing."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, strategies as st

from nexhina_nb.client import vector_bodies
from nexhina_nb.client.vectors import vectors_of
from nexhina_nb.errors import Upstream

FAST = vector_bodies.fast_library() is not None  # the extra `fast`: no wheel for later Pythons


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


@pytest.mark.skipif(not FAST, reason="pysimdjson is not installed (the extra `fast`)")
@given(answers(NUMBERS).filter(lambda answer: answer["data"]))
def test_numbers_are_read(answer: dict[str, Any]) -> None:
    check(answer)


@given(answers(ENCODED))
def test_base64_is_read(answer: dict[str, Any]) -> None:
    check(answer)


def check(answer: dict[str, Any]) -> None:
    found = vector_bodies.read(json.dumps(answer).encode())
    assert found is not None
    assert (found["model"], found["usage"]) == (answer["model"], answer["usage"])
    count = len(answer["data"])
    ours, ordinary = vectors_of(found["data"], count), vectors_of(answer["data"], count)
    for (at, vector), (index, expected) in zip(ours, ordinary, strict=True):
        assert at == index
        assert vector.dtype == np.float32
        np.testing.assert_array_equal(vector, expected)


@given(ANYTHING)
@example({"data": {}, "embedding": []})
@example({"data": "", "embedding": []})
@example({"data": [{"embedding": "", "index": 0}]})
def test_what_it_reads_is_what_the_ordinary_way_makes_of_it(value: Any) -> None:
    found = vector_bodies.read(json.dumps(value).encode())
    if found is not None:
        count = len(found["data"])
        assert _outcome(found["data"], count) == _outcome(value["data"], count)


@pytest.mark.parametrize("vector", ["[1]", '"AACAPw=="'])
def test_what_is_no_plain_answer_is_not_read(vector: str) -> None:
    def read(text: str) -> Any:
        return vector_bodies.read(text.replace("VECTOR", vector).encode())

    assert (read('{"data": [{"embedding": VECTOR}]}') is not None) == (FAST or vector != "[1]")
    assert read('{"data": [{"embedding": VECTOR}], "error": {"message": "no"}}') is None
    assert read('{"data": [{"embedding": VECTOR}], "success": false}') is None
    assert read('{"data": [{"embedding": VECTOR}, {"embedding": "!"}]}') is None
    assert read('{"data": [{"embedding": VECTOR}, {"embedding": [[1], [2]]}]}') is None
    assert read('{"data": [{"embedding": VECTOR, "index": null}]}') is None or vector == "[1]"
    assert read('{"object": "list"}') is None


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


@given(st.binary(max_size=40))
def test_no_bytes_break_it(body: bytes) -> None:
    vector_bodies.read(body)
