from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import BaseModel

from nexhina_nb.client.cost import Cost
from nexhina_nb.client.replies import ChatReply, Form, read_chat
from nexhina_nb.errors import Upstream
from nexhina_nb.wire import ChatCompletionResponse
from tests.client.flows import TARGET, answer
from tests.client.mock_server import chat_body


class City(BaseModel):
    name: str
    people: int


def read(body: Any, form: Form | None = None, **headers: str) -> ChatReply:
    raw = ChatCompletionResponse.read(body)
    return read_chat(TARGET, answer(body, **headers), raw, form or Form())


def message(**parts: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant"} | parts, "finish_reason": "stop"}
    return chat_body(choices=[choice])


def test_the_facts_of_an_answer() -> None:
    reply = read(chat_body("Hello"), x_nexhina_quota="7", x_oneapi_request_id="r1")
    assert reply.text == str(reply) == "Hello"
    assert (reply.model, reply.finish_reason, reply.truncated) == ("gpt-4o", "stop", False)
    assert reply.usage is not None
    assert reply.usage.total_tokens == 15
    assert (reply.cost.quota, reply.cost.source) == (7, "gateway")
    assert reply.request_id == "r1"
    assert reply.raw.id == "chatcmpl-1"
    assert reply.tool_calls == []
    assert reply.parsed is None
    assert repr(reply) == "<ChatReply 'Hello', gpt-4o, stop>"


def test_several_choices() -> None:
    choices = chat_body("a")["choices"] + chat_body("b")["choices"]
    assert read(chat_body(choices=choices)).texts == ["a", "b"]


def test_cut_off() -> None:
    body = chat_body()
    body["choices"][0]["finish_reason"] = "length"
    assert read(body).truncated


def test_tool_calls_without_text() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a":"```"}'}}
    reply = read(message(content=None, tool_calls=[call]))
    assert reply.text == ""
    assert reply.tool_calls[0].function is not None
    assert reply.tool_calls[0].function.name == "f"
    data, _ = reply._repr_mimebundle_()
    assert data["text/markdown"] == '``````\nf({"a":"```"})\n``````'
    assert "1 tool calls" in repr(reply)


def test_refusals_reasoning_and_parts() -> None:
    assert read(message(content=None, refusal="no")).text == "no"
    assert read(message(content="x", reasoning_content="because")).reasoning == "because"
    assert read(message(content="x", reasoning="so")).reasoning == "so"
    assert read(message(content="x")).reasoning == ""
    assert read(message(content=[{"type": "text", "text": "in parts"}])).text == "in parts"


def test_what_is_shown_is_text_and_the_volatile_is_metadata() -> None:
    body = chat_body("**bold** <img src=x onerror=alert(1)> \x1b[31mred")
    data, metadata = read(body, x_oneapi_request_id="r1")._repr_mimebundle_()
    assert set(data) == {"text/markdown", "text/plain"}
    assert data["text/markdown"] == body["choices"][0]["message"]["content"]
    assert "\x1b" not in data["text/plain"]
    facts = metadata["nexhina"]
    assert facts["request_id"] == "r1"
    assert facts["usage"]["total_tokens"] == 15
    json.dumps(metadata)
    for volatile in ("r1", "gpt-4o", "chatcmpl-1"):
        assert volatile not in json.dumps(data)


def test_parsed_by_a_model_class() -> None:
    reply = read(chat_body('{"name": "Kyoto", "people": 1460000}'), Form(City))
    assert reply.parsed == City(name="Kyoto", people=1_460_000)
    assert reply.parsed is reply.parsed


def test_parsed_as_plain_data() -> None:
    assert read(chat_body('{"a": [1]}'), Form(None, True)).parsed == {"a": [1]}
    assert read(chat_body('{"a": [1]}'), Form({"type": "object"})).parsed == {"a": [1]}


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "does not fit"), ('{"name": "x"}', "people"), ("[" * 5000, "does not fit")],
)
def test_what_does_not_fit_keeps_the_text(text: str, words: str) -> None:
    reply = read(chat_body(text), Form(City))
    with pytest.raises(Upstream, match=words) as caught:
        _ = reply.parsed
    assert caught.value.body == reply.text == text
    with pytest.raises(Upstream, match="does not fit"):
        _ = read(chat_body("[" * 100_000), Form(None, True)).parsed


def test_what_was_cut_off_says_so() -> None:
    body = chat_body('{"name": "Ky')
    body["choices"][0]["finish_reason"] = "length"
    with pytest.raises(Upstream, match="raise max_tokens"):
        _ = read(body, Form(City)).parsed


@pytest.mark.parametrize("choices", [[], None, "x", [3], [{}, 3], {"index": 0}])
def test_an_answer_without_choices_is_none(choices: object) -> None:
    with pytest.raises(Upstream, match="no choices"):
        read(chat_body(choices=choices))


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
FIELDS = ("id", "created", "model", "usage", "choices")
INNER = ("index", "message", "finish_reason", "logprobs")
MESSAGE = ("role", "content", "tool_calls", "refusal", "reasoning_content", "annotations")


@given(st.data())
def test_junk_is_an_answer_or_a_typed_error(data: st.DataObject) -> None:
    body = chat_body()
    where: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        (body, FIELDS),
        (body["choices"][0], INNER),
        (body["choices"][0]["message"], MESSAGE),
    ]
    for holder, names in where:
        holder[data.draw(st.sampled_from(names))] = data.draw(JUNK)
    try:
        reply = read(body)
    except Upstream:
        return
    shown, metadata = reply._repr_mimebundle_()
    assert all(isinstance(text, str) for text in shown.values())
    json.dumps(metadata)
    assert isinstance(repr(reply) + reply.text + reply.reasoning + reply.model, str)
    assert reply.texts[0] == reply.text
    assert reply.tool_calls is not None
    assert isinstance(reply.cost, Cost)
    assert reply.truncated in (True, False)
