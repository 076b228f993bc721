"""Chat requests, replies and chunks (contract 1.10 and 1.12 to 1.14)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from nexhina_nb.wire import (
    ChatCompletionChunk,
    ChatCompletionRequest,
    ChatCompletionResponse,
    ChatRequest,
    Usage,
)
from tests.wire.samples import REPLY, REQUEST

TOOL = {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}
SCHEMA = {"name": "n", "schema": {"type": "object"}, "strict": True}


def test_one_form_has_two_names() -> None:
    assert ChatRequest is ChatCompletionRequest


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": 0, "top_p": 1.0, "n": 128, "seed": -5, "max_tokens": 0},
        {"temperature": 2, "presence_penalty": -2, "frequency_penalty": 2.0},
        {"stream": True, "stream_options": {"include_usage": True, "include_obfuscation": False}},
        {"stream": False, "stop": "end"},
        {"stop": ["a", "b", "c", "d"]},
        {"stop": None, "n": None, "tools": None, "temperature": None, "stream": None},
        {"max_completion_tokens": 1_073_741_823},
        {"logit_bias": {"50256": -100, "1": 0.5}},
        {"tools": [TOOL] * 128, "tool_choice": "auto", "parallel_tool_calls": False},
        {"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "f"}}},
        {"tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}}},
        {"response_format": {"type": "json_object"}},
        {"response_format": {"type": "json_schema", "json_schema": SCHEMA}},
        {"reasoning_effort": "minimal", "verbosity": "low", "service_tier": "flex"},
        {"modalities": ["text", "audio"], "audio": {"voice": "alloy", "format": "pcm16"}},
        {"logprobs": True, "top_logprobs": 20},
        {"prediction": {"type": "content", "content": "x"}},
        {"web_search_options": {"search_context_size": "high", "user_location": {}}},
        {"metadata": {str(i): "x" for i in range(16)}, "store": False},
        {"functions": [{"name": "f"}], "function_call": {"name": "f"}},
        {"functions": [{"name": "f"}], "function_call": "none"},
        {"messages": [], "prefix": "def f(", "suffix": ")"},
        {"thinking": {"type": "enabled"}, "top_k": 5, "extra_body": {"x": 1}, "reasoning": None},
        {"user": "u", "safety_identifier": "s", "prompt_cache_key": "k"},
    ],
)
def test_what_is_allowed_goes_through_unchanged(fields: dict[str, Any]) -> None:
    body = REQUEST | fields
    assert ChatCompletionRequest.model_validate(body).dump() == body


@pytest.mark.parametrize(
    "fields",
    [
        {"temperature": -0.1},
        {"top_p": 1.1},
        {"n": 129},
        {"n": False},
        {"max_tokens": -1},
        {"max_tokens": 1_073_741_824},
        {"max_completion_tokens": "5"},
        {"presence_penalty": 2.1},
        {"frequency_penalty": -2.1},
        {"logit_bias": {"1": -101}},
        {"logit_bias": [1]},
        {"stream": "true"},
        {"stream_options": {"include_usage": True}},
        {"stream": False, "stream_options": {"include_usage": True}},
        {"stream": True, "stream_options": {"include_usage": 1}},
        {"tools": [TOOL] * 129},
        {"tools": [{"function": {"name": "f"}}]},
        {"tools": [{"type": "function", "function": {"name": "f" * 65}}]},
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": "{}"}}]},
        {"tool_choice": "f"},
        {"tool_choice": {"type": "function"}},
        {"response_format": {"type": "xml"}},
        {"response_format": {"type": "json_schema"}},
        {"response_format": {"type": "json_schema", "json_schema": SCHEMA | {"name": "n" * 65}}},
        {"seed": 2**63},
        {"seed": 1.5},
        {"modalities": ["video"]},
        {"modalities": ["audio"]},
        {"logprobs": True, "top_logprobs": 21},
        {"top_logprobs": 0},
        {"verbosity": "loud"},
        {"service_tier": "gold"},
        {"web_search_options": {"search_context_size": "huge"}},
        {"function_call": 5},
        {"messages": [], "suffix": ""},
        {"user": 5},
    ],
)
def test_what_is_not_allowed(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChatCompletionRequest.model_validate(REQUEST | fields)


def test_shortcuts() -> None:
    request = ChatCompletionRequest.model_validate(REQUEST)
    assert (request.stops, request.wants_usage) == ([], False)
    for stop, stops in (("a", ["a"]), (["a", "b"], ["a", "b"]), ("", [""])):
        assert ChatCompletionRequest.model_validate(REQUEST | {"stop": stop}).stops == stops
    options = {"stream": True, "stream_options": {"include_usage": True}}
    assert ChatCompletionRequest.model_validate(REQUEST | options).wants_usage


def test_a_reply_goes_through_unchanged() -> None:
    response = ChatCompletionResponse.model_validate(REPLY)
    assert response.dump() == REPLY
    assert response.choices[0].message.text == "Hi."
    assert response.usage == Usage(prompt_tokens=2, completion_tokens=3, total_tokens=5)


def test_usage_keeps_what_servers_add() -> None:
    usage = {
        "prompt_tokens": 9,
        "completion_tokens": 3,
        "total_tokens": 12,
        "prompt_tokens_details": {"cached_tokens": 4, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 2},
        "input_tokens": 0,
        "output_tokens": 0,
        "input_tokens_details": None,
        "claude_cache_creation_5_m_tokens": 0,
    }
    read = Usage.model_validate(usage)
    assert read.dump() == usage
    assert read.prompt_tokens_details is not None
    assert read.prompt_tokens_details.cached_tokens == 4


@pytest.mark.parametrize(
    ("choices", "usage"),
    [
        (
            [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}],
            None,
        ),
        ([{"index": 1, "delta": {}, "finish_reason": "stop", "logprobs": None}], None),
        (
            [{"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}}],
            None,
        ),
        ([], {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}),
    ],
)
def test_chunks_go_through_unchanged(choices: list[Any], usage: Any) -> None:
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    for body in (chunk | {"choices": choices}, chunk | {"choices": choices, "usage": usage}):
        assert ChatCompletionChunk.model_validate(body).dump() == body
