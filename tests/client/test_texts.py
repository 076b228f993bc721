from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, strategies as st

from nexhina_nb.client.texts import MAX_BYTES, MAX_INPUTS, checked, documents_of, packed, texts_of
from nexhina_nb.errors import BadInput


@pytest.mark.parametrize(
    "value",
    [
        ["a", "b"],
        ("a", "b"),
        iter(["a", "b"]),
        (text for text in "ab"),
        {"a": 1, "b": 2}.keys(),
        np.array(["a", "b"]),
        pd.Series(["a", "b"], index=[7, 3]),
        pl.Series(["a", "b"]),
    ],
)
def test_any_iterable_of_texts(value: object) -> None:
    texts = texts_of(value)
    assert texts == ["a", "b"]
    assert {type(text) for text in texts} == {str}


def test_a_single_text() -> None:
    assert texts_of("ab") == ["ab"]


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", "texts is an empty text"),
        ([], "texts is empty"),
        (["a", None], "item 1 of texts is missing"),
        (pd.Series(["a", None]), "item 1 of texts is missing"),
        (pl.Series(["a", None]), "item 1 of texts is missing"),
        ([float("nan")], "item 0 of texts is missing"),
        ([pd.NA], "item 0 of texts"),
        (["a", ""], "item 1 of texts is an empty text"),
        ([3], "item 0 of texts is an int"),
        ([b"a"], "item 0 of texts is a bytes"),
        ([["a"]], "item 0 of texts is a list"),
        ([np.array([1, 2])], "item 0 of texts is a ndarray"),
        (None, "texts is a NoneType"),
        (3, "texts is an int"),
        (b"a", "texts is a bytes"),
        ({"a": "b"}, "texts is a dict"),
        (pd.DataFrame({"text": ["a"]}), "whole frame"),
        (pl.DataFrame({"text": ["a"]}), "whole frame"),
    ],
)
def test_bad_input_is_named(value: object, words: str) -> None:
    with pytest.raises(BadInput, match=words):
        texts_of(value)


def test_documents_may_be_objects() -> None:
    assert documents_of(["a", {"text": "b"}]) == ["a", {"text": "b"}]
    for bad in ("a", [], [{}], [None], [3]):
        with pytest.raises(BadInput, match="document"):
            documents_of(bad)


def test_checked_names_the_thing() -> None:
    with pytest.raises(BadInput, match="the query is an empty text"):
        checked("", "the query")


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=50))
def test_packing_keeps_order_and_loses_nothing(texts: list[str]) -> None:
    assert [text for part in packed(texts) for text in part] == texts


def test_packing_by_count_and_by_size() -> None:
    assert [len(part) for part in packed(["x"] * (2 * MAX_INPUTS + 1))] == [2048, 2048, 1]
    assert [len(part) for part in packed(["x"] * MAX_INPUTS)] == [2048]
    half = "é" * (MAX_BYTES // 4)
    assert [len(part) for part in packed([half, half, half])] == [2, 1]
    assert [len(part) for part in packed(["x" * (MAX_BYTES + 1), "y"])] == [1, 1]
