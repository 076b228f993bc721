"""What must always hold between a chat and the message that is made of it."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import given, strategies as st

from nexhina_nb.gateway.dialects.anthropic import MESSAGES
from nexhina_nb.gateway.taps.base import data_of, payload_of
from nexhina_nb.wire import ChatCompletionRequest, MessagesRequest
from nexhina_nb.wire.validation import check

BODY = {"model": "m", "max_tokens": 9, "thinking": {"type": "adaptive"}}
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
