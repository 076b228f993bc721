"""A filter of polars → conditions of SQL, so that a database leaves out what nobody asked for.

Only comparisons of a column with a value, joined by "and", are translated, and only where the
database cannot leave out a row that polars would keep: polars filters again. The form in which
polars writes expressions down may change with its version; what is not understood is not
translated, which costs time and nothing else.
"""

from __future__ import annotations

import json
import operator
import warnings
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from sqlalchemy import ColumnElement, Table

from nexhina_nb.analysis.schema import TYPE_NAMES
from nexhina_nb.analysis.selection import ceil_seconds

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNITS = {"Milliseconds": 1000, "Microseconds": 1, "Nanoseconds": 0}
_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "Eq": operator.eq,
    "Gt": operator.gt,
    "GtEq": operator.ge,
    "Lt": operator.lt,
    "LtEq": operator.le,
}
_SWAPPED = {"Eq": "Eq", "Gt": "Lt", "GtEq": "LtEq", "Lt": "Gt", "LtEq": "GtEq"}
_WHOLE = (
    "id", "user_id", "token_id", "quota", "prompt_tokens", "completion_tokens", "use_time",
    "channel",
)  # fmt: skip
_TEXT = ("username", "token_name", "model_name", "group", "request_id", "upstream_request_id")


def translate(predicate: pl.Expr | None, table: Table) -> list[ColumnElement[bool]]:
    """The conditions that are understood; each row that fulfils the predicate fulfils them."""
    if predicate is None:
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # polars calls this form unstable, and it is
            tree = json.loads(predicate.meta.serialize(format="json"))
        return list(_conditions(tree, table))
    except (pl.exceptions.PolarsError, ValueError, TypeError, LookupError, AttributeError):
        return []


def _conditions(tree: Any, table: Table) -> Iterator[ColumnElement[bool]]:
    node = tree.get("BinaryExpr")
    if not node:
        return
    op, left, right = node["op"], node["left"], node["right"]
    if op == "And":
        yield from _conditions(left, table)
        yield from _conditions(right, table)
    elif op in _COMPARE:
        if "Literal" in left:
            op, left, right = _SWAPPED[op], right, left
        condition = _comparison(left.get("Column"), op, right.get("Literal"), table)
        if condition is not None:
            yield condition


def _comparison(
    name: str | None, op: str, literal: Mapping[str, Any] | None, table: Table
) -> ColumnElement[bool] | None:
    if name is None or literal is None:
        return None
    kind, value = _scalar(literal)
    compare = _COMPARE[op]
    if name == "created_at" and kind == "Datetime":
        return _moment(op, value, table)
    if name == "type" and kind == "String" and op == "Eq" and value in TYPE_NAMES:
        return compare(table.c.type, TYPE_NAMES.index(value))  # type: ignore[no-any-return]
    if name in _WHOLE and kind.startswith("Int"):
        return compare(table.c[name], value)  # type: ignore[no-any-return]
    # Databases order texts by rules of their own.
    if name in _TEXT and kind == "String" and op == "Eq":
        return compare(table.c[name], value)  # type: ignore[no-any-return]
    return None


def _scalar(literal: Mapping[str, Any]) -> tuple[str, Any]:
    inner = literal.get("Scalar") or literal.get("Dyn")
    ((kind, value),) = inner.items() if isinstance(inner, Mapping) else [("", None)]
    return kind, value


def _moment(op: str, value: Any, table: Table) -> ColumnElement[bool] | None:
    """The store keeps whole seconds: what is compared is the first one that is not before."""
    count, unit, zone = value
    scale = _UNITS[unit]
    if not zone or not scale:
        return None
    moment = _EPOCH + timedelta(microseconds=count * scale)
    first, column = ceil_seconds(moment), table.c.created_at
    if op == "Eq":
        return None if moment.microsecond else column == first
    if moment.microsecond:
        op = {"Gt": "GtEq", "LtEq": "Lt"}.get(op, op)
    return _COMPARE[op](column, first)  # type: ignore[no-any-return]
