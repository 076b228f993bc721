from __future__ import annotations

import base64
import copy
import json
import math
import pickle
import struct
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from nexhina_nb.client.vectors import Assembly, Vectors
from nexhina_nb.errors import Upstream
from tests.client.flows import answer


def encoded(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def body(*embeddings: object, **more: Any) -> dict[str, Any]:
    data = [{"index": i, "embedding": embedding} for i, embedding in enumerate(embeddings)]
    return {"data": data, "model": "m", "usage": {"prompt_tokens": 3, "total_tokens": 3}} | more


def assembled(*answers: dict[str, Any], **headers: str) -> Vectors:
    rows = [len(part["data"]) for part in answers]
    assembly = Assembly(sum(rows), "asked")
    for place, part in enumerate(answers):
        assembly.add(part, answer({}, **headers), sum(rows[:place]), rows[place])
    return assembly.finish()


def test_base64_and_floats_give_the_same() -> None:
    rows = [[0.5, -1.25], [3.0, 4.0]]
    first = assembled(body(*map(encoded, rows)))
    second = assembled(body(*rows))
    assert first.dtype == second.dtype == np.float32
    assert np.array_equal(first, np.array(rows, np.float32))
    assert np.array_equal(first, second)


@given(st.permutations(range(5)))
def test_the_index_is_what_counts(order: list[int]) -> None:
    whole = body(*([float(i)] for i in range(5)))
    whole["data"] = [whole["data"][i] for i in order]
    assert assembled(whole)[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_several_answers_are_joined() -> None:
    vectors = assembled(body([1.0], [2.0]), body([3.0]), x_nexhina_quota="4")
    assert vectors[:, 0].tolist() == [1, 2, 3]
    assert vectors.usage is not None
    assert (vectors.usage.prompt_tokens, vectors.usage.total_tokens) == (6, 6)
    assert vectors.cost is not None
    assert (vectors.cost.quota, vectors.cost.source) == (8, "gateway")
    assert len(vectors.raw) == 2
    assert "data" not in vectors.raw[0]


def test_usage_that_is_missing_somewhere_is_unknown() -> None:
    parts = body([1.0]), body([2.0], usage=None)
    assert assembled(*parts).usage is None
    assert assembled(parts[0]).usage is not None


def test_the_name_is_the_one_asked_for_if_the_answer_has_none() -> None:
    assert assembled(body([1.0], model=None)).model == "asked"
    assert assembled(body([1.0])).model == "m"


def test_facts_stay_with_slices_and_go_with_arithmetic() -> None:
    vectors = assembled(body([3.0, 4.0], [6.0, 8.0]))
    assert isinstance(vectors[:1], Vectors)
    assert vectors[:1].model == "m"
    for result in (vectors @ vectors.T, vectors * 2, np.linalg.norm(vectors, axis=1)):
        assert type(result) is np.ndarray
    assert isinstance(vectors.sum(), np.float32)
    for again in (pickle.loads(pickle.dumps(vectors)), copy.deepcopy(vectors)):
        assert isinstance(again, Vectors)
        assert again.model == "m"
        assert np.array_equal(again, vectors)


def test_shown() -> None:
    vectors = assembled(body([3.0, 4.0]))
    assert repr(vectors) == "<Vectors 1 × 2 float32, model m>"
    data, metadata = vectors._repr_mimebundle_()
    assert data == {"text/plain": "1 × 2 float32\n[[3. 4.]]"}
    assert metadata["nexhina"]["model"] == "m"
    json.dumps(metadata)
    many = np.zeros((3, 256), np.float32).view(Vectors)._repr_mimebundle_()[0]["text/plain"]
    assert len(many.splitlines()) == 4
    assert repr(np.zeros((2, 3), np.float32).view(Vectors)) == "<Vectors 2 × 3 float32, model None>"


@pytest.mark.parametrize(
    "data",
    [
        None,
        "x",
        [],
        [{"embedding": [1.0]}, {"embedding": [1.0]}],
        [3],
        [{"embedding": []}],
        [{"embedding": None}],
        [{"embedding": "!!!!"}],
        [{"embedding": "AAA="}],
        [{"embedding": ""}],
        [{"embedding": ["a"]}],
        [{"embedding": [[1.0]]}],
        [{"embedding": 1.0}],
        [{"embedding": [1e39, 1.0]}],
        [{"embedding": [1.0, None]}],
        [{"embedding": encoded([0.0, math.nan])}],
        [{"embedding": encoded([math.inf, 0.0])}],
        [{"embedding": encoded([-math.inf, math.inf])}],
        [{"embedding": np.array([1e39, 1.0])}],
        [{"embedding": np.array([math.nan, 1.0], np.float32)}],
        [{"index": 1, "embedding": [1.0]}],
        [{"index": -1, "embedding": [1.0]}],
        [{"index": "0", "embedding": [1.0]}],
    ],
)
def test_answers_that_make_no_sense(data: object) -> None:
    with pytest.raises(Upstream, match="embeddings that came"):
        Assembly(1, "m").add({"data": data}, answer({}), 0, 1)


def test_numbers_may_be_large() -> None:
    large = [3e38, -3e38]
    vectors = assembled(body(encoded(large), large))
    assert np.array_equal(vectors, np.array([large, large], np.float32))


def test_twice_the_same_index_or_two_lengths() -> None:
    twice = [{"index": 0, "embedding": [1.0]}] * 2
    with pytest.raises(Upstream, match="index 0"):
        Assembly(2, "m").add({"data": twice}, answer({}), 0, 2)
    with pytest.raises(Upstream, match="of 1 and of 2"):
        assembled(body([1.0], [1.0, 2.0]))
