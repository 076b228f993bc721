"""Numbers of JSON as arrays: the same as the ordinary way gives, or nothing."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nexhina_nb.client import float_vectors
from nexhina_nb.client.vectors import vectors_of
from nexhina_nb.errors import Upstream

pytestmark = pytest.mark.skipif(
    float_vectors.library() is None, reason="pysimdjson is not installed (the extra `fast`)"
)

NUMBER = st.one_of(st.floats(width=32, allow_nan=False, allow_infinity=False), st.integers(-9, 9))
NUMBERS = st.lists(NUMBER, min_size=1, max_size=5)
ANSWERS = st.lists(NUMBERS, max_size=4).map(
    lambda rows: {
        "object": "list",
        "data": [{"index": at, "embedding": row, "x": {"y": 1}} for at, row in enumerate(rows)],
        "model": "m",
        "usage": {"prompt_tokens": 3, "details": {"cached": None}},
    }
)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["data", "embedding", "index", "usage"]), inner),
    ),
    max_leaves=12,
)


@given(ANSWERS)
def test_it_reads_what_the_ordinary_way_reads(answer: dict[str, Any]) -> None:
    body = json.dumps(answer).encode()
    read = float_vectors.read(body)
    assert read is not None
    assert {name: value for name, value in read.items() if name != "data"} == {
        name: value for name, value in answer.items() if name != "data"
    }
    count = len(answer["data"])
    ours, ordinary = vectors_of(read["data"], count), vectors_of(answer["data"], count)
    for (at, vector), (index, expected) in zip(ours, ordinary, strict=True):
        assert at == index
        assert vector.dtype == np.float32
        np.testing.assert_array_equal(vector, expected)


@given(ANYTHING)
def test_what_it_reads_is_what_the_ordinary_way_makes_of_it(value: Any) -> None:
    read = float_vectors.read(json.dumps(value).encode())
    if read is not None:
        count = len(read["data"])
        assert _outcome(read["data"], count) == _outcome(value["data"], count)


def test_lists_in_lists_are_no_vectors() -> None:
    assert float_vectors.read(b'{"data": [{"embedding": [[1], [2]]}]}') is None


def _outcome(data: Any, count: int) -> Any:
    try:
        return [(at, vector.tolist()) for at, vector in vectors_of(data, count)]
    except Upstream as error:
        return str(error)


@given(st.binary(max_size=40))
def test_no_bytes_break_it(body: bytes) -> None:
    float_vectors.read(body)
