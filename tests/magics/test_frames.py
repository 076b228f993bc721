from __future__ import annotations

from typing import Any

import pandas as pd
import polars as pl
import pytest

from nexhina_nb.errors import BadInput
from nexhina_nb.magics import frames
from nexhina_nb.magics.names import Names

KINDS = [pd.DataFrame, pl.DataFrame]


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_by_name(kind: Any) -> None:
    names = Names({"df": kind({"a": ["x", "w"], "b": ["y", "z"]})})
    frame, column = frames.pick(names, "df", "a")
    assert frame is names["df"]
    assert column == "a"


def test_numbered_columns_are_found_by_their_text() -> None:
    names = Names({"df": pd.DataFrame([["x"], ["y"]])})
    assert frames.pick(names, "df", "0")[1] == 0


@pytest.mark.parametrize(
    ("frame", "column", "said"),
    [
        ("df", None, "--from needs --column → columns: text, other"),
        ("df", "txt", "df has no column 'txt' → did you mean text?"),
        ("rows", "a", "rows is no pandas or polars DataFrame but a list → --from FRAME"),
        ("lazy", "a", "but a LazyFrame → rows = lazy.collect() makes one: --from rows"),
        ("fd", "a", "there is no variable 'fd' → variables: df, rows, lazy"),
    ],
)
def test_what_is_missing_is_said(frame: str, column: str | None, said: str) -> None:
    names = Names(
        {"df": pd.DataFrame({"text": ["a"], "other": [1]}), "rows": [1], "lazy": pl.LazyFrame()}
    )
    with pytest.raises(BadInput) as caught:
        frames.pick(names, frame, column)
    assert said in str(caught.value)


def test_frames_are_told_from_the_rest() -> None:
    assert frames.is_frame(pd.DataFrame())
    assert frames.is_frame(pl.DataFrame())
    assert not any(map(frames.is_frame, [pd.Series([1]), pl.LazyFrame(), {}, None, pd.DataFrame]))


def test_an_index_that_carries_something_becomes_columns() -> None:
    index = pd.MultiIndex.from_tuples([(1, "b")], names=[None, "x"])
    shown = frames.as_markdown(pd.DataFrame({"x": ["a|b"]}, index=index))
    assert shown.splitlines()[0] == "| index 0 | x (index) | x |"
    assert shown.splitlines()[2] == "| 1 | b | a\\|b |"
    unnamed = pd.MultiIndex.from_tuples([(1, 2)])
    shown = frames.as_markdown(pd.DataFrame({"x": [3]}, index=unnamed))
    assert shown.splitlines()[0] == "| index 0 | index 1 | x |"
    assert frames.as_markdown(pd.DataFrame({"x": [3]})).splitlines()[0] == "| x |"
