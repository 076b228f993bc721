"""Columns of vectors in every kind of frame, and back as one matrix."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from nexhina_nb.batch.columns import VectorColumn, matrix
from nexhina_nb.errors import BadInput

NUMBERS = st.floats(-10, 10, width=32)
MATRICES = hnp.arrays(np.float32, st.tuples(st.integers(0, 6), st.integers(1, 5)), elements=NUMBERS)


def columns(made: VectorColumn) -> list[Any]:
    """The column in each kind of frame."""
    return [
        made.for_pandas(pd.RangeIndex(3, 3 + len(made.matrix))),
        made.for_polars("v"),
        made.for_pyarrow(),
        pa.chunked_array([made.for_pyarrow()]),
        made.for_polars("v").cast(pl.List(pl.Float64)),
        pd.Series(list(made.matrix), dtype=object).where(pd.Series(made.valid, dtype=bool), None),
    ]


@given(MATRICES, st.data())
def test_there_and_back(numbers: Any, data: st.DataObject) -> None:
    valid = data.draw(hnp.arrays(np.bool_, len(numbers)))
    expected = np.where(valid[:, None], numbers, np.float32("nan"))
    for column in columns(VectorColumn(numbers, valid)):
        made = matrix(column)
        assert made.dtype == np.float32
        if valid.any():
            assert np.array_equal(made, expected, equal_nan=True)
        assert len(made) == len(numbers)


def test_nothing_is_copied_where_that_is_possible() -> None:
    numbers = np.arange(12, dtype=np.float32).reshape(4, 3)
    whole = VectorColumn(numbers, np.ones(4, np.bool_))
    for column in (whole.for_pandas(pd.RangeIndex(4)), whole.for_pyarrow(), whole.for_polars("v")):
        assert np.shares_memory(matrix(column), numbers)
    numbers[1] = np.nan  # as the batch leaves rows that failed
    holed = VectorColumn(numbers, np.array([True, False, True, True]))
    assert np.shares_memory(matrix(holed.for_pyarrow()), numbers)


def test_slices_and_chunks_of_arrow() -> None:
    numbers = np.arange(12, dtype=np.float32).reshape(4, 3)
    column = VectorColumn(numbers, np.ones(4, np.bool_)).for_pyarrow()
    assert np.array_equal(matrix(column.slice(1, 2)), numbers[1:3])
    chunked = pa.chunked_array([column.slice(2), column.slice(0, 1)])
    assert np.array_equal(matrix(chunked), numbers[[2, 3, 0]])
    assert matrix(chunked.slice(0, 0)).shape == (0, 3)


def test_frames_of_pandas_keep_their_way_of_stacking() -> None:
    numbers = np.ones((3, 2), np.float32)
    series = VectorColumn(numbers, np.ones(3, np.bool_)).for_pandas(pd.Index(list("abc")))
    assert str(series.dtype) == "fixed_size_list<item: float>[2][pyarrow]"
    assert np.array_equal(np.stack(list(series)), numbers)


def test_frames_of_pandas_go_to_parquet_and_back(tmp_path: Path) -> None:
    numbers = np.ones((3, 2), np.float32)
    column = VectorColumn(numbers, np.array([True, False, True])).for_pandas(pd.RangeIndex(3))
    pd.DataFrame({"v": column}).to_parquet(tmp_path / "v.parquet")
    back = pd.read_parquet(tmp_path / "v.parquet", dtype_backend="pyarrow")
    assert np.array_equal(matrix(back["v"])[[0, 2]], numbers[[0, 2]])
    assert back["v"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize(
    "column",
    [
        [[1.0, 2.0], [3.0]], [["a"]], [[[1.0]]], pd.Series([1.0, 2.0]), pl.Series(["ab"]),
        None, 5, np.array([["a"]]), pl.Series([["a"]], dtype=pl.Array(pl.String, 1)),
    ],
)  # fmt: skip
def test_what_is_no_column_of_vectors_is_said(column: Any) -> None:
    with pytest.raises(BadInput, match="no vectors of one length"):
        matrix(column)


def test_matrices_and_lists_are_taken_too() -> None:
    assert matrix(np.ones((2, 3))).dtype == np.float32
    assert matrix([[1, 2], (3, 4)]).tolist() == [[1, 2], [3, 4]]
    assert matrix([]).shape == (0, 0)


WITHOUT_PYARROW = """
import sys
sys.modules["pyarrow"] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "pyarrow" else find(name, *more)
import numpy as np, pandas as pd
from nexhina_nb.batch.columns import VectorColumn, matrix
numbers = np.arange(6, dtype=np.float32).reshape(3, 2)
series = VectorColumn(numbers, np.array([True, False, True])).for_pandas(pd.RangeIndex(3))
assert series.dtype == object and series[1] is None and series[2].dtype == np.float32
assert np.array_equal(matrix(series)[[0, 2]], numbers[[0, 2]]) and np.isnan(matrix(series)[1]).all()
from nexhina_nb.errors import BadInput
for texts in (pd.Series(["a"]), pd.Series(["a"], dtype="string")):
    assert hasattr(texts.array, "__arrow_array__") or texts.dtype == object
    try:
        matrix(texts)
    except BadInput as error:
        assert "no vectors" in str(error)
    else:
        raise AssertionError(texts.dtype)
"""


def test_pandas_without_pyarrow() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", WITHOUT_PYARROW], check=True)
