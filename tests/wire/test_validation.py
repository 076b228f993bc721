"""What is wrong with a request is said in one sentence about one field."""

from __future__ import annotations

import time
from typing import Any

import orjson
import pytest
from hypothesis import example, given, strategies as st
from pydantic import BaseModel, ValidationError

from nexhina_nb.errors import BadRequest
from nexhina_nb.wire import ChatCompletionRequest, EmbeddingRequest, RerankRequest, ResponseRequest
from nexhina_nb.wire.body import DEEPEST, parse_json
from nexhina_nb.wire.validation import from_validation
from tests.wire.samples import JSON, LETTERS, REQUEST

MISSING, TYPE, VALUE = "missing_required_parameter", "invalid_type", "invalid_value"


def fault(model: type[BaseModel], body: Any) -> BadRequest:
    with pytest.raises(ValidationError) as caught:
        model.model_validate(body)
    return from_validation(caught.value)


def message(**fields: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "x"}, {"role": "user", **fields}]}


CASES: list[tuple[dict[str, Any], str, str, str]] = [
    ({"model": ...}, MISSING, "model", "'model' is required"),
    ({"messages": ...}, MISSING, "messages", "'messages' is required"),
    ({"messages": []}, VALUE, "messages", "'messages' must have at least one message"),
    ({"messages": "hi"}, TYPE, "messages", "'messages' must be an array, not a string"),
    ({"messages": ["hi"]}, TYPE, "messages.0", "'messages.0' must be an object, not a string"),
    ({"model": 5}, TYPE, "model", "'model' must be a string, not a number"),
    ({"model": ""}, VALUE, "model", "'model' must have at least 1 character"),
    (
        {"temperature": 2.5},
        VALUE,
        "temperature",
        "'temperature' must be less than or equal to 2, not 2.5",
    ),
    ({"temperature": "1"}, TYPE, "temperature", "'temperature' must be a number, not a string"),
    ({"temperature": True}, TYPE, "temperature", "'temperature' must be a number, not a boolean"),
    ({"temperature": float("nan")}, VALUE, "temperature", "'temperature' must be a finite number"),
    ({"n": "1"}, TYPE, "n", "'n' must be an integer, not a string"),
    ({"n": 1.0}, TYPE, "n", "'n' must be an integer, not 1.0"),
    ({"n": 0}, VALUE, "n", "'n' must be greater than or equal to 1, not 0"),
    ({"stream": 1}, TYPE, "stream", "'stream' must be a boolean, not a number"),
    ({"stop": list("abcde")}, VALUE, "stop", "'stop' must have at most 4 items, not 5"),
    ({"stop": ["a", 5]}, TYPE, "stop.1", "'stop.1' must be a string, not a number"),
    ({"stop": 5}, TYPE, "stop", "'stop' must be a string or an array of strings, not a number"),
    (
        {"tool_choice": "some"},
        VALUE,
        "tool_choice",
        "'tool_choice' must be 'none', 'auto' or 'required'",
    ),
    (
        {"tool_choice": {"type": "function"}},
        MISSING,
        "tool_choice.function",
        "'tool_choice.function' is required when type is 'function'",
    ),
    ({"stream_options": {}}, VALUE, "stream_options", "'stream_options' must go with stream: true"),
    ({"top_logprobs": 3}, VALUE, "top_logprobs", "'top_logprobs' must go with logprobs: true"),
    (
        {"modalities": ["audio"]},
        MISSING,
        "audio",
        "'audio' is required when modalities has 'audio'",
    ),
    (
        {"response_format": {"type": "json_schema"}},
        MISSING,
        "response_format.json_schema",
        "'response_format.json_schema' is required when type is 'json_schema'",
    ),
    (
        {"logit_bias": {"50256": 101}},
        VALUE,
        "logit_bias.50256",
        "'logit_bias.50256' must be less than or equal to 100, not 101",
    ),
    ({"logit_bias": {5: 1}}, TYPE, "logit_bias.5", "'logit_bias.5' must be a string, not a number"),
    (
        {"metadata": {str(i): "" for i in range(17)}},
        VALUE,
        "metadata",
        "'metadata' must have at most 16 items",
    ),
    ({"seed": 10**5000}, VALUE, "seed", "'seed' must be less than or equal to 9223372036854775807"),
    (
        {"tools": [{"type": "function", "function": {"name": "a b"}}]},
        VALUE,
        "tools.0.function.name",
        "'tools.0.function.name' must match pattern '^[A-Za-z0-9_-]+$'",
    ),
    (
        {"tools": [{"type": "function"}]},
        MISSING,
        "tools.0.function",
        "'tools.0.function' is required when type is 'function'",
    ),
    (
        message(content=5),
        TYPE,
        "messages.1.content",
        "'messages.1.content' must be a string or an array of parts, not a number",
    ),
    (
        message(content=[{}]),
        MISSING,
        "messages.1.content.0.type",
        "'messages.1.content.0.type' is required",
    ),
    (
        message(content=[7]),
        TYPE,
        "messages.1.content.0",
        "'messages.1.content.0' must be an object, not a number",
    ),
    (
        message(content=[{"type": "text"}]),
        MISSING,
        "messages.1.content.0.text",
        "'messages.1.content.0.text' is required",
    ),
    (
        message(content=[{"type": "image_url", "image_url": {}}]),
        MISSING,
        "messages.1.content.0.image_url.url",
        "'messages.1.content.0.image_url.url' is required",
    ),
    (
        message(content=[{"type": "image_url", "image_url": None}]),
        TYPE,
        "messages.1.content.0.image_url",
        "'messages.1.content.0.image_url' must be a URL or an object with 'url', not null",
    ),
    (
        message(),
        MISSING,
        "messages.1.content",
        "'messages.1.content' is required unless the assistant calls tools",
    ),
    (
        message(role="tool", content="x"),
        MISSING,
        "messages.1.tool_call_id",
        "'messages.1.tool_call_id' is required when role is 'tool'",
    ),
]


@pytest.mark.parametrize(("change", "code", "param", "sentence"), CASES)
def test_chat(change: dict[str, Any], code: str, param: str, sentence: str) -> None:
    body = {name: value for name, value in (REQUEST | change).items() if value is not ...}
    error = fault(ChatCompletionRequest, body)
    assert (error.code, error.param, error.message) == (code, param, sentence)
    assert (error.status_code, error.type) == (400, "invalid_request_error")


def test_what_is_no_object() -> None:
    error = fault(ChatCompletionRequest, "hello")
    assert (error.code, error.param) == (TYPE, None)
    assert error.message == "the body must be an object, not a string"


def test_items_of_responses() -> None:
    body = {"model": "m", "input": [{"role": "user", "content": [{"type": "input_image"}]}]}
    assert fault(ResponseRequest, body).param == "input.0.content.0.image_url"


@pytest.mark.parametrize("value", [(), set(), object(), 1.5, {"a": 1}])
def test_values_that_are_no_json_have_names_too(value: object) -> None:
    assert fault(ChatCompletionRequest, REQUEST | {"n": value}).code == TYPE


@given(
    JSON, st.sampled_from([ChatCompletionRequest, EmbeddingRequest, RerankRequest, ResponseRequest])
)
def test_any_value_is_fine_or_gives_a_sentence(value: Any, model: type[BaseModel]) -> None:
    for name in model.model_fields:
        body = {**REQUEST, "input": "x", "query": "q", "documents": ["d"], name: value}
        try:
            model.model_validate(body)
        except ValidationError as error:
            told = from_validation(error)
            assert told.param is not None
            assert told.param.split(".")[0] == name or told.code == VALUE or told.code == MISSING
            assert "~" not in told.param or "~" in repr(value)
            assert told.code in (MISSING, TYPE, VALUE)


def test_a_million_wrong_things_are_refused_at_once() -> None:
    many = [0] * 1_000_000
    began = time.process_time()
    for body in (
        REQUEST | {"messages": many},
        REQUEST | {"messages": [{"role": "user", "content": many}]},
    ):
        assert fault(ChatCompletionRequest, body).code == TYPE
    assert (
        fault(EmbeddingRequest, {"model": "m", "input": [*many[:9], "x", *many]}).param == "input.9"
    )
    assert time.process_time() - began < 0.5


def nested(levels: int, opening: bytes = b'{"a":', closing: bytes = b"}") -> bytes:
    return b'{"a":' + opening * (levels - 1) + b"1" + closing * (levels - 1) + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  ",
        b"{",
        b'{"a": NaN}',
        b'{"a": 1e999}',
        b'{"a": "\xff"}',
        b'{"a": "\\ud800"}',
        b"[1]",
        b'"text"',
        b"null",
        b"1",
        b'{"a":1}x',
        nested(DEEPEST + 1),
        nested(DEEPEST + 1, b"[", b"]"),
        nested(5_000),
        nested(1_000_000),
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_json_object(body: bytes) -> None:
    with pytest.raises(BadRequest) as caught:
        parse_json(body)
    assert (caught.value.code, caught.value.param) == ("invalid_json", None)
    assert len(caught.value.message) < 100


def test_sentences_about_json() -> None:
    for body, words in (
        (b'{"a":\n x}', "line 2, column 2"),
        (b" ", "it is empty"),
        (b"[]", "not an array"),
        (nested(2000), "levels deep"),
    ):
        with pytest.raises(BadRequest, match=words):
            parse_json(body)


def test_depth_is_depth_and_not_breadth() -> None:
    assert parse_json(nested(DEEPEST))
    wide: dict[str, Any] = {"rows": [[{"x": []}]] * 1000}
    assert parse_json(orjson.dumps(wide)) == wide


@given(st.binary() | st.text().map(lambda text: text.encode("utf-8", "surrogatepass")))
@example(b'{"a":[{}]}')
def test_no_bytes_make_parsing_fail_otherwise(body: bytes) -> None:
    try:
        value = parse_json(body)
    except BadRequest as error:
        value = {"refused": error.code}
    assert isinstance(value, dict)
    assert value.get("refused", "invalid_json") == "invalid_json"


@given(st.dictionaries(st.text(LETTERS), JSON))
def test_what_is_json_is_read_and_can_be_written(body: dict[str, Any]) -> None:
    assert parse_json(orjson.dumps(body)) == body


def test_the_deepest_that_is_read_can_be_written() -> None:
    deep = parse_json(nested(DEEPEST))
    request = ChatCompletionRequest.model_validate(REQUEST | {"x": deep["a"]})
    assert orjson.loads(request.to_json()) == request.dump()
    assert orjson.dumps(request.dump())
