"""A translated filter never leaves out a row that polars would keep."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.analysis.frames import logs
from nexhina_nb.analysis.predicates import translate
from nexhina_nb.store.tables import logs as table
from tests.analysis.rows import BEGIN, MODELS, Row, stored_rows, write_store

c = pl.col


def sql(predicate: pl.Expr) -> list[str]:
    found = translate(predicate, table)
    return [str(each.compile(compile_kwargs={"literal_binds": True})) for each in found]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("predicate", "expected"),
    [
        (c("model_name") == "o3", ["logs.model_name = 'o3'"]),
        (c("type") == "error", ["logs.type = 5"]),
        (c("created_at") >= at(10), ["logs.created_at >= 10"]),
        (c("created_at") >= at(10.5), ["logs.created_at >= 11"]),
        (c("created_at") > at(10.5), ["logs.created_at >= 11"]),
        (c("created_at") <= at(10.5), ["logs.created_at < 11"]),
        (c("created_at") < at(10.5), ["logs.created_at < 11"]),
        (c("created_at") == at(10), ["logs.created_at = 10"]),
        (c("created_at") == at(10.5), []),
        (c("created_at") > datetime(2026, 1, 1), []),
        ((c("id") > 3) & (c("quota") <= 5), ["logs.id > 3", "logs.quota <= 5"]),
        ((c("id") > 3) | (c("id") < 1), []),
        (c("model_name") > "a", []),
        (c("is_stream"), []),
        (c("content") == "x", []),
        (c("type") == "nonsense", []),
        (c("quota") > 1.5, []),
        (c("quota") > c("id"), []),
        (c("quota").abs() > 3, []),
    ],
)
def test_what_is_translated(predicate: pl.Expr, expected: list[str]) -> None:
    assert sql(predicate) == expected
    assert translate(None, table) == []


def comparisons() -> st.SearchStrategy[pl.Expr]:
    operators = st.sampled_from(["__eq__", "__gt__", "__ge__", "__lt__", "__le__", "__ne__"])
    seconds = st.floats(BEGIN - 10.0, BEGIN + 11 * 86_400.0).map(at) | st.integers(
        BEGIN, BEGIN + 86_400
    ).map(at)
    pairs = st.one_of(
        st.tuples(st.just("created_at"), seconds),
        st.tuples(st.just("model_name"), st.sampled_from(MODELS)),
        st.tuples(st.just("type"), st.sampled_from(["consume", "error", "refund"])),
        st.tuples(st.sampled_from(["quota", "id", "prompt_tokens"]), st.integers(0, 10)),
    )

    def build(pair: tuple[str, Any], name: str) -> pl.Expr:
        column: pl.Expr = getattr(c(pair[0]), name)(pair[1])
        return column

    return st.builds(build, pairs, operators)


def predicates() -> st.SearchStrategy[pl.Expr]:
    return st.recursive(
        comparisons(),
        lambda inner: st.one_of(
            st.builds(lambda a, b: a & b, inner, inner),
            st.builds(lambda a, b: a | b, inner, inner),
            inner.map(lambda a: ~a),
        ),
        max_leaves=5,
    )


@settings(max_examples=100)
@given(rows=stored_rows(), predicate=predicates())
def test_a_filtered_store_is_a_filtered_frame(
    tmp_path_factory: pytest.TempPathFactory, rows: list[Row], predicate: pl.Expr
) -> None:
    url = write_store(tmp_path_factory.getbasetemp() / "filtered.db", rows)
    found = logs(url).filter(predicate).select("id").collect()
    in_memory = logs(rows).collect().filter(predicate)
    assert sorted(found["id"]) == sorted(in_memory["id"])
