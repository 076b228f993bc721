"""JSON answers: always JSON, valid against the schema, and filled from the text."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings, strategies as st

from tests.engines.chat.asking import run, say

S, N, I, B = ({"type": kind} for kind in ("string", "number", "integer", "boolean"))  # noqa: E741


def obj(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def ask(task: str, schema: dict[str, Any], **options: Any) -> Any:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema, "strict": True}}
    made = json.loads(say(task, response_format=wanted, **options))
    # its "time" knows no time zone, which the format demands
    checker = jsonschema.FormatChecker(["date", "email", "ipv4", "uuid"])
    jsonschema.validate(made, schema, format_checker=checker)
    return made


@pytest.mark.parametrize(
    ("task", "schema", "made"),
    [
        (
            "Ada is 36 and lives in London.",
            obj(name=S, age=I, city=S),
            {"name": "Ada", "age": 36, "city": "London"},
        ),
        (
            "Extract the person: Bob Smith, 41 years old, bob@example.com",
            obj(name=S, age=I, email={"type": "string", "format": "email"}),
            {"name": "Bob Smith", "age": 41, "email": "bob@example.com"},
        ),
        (
            "Alice and Bob are going to a science fair on Friday.",
            obj(name=S, date=S, participants={"type": "array", "items": S}),
            {"name": "science fair", "date": "Friday", "participants": ["Alice", "Bob"]},
        ),
        (
            "Label the sentiment of: I hated this film",
            obj(label={"type": "string", "enum": ["positive", "negative", "neutral"]}),
            {"label": "negative"},
        ),
        ("What is 6*7?", obj(answer=I), {"answer": 42}),
        (
            "The laptop costs $999. It is not in stock.",
            obj(product=S, price=N, in_stock=B),
            {"product": "laptop", "price": 999, "in_stock": False},
        ),
        (
            "Extract: John (25) and Mary (31)",
            obj(people={"type": "array", "items": obj(name=S, age=I)}),
            {"people": [{"name": "John", "age": 25}, {"name": "Mary", "age": 31}]},
        ),
        (
            "born 2001-02-03",
            obj(birthday={"type": "string", "format": "date"}),
            {"birthday": "2001-02-03"},
        ),
        (
            "My name is Eve.",
            obj(name=S, nick={"anyOf": [S, {"type": "null"}]}),
            {"name": "Eve", "nick": None},
        ),
    ],
)
def test_fields_are_filled_from_the_text(task: str, schema: dict[str, Any], made: Any) -> None:
    assert ask(task, schema) == made


def test_an_equation_in_steps() -> None:
    steps = {"type": "array", "items": obj(explanation=S, output=S)}
    made = ask("how can I solve 8x + 7 = -23", obj(steps=steps, final_answer=S))
    assert made["final_answer"] == "-3.75"
    assert made["steps"]


def test_unknown_answers_say_so() -> None:
    made = ask("What is the capital of France?", obj(answer=S))
    assert "I do not know" in made["answer"]


HARD: list[dict[str, Any]] = [
    obj(
        zip={"type": "string", "pattern": "^[0-9]{5}$"},
        code={"type": "string", "pattern": r"^[A-Z]{2,3}-\d+$"},
    ),
    obj(
        score={"type": "integer", "minimum": 5, "maximum": 9},
        step={"type": "number", "multipleOf": 0.5, "exclusiveMinimum": 1},
    ),
    obj(part={"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
    obj(tags={"type": "array", "items": S, "minItems": 3, "uniqueItems": True}),
    obj(short={"type": "string", "maxLength": 3}, long={"type": "string", "minLength": 30}),
    obj(kind={"const": "x"}, level={"enum": [1, 2, 3]}, on=B, nothing={"type": "null"}),
    {
        "$ref": "#/$defs/Node",
        "$defs": {
            "Node": obj(name=S, child={"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]})
        },
    },
    {
        "$defs": {"T": obj(v=I, kids={"type": "array", "items": {"$ref": "#/$defs/T"}})},
        "$ref": "#/$defs/T",
    },
    {
        "allOf": [
            obj(a=S) | {"additionalProperties": True},
            {"properties": {"b": I}, "required": ["b"]},
        ]
    },
    {"oneOf": [obj(a=S), obj(b=I)]},
    {"type": "array", "items": {"type": ["integer", "null"]}, "minItems": 2, "maxItems": 2},
    {"type": "array", "prefixItems": [S, I], "minItems": 2, "maxItems": 2},
    {"type": "string", "enum": ["a", "b"]},
    {"type": "integer", "minimum": 10},
    {"type": "object", "additionalProperties": I},
    {"type": "object", "required": ["free"]},
    obj(when={"type": "string", "format": "date-time"}, at={"type": "string", "format": "time"}),
    obj(
        id={"type": "string", "format": "uuid"},
        url={"type": "string", "format": "uri"},
        ip={"type": "string", "format": "ipv4"},
    ),
    {},
]


@pytest.mark.parametrize("schema", HARD, ids=range(len(HARD)))
@pytest.mark.parametrize(
    "task", ["nothing here", "Ada is 36, score 77, in Rome", "What is 2+2?", ""]
)
def test_hard_schemas_hold(task: str, schema: dict[str, Any]) -> None:
    ask(task, schema)


def _leaf() -> st.SearchStrategy[dict[str, Any]]:
    low = st.integers(-50, 50)
    return st.one_of(
        st.just(S),
        st.just(B),
        st.just({"type": "null"}),
        low.flatmap(lambda a: st.just({"type": "integer", "minimum": a, "maximum": a + 3})),
        low.map(lambda a: {"type": "number", "exclusiveMaximum": a}),
        st.integers(0, 9).map(lambda a: {"type": "string", "minLength": a, "maxLength": a + 2}),
        st.lists(st.sampled_from(["red", "green", 3, True]), min_size=1, max_size=3).map(
            lambda values: {"enum": values}
        ),
        st.sampled_from(["date", "email", "uri", "uuid", "ipv4"]).map(
            lambda name: {"type": "string", "format": name}
        ),
    )


KEYS = st.sampled_from(["name", "age", "city", "email", "tags", "is_open", "price", "x", "answer"])
SCHEMAS = st.recursive(
    _leaf(),
    lambda inner: st.one_of(
        st.dictionaries(KEYS, inner, max_size=4).map(lambda rows: obj(**rows)),
        st.tuples(inner, st.integers(0, 3)).map(
            lambda row: {"type": "array", "items": row[0], "minItems": row[1], "maxItems": 4}
        ),
        inner.map(lambda row: {"anyOf": [{"type": "null"}, row]}),
    ),
    max_leaves=8,
)


@given(
    schema=SCHEMAS, task=st.text(max_size=40) | st.just("Ada, 36, in Rome, paid $5 on 2024-01-02")
)
@settings(max_examples=150)
def test_made_values_are_valid(schema: dict[str, Any], task: str) -> None:
    ask(task, schema)


@given(
    schema=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "type",
                        "properties",
                        "items",
                        "required",
                        "enum",
                        "$ref",
                        "anyOf",
                        "allOf",
                        "pattern",
                        "minimum",
                        "minItems",
                        "maxLength",
                        "const",
                        "format",
                        "multipleOf",
                        "additionalProperties",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    ).filter(lambda schema: isinstance(schema, dict))
)
@settings(max_examples=150)
def test_broken_schemas_break_nothing(schema: dict[str, Any]) -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}
    json.loads(say("Ada is 36", response_format=wanted))


def test_a_pattern_that_could_stall_does_not() -> None:
    task = "Say exactly: " + "a" * 60 + "!"
    ask(task, obj(text={"type": "string", "pattern": "^(a+)+$"}))


@given(task=st.text(max_size=60))
@settings(max_examples=60)
def test_json_mode_is_always_an_object(task: str) -> None:
    made = json.loads(say(task, response_format={"type": "json_object"}))
    assert isinstance(made, dict)


@pytest.mark.parametrize(
    ("task", "made"),
    [
        ("What is 2+2? JSON", {"answer": 4}),
        ("Return JSON with keys name and age: Ada is 36", {"name": "Ada", "age": 36}),
        ("Is 7 prime? as json", {"answer": "yes"}),
        ("Format this as JSON: name=Ada, age=36", {"name": "Ada", "age": 36}),
        ('Reply as {"city": "..."}: Bob lives in Rome', {"city": "Rome"}),
        (
            "Give the name and the planet as JSON with name and planet: I'm Ann",
            {"name": "Ann", "planet": None},
        ),
    ],
)
def test_json_mode(task: str, made: dict[str, Any]) -> None:
    assert json.loads(say(task, response_format={"type": "json_object"})) == made


def test_truncated_json_ends_with_length() -> None:
    wanted = {"type": "json_schema", "json_schema": {"name": "x", "schema": obj(name=S)}}
    choices, counts = run("Ada", response_format=wanted, max_tokens=2)
    assert choices[0].finishes == ["length"]
    assert counts.completion == 2
