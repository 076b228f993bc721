from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from nexhina_nb.client.cost import Cost
from nexhina_nb.client.messages import conversation, response_format, strictly
from nexhina_nb.client.replies import ChatReply
from nexhina_nb.errors import BadInput
from nexhina_nb.wire import ChatCompletionResponse, ChatMessage
from tests.client.mock_server import chat_body

USER = {"role": "user", "content": "hi"}
SYSTEM = {"role": "system", "content": "be brief"}


def test_a_prompt_is_a_user_message() -> None:
    assert conversation("hi") == [USER]


def test_conversations_of_dicts_messages_and_replies() -> None:
    reply = ChatReply(ChatCompletionResponse.read(chat_body("yes")), Cost())
    message = ChatMessage(role="user", content="really?")
    assert conversation([USER, reply, message]) == [
        USER,
        {"role": "assistant", "content": "yes"},
        {"role": "user", "content": "really?"},
    ]
    assert conversation(USER) == conversation(ChatMessage(**USER)) == [USER]


def test_a_reply_goes_back_without_what_only_replies_have() -> None:
    def turn(**parts: Any) -> dict[str, Any]:
        message = {"role": "assistant", "refusal": None, "annotations": []} | parts
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        reply = ChatReply(ChatCompletionResponse.read(chat_body(choices=choices)), Cost())
        return conversation([USER, reply])[1]

    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    assert turn(content="x", reasoning_content="hm") == {"role": "assistant", "content": "x"}
    assert turn(content=None, reasoning_content="hm", tool_calls=[call]) == {
        "role": "assistant",
        "content": None,
        "reasoning_content": "hm",
        "tool_calls": [call],
    }


def test_the_callers_messages_are_not_changed() -> None:
    mine = [dict(SYSTEM), dict(USER)]
    conversation(mine, lang="fr", images="https://x/y")
    assert mine == [SYSTEM, USER]


def test_system_and_language() -> None:
    assert conversation("hi", system="be brief") == [SYSTEM, USER]
    assert conversation("hi", lang="zh")[0]["content"] == "Answer in Chinese."
    both = conversation("hi", system="be brief", lang="Klingon")
    assert both[0]["content"] == "be brief\n\nAnswer in Klingon."
    assert conversation([SYSTEM, USER], lang="de")[0]["content"].endswith("Answer in German.")
    parts = {"role": "system", "content": [{"type": "text", "text": "x"}]}
    assert len(conversation([parts, USER], lang="de")) == 3
    with pytest.raises(BadInput, match="system message already"):
        conversation([SYSTEM, USER], system="again")


def test_images_go_into_the_last_user_message() -> None:
    last: dict[str, Any] = conversation([USER, SYSTEM, USER], images=["https://x/y"])[2]
    assert [part["type"] for part in last["content"]] == ["text", "image_url"]
    parts = [{"role": "user", "content": [{"type": "text", "text": "a"}]}]
    assert len(conversation(parts, images="https://x/y")[0]["content"]) == 2
    with pytest.raises(BadInput, match="no user message"):
        conversation([SYSTEM], images="https://x/y")


@pytest.mark.parametrize("empty", ["", "  \n", []])
def test_empty_prompts(empty: object) -> None:
    with pytest.raises(BadInput, match="prompt is empty"):
        conversation(empty)


@pytest.mark.parametrize("bad", [None, 3, b"hi", ["hi"], [None], [{"content": "x"}], [USER, 3]])
def test_what_is_no_conversation(bad: object) -> None:
    with pytest.raises(BadInput, match="message"):
        conversation(bad)


class Inner(BaseModel):
    n: int = 3


class Outer(BaseModel):
    inner: Inner
    names: list[Inner]
    default: str = "x"


def test_forms() -> None:
    assert response_format(False, None) is None
    assert response_format(True, None) == {"type": "json_object"}
    form = response_format(False, Outer)
    assert form is not None
    sent = form["json_schema"]
    assert (form["type"], sent["name"], sent["strict"]) == ("json_schema", "Outer", True)
    assert sent["schema"]["required"] == ["inner", "names", "default"]
    assert sent["schema"]["additionalProperties"] is False
    assert sent["schema"]["$defs"]["Inner"]["required"] == ["n"]
    assert sent["schema"]["properties"]["default"]["default"] == "x"
    named = response_format(True, {"type": "object", "title": "Größe 1"})
    assert named is not None
    assert named["json_schema"]["name"] == "Gr__e_1"
    with pytest.raises(BadInput, match="schema is a str"):
        response_format(False, "object")


def test_strictly_reads_keywords_and_names_apart() -> None:
    schema = {
        "type": "object",
        "properties": {"properties": {"type": "string"}, "required": {"const": {"properties": {}}}},
        "anyOf": [{"type": "object", "properties": {}, "additionalProperties": True}],
    }
    assert strictly(schema) == {
        "type": "object",
        "properties": {"properties": {"type": "string"}, "required": {"const": {"properties": {}}}},
        "anyOf": [
            {"type": "object", "properties": {}, "additionalProperties": True, "required": []}
        ],
        "required": ["properties", "required"],
        "additionalProperties": False,
    }
