"""Messages, their parts and tool calls (contract 1.3 and 1.4)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from nexhina_nb.wire import (
    AssistantMessage,
    ChatCompletionChoice,
    ChatCompletionRequest,
    ChatMessage,
    ImagePart,
    OtherPart,
    ToolCall,
    ToolDefinition,
    VideoPart,
)

CALL = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": "{"}}
PARTS: list[dict[str, Any]] = [
    {"type": "text", "text": "What is it?"},
    {"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}},
    {"type": "image_url", "image_url": "data:image/png;base64,AAAA"},
    {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}},
    {"type": "file", "file": {"file_id": "file-1"}},
    {"type": "video_url", "video_url": {"url": "https://x/y.mp4"}},
    {"type": "video_url", "video_url": "https://x/y.mp4"},
    {"type": "refusal", "refusal": "No."},
    {"type": "cache_point", "ttl": 5},
    {"type": "text", "text": "Tell me.", "cache_control": {"type": "ephemeral"}},
]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "system", "content": "s"},
        {"role": "developer", "content": "s", "name": "n"},
        {"role": "user", "content": PARTS},
        {"role": "user", "content": ""},
        {"role": "user", "content": []},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "assistant", "tool_calls": [CALL]},
        {"role": "assistant", "content": None, "refusal": "No."},
        {"role": "assistant", "content": None, "audio": {"id": "a"}},
        {"role": "assistant", "function_call": {"name": "f", "arguments": ""}},
        {"role": "assistant", "content": "So", "prefix": True, "reasoning_content": "Hm."},
        {"role": "tool", "content": "4", "tool_call_id": "call_1"},
        {"role": "function", "content": "4", "name": "f"},
    ],
)
def test_messages_go_through_unchanged(message: dict[str, Any]) -> None:
    assert ChatMessage.model_validate(message).dump() == message


@pytest.mark.parametrize(
    "message",
    [
        {"content": "no role"},
        {"role": "nobody", "content": "x"},
        {"role": "user"},
        {"role": "user", "content": None},
        {"role": "user", "content": None, "tool_calls": [CALL]},
        {"role": "assistant", "content": None},
        {"role": "assistant", "content": None, "tool_calls": []},
        {"role": "tool", "content": "4"},
        {"role": "tool", "content": "4", "tool_call_id": ""},
        {"role": "user", "content": {"type": "text", "text": "x"}},
        {"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "A"}}]},
        {
            "role": "user",
            "content": [{"type": "image_url", "image_url": {"url": "u", "detail": "x"}}],
        },
        {"role": "assistant", "tool_calls": [{"type": "function", "function": CALL["function"]}]},
    ],
)
def test_messages_that_are_refused(message: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ChatMessage.model_validate(message)


def test_parts_have_types_and_urls() -> None:
    content = ChatMessage.model_validate({"role": "user", "content": PARTS}).content
    assert isinstance(content, list)
    images = [part.url for part in content if isinstance(part, ImagePart)]
    assert images == ["https://x/y.png", "data:image/png;base64,AAAA"]
    videos = [part.url for part in content if isinstance(part, VideoPart)]
    assert videos == ["https://x/y.mp4"] * 2
    assert [part.type for part in content if isinstance(part, OtherPart)] == ["cache_point"]


def test_text() -> None:
    assert ChatMessage(role="user", content="hi").text == "hi"
    assert ChatMessage.model_validate({"role": "user", "content": PARTS}).text == (
        "What is it?\nTell me."
    )
    assert ChatMessage.model_validate({"role": "assistant", "tool_calls": [CALL]}).text == ""


def test_a_model_may_answer_nothing() -> None:
    choice = ChatCompletionChoice.model_validate(
        {"index": 0, "message": {"role": "assistant", "content": None}, "finish_reason": "length"}
    )
    assert isinstance(choice.message, ChatMessage)
    assert choice.message.text == ""


def test_a_reply_goes_back_into_the_conversation() -> None:
    reply = AssistantMessage.model_validate({"content": None, "tool_calls": [CALL]})
    request = ChatCompletionRequest(
        model="m", messages=[ChatMessage(role="user", content="x"), reply]
    )
    assert request.dump()["messages"][1] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [CALL],
    }


def test_other_kinds_of_tools_pass() -> None:
    custom = {"id": "c", "type": "custom", "custom": {"name": "n", "input": "i"}}
    assert ToolCall.model_validate(custom).dump() == custom
    for tool in ({"type": "custom", "custom": {"name": "n"}}, {"type": "web_search"}):
        assert ToolDefinition.model_validate(tool).dump() == tool
    for model in (ToolCall, ToolDefinition):
        with pytest.raises(ValidationError, match="function"):
            model.model_validate({"id": "c", "type": "function"})
