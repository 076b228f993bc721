"""The Responses API (contract 1.15 to 1.19 and 2.5)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from nexhina_nb.wire import (
    ResponseDeleted,
    ResponseEvent,
    ResponseFunctionCall,
    ResponseInputItems,
    ResponseInputMessage,
    ResponseInputTokens,
    ResponseItem,
    ResponseObject,
    ResponseRequest,
)

MESSAGE: dict[str, Any] = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "status": "completed",
    "content": [
        {"type": "output_text", "text": "It is ", "annotations": [], "logprobs": []},
        {"type": "output_text", "text": "four.", "annotations": [{"type": "file_path"}]},
        {"type": "refusal", "refusal": "No."},
        {"type": "hologram", "x": 1},
    ],
}
CALL = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{", "id": "fc_1"}
REASONING = {
    "type": "reasoning",
    "id": "rs_1",
    "summary": [{"type": "summary_text", "text": "Hm."}],
}
SEARCH = {"type": "web_search_call", "id": "ws_1", "status": "completed"}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1_700_000_000,
    "status": "completed",
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "model": "m",
    "output": [REASONING, SEARCH, MESSAGE, CALL],
    "parallel_tool_calls": True,
    "temperature": 1.0,
    "top_p": None,
    "tool_choice": "auto",
    "tools": [],
    "metadata": {},
    "usage": {
        "input_tokens": 3,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 1},
        "total_tokens": 7,
    },
}
ITEMS: list[dict[str, Any]] = [
    {"role": "user", "content": "hi"},
    {
        "type": "message",
        "role": "developer",
        "content": [
            {"type": "input_text", "text": "x"},
            {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"},
            {"type": "input_file", "file_id": "f"},
            {"type": "input_audio", "input_audio": {"data": "A"}},
        ],
    },
    MESSAGE,
    CALL,
    {"type": "function_call_output", "call_id": "c", "output": "4"},
    REASONING,
    {"type": "item_reference", "id": "msg_1"},
]


@pytest.mark.parametrize(
    "fields",
    [
        {"input": "hi"},
        {"input": ITEMS},
        {"instructions": None, "max_output_tokens": 16, "temperature": 0, "top_p": 0.5},
        {"stream": True, "stream_options": {"include_obfuscation": False}},
        {"tools": [{"type": "function", "name": "f", "parameters": {}}, {"type": "web_search"}]},
        {"tool_choice": {"type": "function", "name": "f"}, "max_tool_calls": 1},
        {"reasoning": {"effort": "low", "summary": "auto"}},
        {
            "text": {
                "format": {"type": "json_schema", "name": "n", "schema": {}},
                "verbosity": "low",
            }
        },
        {"text": {"format": {"type": "text"}}},
        {"previous_response_id": "resp_1", "truncation": "auto", "store": False},
        {"conversation": {"id": "conv_1"}},
        {"include": ["reasoning.encrypted_content"], "vendor": [1]},
    ],
)
def test_requests_go_through_unchanged(fields: dict[str, Any]) -> None:
    body = {"model": "m", "input": "x"} | fields
    assert ResponseRequest.model_validate(body).dump() == body


@pytest.mark.parametrize(
    "fields",
    [
        {"input": 5},
        {"input": [{"role": "tool", "content": "x"}]},
        {"input": [{"role": "user", "content": [{"type": "input_image"}]}]},
        {"input": [{"type": "function_call_output", "output": "x"}]},
        {"input": [{"content": "x"}]},
        {"max_output_tokens": 15},
        {"max_output_tokens": 2**30},
        {"stream_options": {}},
        {"tools": [{"type": "function"}]},
        {"text": {"format": {"type": "json_schema", "schema": {}}}},
        {"text": {"format": {"type": "json_schema", "name": "n"}}},
        {"previous_response_id": "r", "conversation": "c"},
        {"truncation": "some"},
        {"top_logprobs": 21},
    ],
)
def test_requests_that_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ResponseRequest.model_validate({"model": "m", "input": "x"} | fields)


def test_items_have_types() -> None:
    request = ResponseRequest.model_validate({"model": "m", "input": ITEMS})
    assert isinstance(request.input[0], ResponseInputMessage)
    assert isinstance(request.input[3], ResponseFunctionCall)
    assert isinstance(request.input[6], ResponseItem)


def test_a_response_goes_through_unchanged() -> None:
    response = ResponseObject.model_validate(RESPONSE)
    assert response.dump() == RESPONSE
    assert response.output_text == "It is four."
    for field in ("error", "incomplete_details", "tools"):
        with pytest.raises(ValidationError):
            ResponseObject.model_validate({k: v for k, v in RESPONSE.items() if k != field})


def test_an_incomplete_response() -> None:
    body = RESPONSE | {
        "status": "incomplete",
        "error": {"code": "server_error", "message": "x"},
        "incomplete_details": {"reason": "max_output_tokens"},
        "output": [],
        "usage": None,
    }
    response = ResponseObject.model_validate(body)
    assert response.dump() == body
    assert response.output_text == ""


@pytest.mark.parametrize(
    ("event", "last"),
    [
        ({"type": "response.created", "sequence_number": 0, "response": RESPONSE}, False),
        ({"type": "response.output_item.added", "sequence_number": 1, "item": CALL}, False),
        (
            {
                "type": "response.output_text.delta",
                "sequence_number": 2,
                "item_id": "msg_1",
                "output_index": 0,
                "content_index": 0,
                "delta": "It",
                "logprobs": [],
            },
            False,
        ),
        ({"type": "response.completed", "sequence_number": 3, "response": RESPONSE}, True),
        ({"type": "error", "sequence_number": 4, "code": "c", "message": "m", "param": None}, True),
    ],
)
def test_events(event: dict[str, Any], last: bool) -> None:
    read = ResponseEvent.model_validate(event)
    assert read.dump() == event
    assert read.is_last is last


def test_small_answers() -> None:
    assert ResponseDeleted(id="r", deleted=True).dump() == {
        "id": "r",
        "object": "response",
        "deleted": True,
    }
    assert ResponseInputTokens(input_tokens=3).dump() == {
        "object": "response.input_tokens",
        "input_tokens": 3,
    }
    assert ResponseInputItems(data=[{"id": "a"}], has_more=False).dump()["object"] == "list"
