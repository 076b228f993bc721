from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest

from nexhina_nb.errors import BadInput
from nexhina_nb.magics import frames
from nexhina_nb.magics.names import Names

KINDS = [pd.DataFrame, pl.DataFrame]


@pytest.mark.parametrize("kind", KINDS)
def test_a_matrix_becomes_a_column_of_rows(kind: Any) -> None:
    frame = kind({"a": [1, 2, 3]})
    matrix = np.arange(6, dtype=np.float32).reshape(3, 2)
    made = frames.add_columns(frame, {"embedding": matrix})
    assert type(made) is kind
    assert list(made.columns) == ["a", "embedding"]
    assert list(frame.columns) == ["a"]
    assert np.array_equal(np.stack(made["embedding"].to_list()), matrix)


def test_polars_knows_the_length_of_the_vectors() -> None:
    made = frames.add_columns(pl.DataFrame({"a": [1]}), {"v": np.ones((1, 4), np.float32)})
    assert made.schema["v"] == pl.Array(pl.Float32, 4)


@pytest.mark.parametrize("kind", KINDS)
def test_rows_in_another_order(kind: Any) -> None:
    made = frames.take(kind({"a": [1, 2, 3]}), [2, 0])
    assert type(made) is kind
    assert made["a"].to_list() == [3, 1]


def test_the_index_of_pandas_goes_along() -> None:
    frame = pd.DataFrame({"a": [1, 2, 3]}, index=["x", "y", "z"])
    assert list(frames.take(frame, [2, 0]).index) == ["z", "x"]
    assert list(frames.add_columns(frame, {"b": [1, 2, 3]}).index) == ["x", "y", "z"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_by_name(kind: Any) -> None:
    names = Names({"df": kind({"a": ["x", "w"], "b": ["y", "z"]})})
    frame, values = frames.pick(names, "df", "a")
    assert frame is names["df"]
    assert values == ["x", "w"]


def test_numbered_columns_are_found_by_their_text() -> None:
    names = Names({"df": pd.DataFrame([["x"], ["y"]])})
    assert frames.pick(names, "df", "0")[1] == ["x", "y"]


@pytest.mark.parametrize(
    ("frame", "column", "said"),
    [
        ("df", None, "--from needs --column → columns: text, other"),
        ("df", "txt", "df has no column 'txt' → did you mean text?"),
        ("rows", "a", "rows is no pandas or polars frame but a list"),
        ("fd", "a", "there is no variable 'fd' → variables: df, rows"),
    ],
)
def test_what_is_missing_is_said(frame: str, column: str | None, said: str) -> None:
    names = Names({"df": pd.DataFrame({"text": ["a"], "other": [1]}), "rows": [1]})
    with pytest.raises(BadInput) as caught:
        frames.pick(names, frame, column)
    assert said in str(caught.value)


def test_frames_are_told_from_the_rest() -> None:
    assert frames.is_frame(pd.DataFrame())
    assert frames.is_frame(pl.DataFrame())
    assert not any(map(frames.is_frame, [pd.Series([1]), pl.LazyFrame(), {}, None, pd.DataFrame]))
