"""Answers that keep to a schema become columns of the right types, in every kind of frame."""

from __future__ import annotations

import datetime as dt
import enum
import json
import subprocess
import sys
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import narwhals as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from pydantic import BaseModel, Field, RootModel, computed_field, create_model, field_serializer

from nexhina_nb.batch.columns import VectorColumn
from nexhina_nb.batch.frames import Table, Values
from nexhina_nb.batch.kinds import Unfit
from nexhina_nb.batch.typed import Sheet, sheet_of
from nexhina_nb.client.texts import is_missing
from nexhina_nb.errors import BadInput

FRAMES = {"pandas": pd.DataFrame, "polars": pl.DataFrame, "pyarrow": pa.table}
UTC = dt.UTC


class Mood(enum.Enum):
    """Texts that there are few of."""

    GOOD = "good"
    BAD = "bad"


class Level(enum.IntEnum):
    """Numbers that there are few of."""

    LOW = 1
    HIGH = 2


# A type of Python, the type of its column, and its values.
Leaf = tuple[Any, nw.dtypes.DType, st.SearchStrategy[Any]]
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
TIMES = st.datetimes(dt.datetime(1, 1, 2), dt.datetime(9999, 12, 30), timezones=st.just(UTC))
LEAVES: list[Leaf] = [
    (str, nw.String(), TEXT),
    (int, nw.Int64(), st.integers(-(2**63), 2**63 - 1)),
    (float, nw.Float64(), st.floats(allow_nan=False, allow_infinity=False)),
    (bool, nw.Boolean(), st.booleans()),
    (Literal["x", "y"], nw.String(), st.sampled_from("xy")),
    (Mood, nw.String(), st.sampled_from(["good", "bad"])),
    (Level, nw.Int64(), st.sampled_from([1, 2])),
    (dt.date, nw.Date(), st.dates()),
    (dt.datetime, nw.Datetime("us", "UTC"), TIMES),
]


def optional(leaf: Leaf) -> Leaf:
    kind, dtype, values = leaf
    return kind | None, dtype, st.none() | values


def listed(leaf: Leaf) -> Leaf:
    kind, dtype, values = leaf
    return list[kind], nw.List(dtype), st.lists(values, max_size=3)  # type: ignore[valid-type]


def nested(leaves: list[Leaf]) -> Leaf:
    names = [f"f{at}" for at in range(len(leaves))]
    fields: Any = {name: (leaf[0], ...) for name, leaf in zip(names, leaves, strict=True)}
    dtype = nw.Struct({name: leaf[1] for name, leaf in zip(names, leaves, strict=True)})
    values = {name: leaf[2] for name, leaf in zip(names, leaves, strict=True)}
    return create_model("Part", **fields), dtype, st.fixed_dictionaries(values)


def leaves() -> st.SearchStrategy[Leaf]:
    return st.recursive(
        st.sampled_from(LEAVES),
        lambda inner: (
            inner.map(optional)
            | inner.map(listed)
            | st.lists(inner, min_size=1, max_size=2).map(nested)
        ),
        max_leaves=4,
    )


def as_json(value: Any) -> Any:
    """A value as a model writes it."""
    return json.dumps(value, default=lambda moment: moment.isoformat())


def python_of(value: Any) -> Any:
    """What a frame gives for a value, as plain Python."""
    if isinstance(value, (list, np.ndarray)):
        return [python_of(each) for each in value]
    if isinstance(value, dict):
        return {name: python_of(each) for name, each in value.items()}
    if is_missing(value):
        return None
    return value.to_pydatetime() if isinstance(value, pd.Timestamp) else value


def dtype_of(frame: Any, name: str) -> nw.dtypes.DType:
    return nw.from_native(frame, eager_only=True)[name].dtype


@settings(max_examples=120)
@given(st.data())
def test_columns_of_every_type_in_every_frame(data: st.DataObject) -> None:
    kind, dtype, values = data.draw(leaves())
    answers = data.draw(st.lists(st.none() | values, max_size=4))
    model = create_model("Made", value=(kind, ...))
    sheet = sheet_of(model, "answer")
    assert {name: each.dtype for name, each in sheet.kinds.items()} == {"value": dtype}
    rows = [
        None if answer is None else sheet.read(f'{{"value": {as_json(answer)}}}')[0]
        for answer in answers
    ]
    assert rows == answers
    column = Values(dtype, rows)
    for name, frame in FRAMES.items():
        table = Table.of(frame({"n": list(range(len(rows)))}))
        for _ in range(2):  # beside the others, and then in the place of the first
            table = table.having({"value": column})
            assert table.names == ["n", "value"]
            made = python_of(table.values("value"))
            assert made == rows, name
        assert dtype_of(table.frame, "value") == dtype, name


@pytest.mark.parametrize("leaf", [*LEAVES, listed(LEAVES[0]), nested(LEAVES)])
@pytest.mark.parametrize("rows", [0, 1, 3])
def test_columns_without_any_answer(leaf: Leaf, rows: int) -> None:
    for frame in FRAMES.values():
        table = Table.of(frame({"n": list(range(rows))}))
        made = table.having({"value": Values(leaf[1], [None] * rows)})
        assert dtype_of(made.frame, "value") == leaf[1]
        assert [value for value in made.values("value") if not is_missing(value)] == []


@given(st.lists(st.none() | st.integers(0, 9)), st.sampled_from([int, bool, float, str]))
def test_types_of_pandas_itself_where_it_has_them(rows: list[Any], kind: type) -> None:
    dtypes = {int: nw.Int64(), bool: nw.Boolean(), float: nw.Float64(), str: nw.String()}
    values = [None if row is None else kind(row) for row in rows]
    index = pd.Index([7] * len(rows))
    frame = Table.of(pd.DataFrame(index=index)).having({"v": Values(dtypes[kind], values)}).frame
    has_nulls = None in rows
    expected = {
        int: "Int64" if has_nulls else "int64",
        bool: "boolean" if has_nulls else "bool",
        float: "float64",
        str: pd.Series(["a"]).dtype,
    }
    assert frame["v"].dtype == expected[kind]
    assert frame.index.equals(index)
    assert [None if is_missing(value) else value for value in frame["v"]] == values


def test_lists_of_one_length_stay_lists() -> None:
    column = Values(nw.List(nw.Int64()), [[1, 2], [3, 4]])
    frame = Table.of(pd.DataFrame({"n": [1, 2]})).having({"v": column}).frame
    assert str(frame["v"].dtype) == "list<item: int64>[pyarrow]"
    assert frame["v"].list[0].tolist() == [1, 3]


WITHOUT_PYARROW = """
import datetime, sys
sys.modules["pyarrow"] = None
import importlib.util
find = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == "pyarrow" else find(name, *more)
import narwhals as nw, pandas as pd
from nexhina_nb.batch.frames import Table, Values
day, utc = datetime.date(2026, 3, 4), datetime.datetime(2026, 3, 4, tzinfo=datetime.UTC)
columns = {
    "list": Values(nw.List(nw.Int64()), [[1, 2], [3, 4]]),
    "day": Values(nw.Date(), [day, None]),
    "part": Values(nw.Struct({"a": nw.Int64()}), [{"a": 1}, None]),
    "text": Values(nw.String(), ["a", None]),
    "moment": Values(nw.Datetime("us", "UTC"), [utc, None]),
}
made = Table.of(pd.DataFrame({"n": [1, 2]})).having(columns).frame
assert made["list"].tolist() == [[1, 2], [3, 4]] and made["list"].dtype == object
assert made["day"].tolist() == [day, None] and made["part"].tolist() == [{"a": 1}, None]
assert made["text"][0] == "a" and made["text"].isna()[1] and made["moment"][0] == utc
"""


def test_pandas_without_pyarrow() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", WITHOUT_PYARROW], check=True)


def test_vectors_beside_values() -> None:
    vectors = VectorColumn(np.ones((2, 3), np.float32), np.array([True, False]))
    for frame in FRAMES.values():
        table = Table.of(frame({"n": [1, 2]}))
        made = table.having({"v": vectors, "s": Values(nw.String(), [None, "a"])})
        assert made.names == ["n", "v", "s"]
        assert python_of(made.values("s")) == [None, "a"]


# What a class may have that has no type of its own.


class Part(BaseModel):
    """A part of itself."""

    name: str
    parts: list[Part] = []


class Odd(BaseModel, serialize_by_alias=True):
    """Fields of many sorts."""

    price: Decimal
    id: UUID
    pairs: dict[str, int]
    either: int | str
    number: int | float
    anything: Any
    pair: tuple[int, str]
    mixed: Literal["a", 1]
    true: Literal[True]
    several: Literal["a"] | str
    loose: str | dict[str, int]
    tree: Part
    nothing: None
    renamed: Annotated[int, Field(alias="Total amount")]
    default: int = 3
    many: list[Any] = []

    @computed_field
    def twice(self) -> int:
        """What no model says."""
        return 2 * self.renamed

    @field_serializer("price")
    def _price(self, value: Decimal) -> str:
        return f"{value:.2f}"


def test_what_has_no_type_is_a_text() -> None:
    sheet = sheet_of(Odd, "answer")
    answer = {
        "price": 3,
        "id": "00000000-0000-0000-0000-000000000007",
        "pairs": {"a": 1},
        "either": "x",
        "number": 1,
        "anything": [None, "é"],
        "pair": [1, "b"],
        "mixed": 1,
        "true": True,
        "several": "z",
        "loose": "y",
        "tree": {"name": "a", "parts": [{"name": "b", "parts": []}]},
        "nothing": None,
        "Total amount": 4,
    }
    values = dict(zip(sheet.kinds, sheet.read(json.dumps(answer)), strict=True))
    assert values == {
        "price": "3.00",
        "id": "00000000-0000-0000-0000-000000000007",
        "pairs": '{"a":1}',
        "either": '"x"',
        "number": 1.0,
        "anything": '[null,"é"]',
        "pair": '[1,"b"]',
        "mixed": "1",
        "true": True,
        "several": "z",
        "loose": '"y"',
        "tree": {"name": "a", "parts": ['{"name":"b","parts":[]}']},
        "nothing": None,
        "renamed": 4,
        "default": 3,
        "many": [],
        "twice": 8,
    }
    for frame in FRAMES.values():
        columns = {name: Values(sheet.kinds[name].dtype, [values[name]]) for name in values}
        made = Table.of(frame({"row": [1]})).having(columns)
        assert python_of(made.values("tree")) == [values["tree"]]


def test_answers_without_fields() -> None:
    sheet = sheet_of(RootModel[list[int]], "answer")
    assert (list(sheet.kinds), sheet.has_fields) == (["answer"], False)
    assert sheet.read("[1, 2]") == [[1, 2]]
    empty = sheet_of(create_model("Empty"), "answer")
    assert empty.read("{}") == ["{}"]
    plain = sheet_of({"type": ["integer", "null"]}, "answer")
    assert [plain.read(text) for text in ("3", "null", "3.0")] == [[3], [None], [3]]


def test_a_class_without_a_schema() -> None:
    class Strange(BaseModel, arbitrary_types_allowed=True):
        thing: np.random.Generator

    with pytest.raises(BadInput, match="Strange has no JSON Schema"):
        sheet_of(Strange, "answer")


# A plain schema: types, names and enums are checked here.

SCHEMA = {
    "type": "object",
    "properties": {
        "text": {"type": "string"},
        "count": {"type": "integer"},
        "share": {"type": "number"},
        "is_new": {"type": "boolean"},
        "day": {"type": "string", "format": "date"},
        "moment": {"type": "string", "format": "date-time"},
        "mood": {"enum": ["good", "bad"]},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/tag"}},
        "who": {"allOf": [{"$ref": "#/$defs/who"}]},
        "maybe": {"type": "string"},
        "one": {"const": 1},
    },
    "required": [
        "text", "count", "share", "is_new", "day", "moment", "mood", "tags", "who", "one",
    ],
    "$defs": {
        "tag": {"enum": ["a", None]},
        "who": {"type": "object", "properties": {"name": {"type": "string"}}},
    },
}  # fmt: skip
GOOD = {
    "text": "a", "count": 1, "share": 2, "is_new": True, "day": "2026-03-04",
    "moment": "2026-03-04T12:00:00+02:00", "mood": "bad", "tags": ["a", None], "who": {}, "one": 1,
}  # fmt: skip


def test_a_plain_schema() -> None:
    sheet = sheet_of(SCHEMA, "answer")
    assert sheet.read(json.dumps({**GOOD, "more": 1})) == [
        "a", 1, 2.0, True, dt.date(2026, 3, 4), dt.datetime(2026, 3, 4, 10, tzinfo=UTC), "bad",
        ["a", None], {"name": None}, None, 1,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"text": 3}, "text: 3 is no text"),
        ({"text": None}, "text: null is no text"),
        ({"count": 1.5}, "count: 1.5 is no whole number"),
        ({"count": True}, "count: true is no whole number"),
        ({"count": 2**63}, f"count: {2**63} is too large for a column of whole numbers"),
        ({"share": "1"}, 'share: "1" is no number'),
        ({"is_new": 1}, "is_new: 1 is no true or false"),
        ({"day": "soon"}, 'day: "soon" is no date'),
        ({"day": 3}, "day: 3 is no date"),
        ({"moment": "0001-01-01T00:00:00+05:00"}, "is no time"),
        ({"mood": "so so"}, 'mood: "so so" is none of "good", "bad"'),
        ({"tags": ["a", "b"]}, 'tags.1: "b" is none of "a", null'),
        ({"tags": "a"}, 'tags: "a" is no list'),
        ({"who": {"name": 1}}, "who.name: 1 is no text"),
        ({"who": []}, "who: [] is no object"),
    ],
)
def test_answers_that_do_not_fit_a_plain_schema(answer: Any, words: str) -> None:
    sheet = sheet_of(SCHEMA, "answer")
    with pytest.raises(Unfit) as caught:
        sheet.read(json.dumps({**GOOD, **answer}))
    assert str(caught.value).endswith(words)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("I think so", "it is no JSON: "),
        ('{"text": "\\ud800"}', "it is no JSON: "),
        ("[]", "[] is no object"),
        ("{}", "text: is missing"),
    ],
)
def test_answers_that_are_something_else(text: str, words: str) -> None:
    with pytest.raises(Unfit) as caught:
        sheet_of(SCHEMA, "answer").read(text)
    assert str(caught.value).startswith(words)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=4,
)
WORDS = st.sampled_from(
    ["type", "properties", "items", "$ref", "anyOf", "allOf", "enum", "const", "format"]
)
PIECES = st.sampled_from(
    ["string", "object", "array", "null", "#", "#/properties/a", "#/$defs/x", "date"]
)
SCHEMAS = st.recursive(
    PIECES | JSON,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(WORDS | st.just("a"), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=100)
@given(st.dictionaries(WORDS, SCHEMAS, max_size=4), JSON)
def test_any_schema_gives_columns_and_any_answer_fits_or_does_not(schema: Any, said: Any) -> None:
    sheet: Sheet = sheet_of(schema, "answer")
    try:
        values = sheet.read(json.dumps(said))
    except Unfit:
        return
    columns = {
        name: Values(kind.dtype, [value, None])
        for (name, kind), value in zip(sheet.kinds.items(), values, strict=True)
    }
    Table.of(pl.DataFrame({"row": [1, 2]})).having(columns)
    Table.of(pa.table({"row": [1, 2]})).having(columns)
