"""What must always hold between a chat and the message that is made of it."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.dialects.anthropic import MESSAGES
from nexhina_nb.gateway.taps.base import data_of, payload_of
from nexhina_nb.wire import ChatCompletionRequest, MessagesRequest
from nexhina_nb.wire.error_forms import body_in
from nexhina_nb.wire.validation import check

TURNS = [{"role": "user", "content": "hi"}]
BODY = {"model": "m", "max_tokens": 9, "messages": TURNS, "thinking": {"type": "adaptive"}}
USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
objects = st.dictionaries(words, st.none() | st.booleans() | st.integers(-9, 9) | words, max_size=3)


@st.composite
def chats(draw: st.DrawFn) -> dict[str, Any]:
    calls = [
        {
            "id": f"call_{place}",
            "type": "function",
            "function": {"name": f"f{place}", "arguments": json.dumps(arguments)},
        }
        for place, arguments in enumerate(draw(st.lists(objects, max_size=3)))
    ]
    message = {
        "role": "assistant",
        "reasoning_content": draw(words),
        "content": draw(words),
        "tool_calls": calls,
    }
    reason = draw(st.sampled_from(["stop", "length", "tool_calls", "content_filter"]))
    choice = {"index": 0, "message": message, "finish_reason": reason}
    return {"id": "x", "created": 1, "model": "m", "choices": [choice], "usage": USAGE}


@st.composite
def streams(draw: st.DrawFn) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A whole chat, and chunks that amount to it: cut anywhere, calls interleaved at will."""
    chat = draw(chats())
    (choice,) = chat["choices"]
    message = choice["message"]
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for name in ("reasoning_content", "content"):
        deltas += [{name: piece} for piece in cut(draw, message[name])]
    waiting: list[list[dict[str, Any]]] = []
    for index, call in enumerate(message["tool_calls"]):
        first = {"index": index, **call, "function": {**call["function"], "arguments": ""}}
        pieces = cut(draw, call["function"]["arguments"])
        rest = [{"index": index, "function": {"arguments": piece}} for piece in pieces]
        waiting.append([first, *rest])
    while waiting:
        # A call begins after the calls before it have begun.
        place = draw(st.integers(0, len(waiting) - 1))
        row = min(waiting[: place + 1], key=lambda one: "id" not in one[0])
        deltas.append({"tool_calls": [row.pop(0)]})
        waiting = [one for one in waiting if one]
    frame = {"id": "x", "created": 1, "model": "m"}
    chunks = [frame | {"choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    end = {"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}
    return chat, [*chunks, frame | {"choices": [end]}, frame | {"choices": [], "usage": USAGE}]


def cut(draw: st.DrawFn, text: str) -> list[str]:
    places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=3)))
    pieces = [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]
    return [piece for piece in pieces if piece]


def joined(events: list[dict[str, Any]]) -> dict[str, Any]:
    """The message that events amount to, as any program puts it together."""
    message: dict[str, Any] = {}
    arguments: dict[int, str] = {}
    open_blocks: set[int] = set()
    for event in events:
        match event["type"]:
            case "message_start":
                message = dict(event["message"])
            case "content_block_start":
                assert event["index"] == len(message["content"])
                message["content"].append(dict(event["content_block"]))
                open_blocks.add(event["index"])
            case "content_block_delta":
                assert event["index"] in open_blocks
                block, delta = message["content"][event["index"]], event["delta"]
                if delta["type"] == "input_json_delta":
                    index = event["index"]
                    arguments[index] = arguments.get(index, "") + delta["partial_json"]
                else:
                    key = delta["type"].removesuffix("_delta")
                    block[key] += delta[key]
            case "content_block_stop":
                open_blocks.remove(event["index"])
            case "message_delta":
                assert not open_blocks
                message |= event["delta"] | {"usage": event["usage"]}
    for index, text in arguments.items():
        message["content"][index]["input"] = json.loads(text)
    return message


@given(streams())
def test_a_stream_amounts_to_the_whole_message(
    told: tuple[dict[str, Any], list[dict[str, Any]]],
) -> None:
    chat, chunks = told
    translator = MESSAGES.translator(BODY, "r1")
    frames = [frame for chunk in chunks for frame in translator.feed(chunk)]
    frames += list(translator.end())
    events = [event for frame in frames if (event := payload_of(data_of(frame))) is not None]
    assert [event["type"] for event in events][-2:] == ["message_delta", "message_stop"]
    assert joined(events) == MESSAGES.reply(chat, BODY, "r1")


turns = st.lists(
    st.fixed_dictionaries(
        {
            "role": st.sampled_from(["user", "assistant"]),
            "content": words
            | st.lists(
                st.fixed_dictionaries({"type": st.just("text"), "text": words})
                | st.fixed_dictionaries(
                    {
                        "type": st.just("tool_use"),
                        "id": st.just("t1"),
                        "name": st.just("f"),
                        "input": objects,
                    }
                )
                | st.fixed_dictionaries(
                    {
                        "type": st.just("tool_result"),
                        "tool_use_id": st.just("t1"),
                        "content": words,
                        "is_error": st.booleans(),
                    }
                )
                | st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": words})
                | st.fixed_dictionaries({"type": st.just("server_tool_use"), "input": objects}),
                max_size=4,
            ),
        }
    ),
    min_size=1,
    max_size=5,
)


@given(turns, words)
def test_what_is_asked_becomes_a_chat_of_the_contract(
    messages: list[dict[str, Any]], system: str
) -> None:
    body = {"model": "m", "max_tokens": 5, "messages": messages, "system": system}
    check(MessagesRequest, body)
    before = orjson.dumps(body)
    chat = MESSAGES.request(body)
    assert orjson.dumps(body) == before
    check(ChatCompletionRequest, chat)


def parts_of(*blocks: dict[str, Any]) -> Any:
    turn = {"role": "user", "content": list(blocks)}
    body = {"model": "m", "max_tokens": 5, "messages": [turn]}
    check(MessagesRequest, body)
    (message,) = MESSAGES.request(body)["messages"]
    return message["content"]


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ({"type": "text", "media_type": "text/plain", "data": "words"}, "words"),
        ({"type": "content", "content": "words"}, "words"),
        ({"type": "content", "content": [{"type": "text", "text": "words"}]}, "words"),
        (
            {"type": "base64", "media_type": "application/pdf", "data": "AAAA"},
            [
                {
                    "type": "file",
                    "file": {
                        "filename": "document.pdf",
                        "file_data": "data:application/pdf;base64,AAAA",
                    },
                }
            ],
        ),
    ],
)
def test_documents(source: dict[str, Any], parts: Any) -> None:
    assert parts_of({"type": "document", "source": source}) == parts


def test_a_document_says_what_it_is() -> None:
    source = {"type": "text", "data": "words"}
    block = {"type": "document", "source": source, "title": "T", "context": "C"}
    assert [part["text"] for part in parts_of(block)] == ["T", "C", "words"]


@pytest.mark.parametrize(
    ("source", "param"),
    [
        ({"type": "base64", "media_type": "image/png"}, "data"),
        ({"type": "base64", "data": "AAAA"}, "media_type"),
        ({"type": "url"}, "url"),
    ],
)
def test_a_source_that_lacks_something(source: dict[str, Any], param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parts_of({"type": "image", "source": source})
    assert caught.value.param == f"messages.0.content.0.source.{param}"


@pytest.mark.parametrize("kind", ["document", "image"])
def test_a_source_that_is_kept_elsewhere(kind: str) -> None:
    with pytest.raises(BadRequest) as caught:
        parts_of({"type": kind, "source": {"type": "file", "file_id": "f1"}})
    assert caught.value.param == "messages.0.content.0.source.type"


def test_blocks_that_are_not_known() -> None:
    shown = {"type": "note", "text": "read this"}
    assert parts_of(shown, {"type": "container_upload", "file_id": "f"}) == "read this"


def test_a_system_turn_among_the_others() -> None:
    turns = [
        {"role": "user", "content": "hi"},
        {"role": "system", "content": [{"type": "text", "text": "be"}]},
    ]
    chat = MESSAGES.request({"model": "m", "max_tokens": 5, "messages": turns})
    assert chat["messages"][1] == {"role": "system", "content": "be"}


@pytest.mark.parametrize(
    ("fields", "effort"),
    [
        ({"thinking": {"type": "enabled", "budget_tokens": 1_024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4_096}}, "medium"),
        ({"thinking": {"type": "enabled", "budget_tokens": 32_000}}, "high"),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "max"}}, "max"),
        ({}, None),
    ],
)
def test_how_hard_to_think(fields: dict[str, Any], effort: str | None) -> None:
    turns = [{"role": "user", "content": "hi"}]
    chat = MESSAGES.request({"model": "m", "max_tokens": 5, "messages": turns} | fields)
    assert chat.get("reasoning_effort") == effort


def test_a_call_that_only_fills_a_cache_asks_for_next_to_nothing() -> None:
    body = {"model": "m", "max_tokens": 0, "messages": TURNS}
    assert MESSAGES.request(body)["max_tokens"] == 1


def test_a_long_name_of_a_user_is_shortened_the_same_way_each_time() -> None:
    turns = [{"role": "user", "content": "hi"}]
    body = {"model": "m", "max_tokens": 5, "messages": turns}
    one, two = (
        MESSAGES.request(body | {"metadata": {"user_id": "u" * 200}})["user"] for _ in range(2)
    )
    assert one == two
    assert len(one) == 64


def said(*choices: dict[str, Any]) -> dict[str, Any]:
    translator = MESSAGES.translator(BODY, "r1")
    chunks = [{"id": "x", "model": "m", "choices": [choice]} for choice in choices]
    frames = [frame for chunk in chunks for frame in translator.feed(chunk)]
    frames += list(translator.end())
    return joined([event for f in frames if (event := payload_of(data_of(f))) is not None])


def test_servers_that_do_not_number_their_calls() -> None:
    def piece(arguments: str, **more: Any) -> dict[str, Any]:
        name = {"name": more.pop("name")} if "name" in more else {}
        return {"delta": {"tool_calls": [{**more, "function": {**name, "arguments": arguments}}]}}

    message = said(
        piece('{"a"', id="one", name="f"),
        piece(": 1}"),
        piece("{}", id="two", name="g"),
        {"delta": {}, "finish_reason": "stop"},
    )
    assert [(block["id"], block["input"]) for block in message["content"]] == [
        ("one", {"a": 1}),
        ("two", {}),
    ]
    assert message["stop_reason"] == "tool_use"


def test_words_that_come_in_parts() -> None:
    parts = [{"type": "text", "text": "a "}, {"type": "text", "text": "b"}]
    message = said({"delta": {"content": parts}}, {"delta": {}, "finish_reason": "stop"})
    assert [block["text"] for block in message["content"]] == ["a b"]


def test_other_choices_and_empty_streams() -> None:
    message = said(
        {"index": 1, "delta": {"content": "other"}},
        {"index": 0, "delta": {"content": "this"}, "finish_reason": "stop"},
    )
    assert [block["text"] for block in message["content"]] == ["this"]
    assert said()["content"] == []


def test_a_call_that_was_cut_short() -> None:
    call = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "{}"}}
    message = said({"delta": {"tool_calls": [call]}}, {"delta": {}, "finish_reason": "length"})
    assert message["stop_reason"] == "max_tokens"


@pytest.mark.parametrize(
    ("dialect", "keys"),
    [
        ("openai", {"error"}),
        ("video", {"error", "code", "message"}),
        ("anthropic", {"type", "error", "request_id"}),
    ],
)
def test_the_forms_of_an_error(dialect: str, keys: set[str]) -> None:
    body = body_in(dialect, BadRequest("so it is", param="p", request_id="r"))
    assert body.keys() == keys
    assert "so it is" in body["error"]["message"]
