"""What all forms share: keeping what is unknown, writing only what was set, reading leniently."""

from __future__ import annotations

import copy
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from nexhina_nb.errors import Upstream
from nexhina_nb.wire import (
    Channel,
    ChatCompletionRequest,
    ChatCompletionResponse,
    EmbeddingResponse,
    Model,
    ModelList,
    RerankResponse,
    Token,
    TokenUsage,
    ToolCall,
    Usage,
    VideoGenerationResponse,
)
from tests.wire.samples import JSON, KEYS, REPLY, REQUEST


def test_absent_null_and_zero_stay_different() -> None:
    for body in (REQUEST, REQUEST | {"temperature": None}, REQUEST | {"temperature": 0}):
        request = ChatCompletionRequest.model_validate(body)
        assert request.dump() == body
        assert orjson.loads(request.to_json()) == body


@given(st.dictionaries(KEYS, JSON, max_size=4), st.dictionaries(KEYS, JSON, max_size=4))
def test_unknown_fields_survive(outer: dict[str, Any], inner: dict[str, Any]) -> None:
    body = copy.deepcopy(REQUEST) | {f"x_{name}": value for name, value in outer.items()}
    body["messages"][0] |= {f"x_{name}": value for name, value in inner.items()}
    request = ChatCompletionRequest.model_validate(body)
    assert request.dump() == body
    assert orjson.loads(request.to_json()) == body


@given(st.dictionaries(KEYS, JSON, max_size=4))
def test_unknown_fields_of_replies_survive(extra: dict[str, Any]) -> None:
    body = REPLY | {f"x_{name}": value for name, value in extra.items()}
    assert ChatCompletionResponse.read(body).dump() == body


def test_constants_are_written_although_nobody_set_them() -> None:
    assert ModelList(data=[Model(id="m", created=1, owned_by="o")]).dump() == {
        "object": "list",
        "data": [{"id": "m", "object": "model", "created": 1, "owned_by": "o"}],
    }
    assert b'"object":"model"' in Model(id="m", created=1, owned_by="o").to_json()
    assert ToolCall.model_construct(id="c").dump() == {"id": "c", "type": "function"}


def test_the_constant_of_a_reply_must_be_right() -> None:
    with pytest.raises(ValidationError):
        Model.model_validate({"id": "m", "object": "list", "created": 1, "owned_by": "o"})


def test_only_what_was_set_is_shown() -> None:
    usage = Usage.model_validate({"prompt_tokens": 3, "vendor": 1})
    assert repr(usage) == "Usage(prompt_tokens=3, vendor=1)"


def test_keys_are_not_shown() -> None:
    for model in (Token(id=1, key="abc"), Channel(id=1, key="abc")):
        assert "abc" not in repr(model)
        assert "abc" not in str(model)


def test_names_and_aliases_are_both_understood() -> None:
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "object"}}}
    request = ChatCompletionRequest.model_validate(REQUEST | {"response_format": form})
    assert request.response_format is not None
    assert request.response_format.json_schema is not None
    assert request.response_format.json_schema.schema_ == {"type": "object"}
    assert request.dump()["response_format"] == form


def test_group_is_written_and_groups_is_read() -> None:
    assert Channel.model_validate({"groups": "a,b"}).dump() == {"group": "a,b"}
    assert Channel.model_validate({"group": "a,b"}).group == "a,b"
    assert Channel(group="vip").dump() == {"group": "vip"}


def test_read_takes_what_a_sloppy_server_sends() -> None:
    body = {
        "created": "today",
        "choices": [{"message": {"content": None}, "x": 1}, "junk"],
        "usage": {"prompt_tokens": None},
        "y": 2,
    }
    reply = ChatCompletionResponse.read(body)
    assert (reply.id, reply.model) == ("", "")
    assert reply.created == "today"  # type: ignore[comparison-overlap]  # it stays what it was
    choice = reply.choices[0]
    assert (choice.index, choice.finish_reason, choice.message.text) == (0, None, "")
    assert reply.usage is not None
    assert reply.usage.total_tokens == 0
    assert reply.dump() == {
        "object": "chat.completion",
        "created": "today",
        "choices": [{"message": {"role": "assistant", "content": None}, "x": 1}, "junk"],
        "usage": {"prompt_tokens": None},
        "y": 2,
    }


def test_read_gives_missing_objects_and_lists_empty() -> None:
    reply = EmbeddingResponse.read({})
    assert reply.data == []
    assert reply.usage.prompt_tokens == 0
    assert TokenUsage.read({}).model_limits == {}
    assert VideoGenerationResponse.read({}).status is None
    assert RerankResponse.read({"results": None}).dump() == {"results": None}


def test_read_converts_what_is_harmless() -> None:
    assert Usage.read({"prompt_tokens": 3.0}).prompt_tokens == 3


@pytest.mark.parametrize("junk", [None, [], "text", 5])
def test_read_refuses_what_is_no_object(junk: object) -> None:
    with pytest.raises(Upstream) as caught:
        ChatCompletionResponse.read(junk)
    assert caught.value.code == "bad_response_body"


ODD = st.sampled_from([None, "", "x", -1, True, 0.5, [], [None], {}, {"x": 1}, [{"index": "x"}]])
ODD_CHOICE = st.dictionaries(st.sampled_from(["index", "message", "logprobs", "x"]), ODD)
ODD_FIELDS = st.sampled_from([*REPLY, "_fields_set", "cls", "self"])


@given(st.dictionaries(ODD_FIELDS, ODD | ODD_CHOICE | st.lists(ODD_CHOICE, max_size=2)))
def test_read_never_fails_on_an_object(body: dict[str, Any]) -> None:
    reply = ChatCompletionResponse.read(body)
    assert orjson.loads(reply.to_json()) == reply.dump()
    assert reply.dump().keys() == {"object", *body}
