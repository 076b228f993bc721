"""Responses over chat: what is asked, what comes back; a stream and a whole reply agree."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.dialects.responses.compaction import DIALECT as COMPACTION
from nexhina_nb.gateway.dialects.responses.dialect import DIALECT
from nexhina_nb.gateway.dialects.responses.joined import output_so_far
from nexhina_nb.gateway.dialects.responses.thread import Thread
from nexhina_nb.wire import ChatAccumulator, ResponseObject
from nexhina_nb.wire.sse import Decoder
from tests.gateway.response_order import check_order

pytest.importorskip("openai", reason="the official SDK is the judge: install the test extra")
from openai import omit
from openai._models import construct_type
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import ResponseStreamEvent

Payload = dict[str, Any]

FUNCTION = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": True}
NESTED = {"name": "f", "parameters": {"type": "object"}, "strict": True}
CALL = {"type": "function_call", "call_id": "c1", "name": "f", "arguments": "{}"}
TOOL_CALL = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}


def chat(items: object = "hi", **more: Any) -> Payload:
    return DIALECT.request({"model": "m", "input": items, **more})


def messages(*items: Payload) -> list[Payload]:
    found: list[Payload] = chat(list(items))["messages"]
    return found


def user(*parts: Payload) -> Payload:
    return {"role": "user", "content": list(parts)}


def test_a_text_is_a_message_of_the_user() -> None:
    assert chat() == {"model": "m", "messages": [{"role": "user", "content": "hi"}]}


def test_parts_become_those_of_chat() -> None:
    sound = {"data": "AAAA", "format": "wav"}
    (message,) = messages(
        user(
            {"type": "input_text", "text": "look"},
            {"type": "input_image", "image_url": "data:image/png;base64,AA", "detail": "low"},
            {"type": "input_file", "filename": "a.pdf", "file_data": "data:x"},
            {"type": "input_audio", "input_audio": sound},
        )
    )
    assert message["content"] == [
        {"type": "text", "text": "look"},
        {
            "type": "image_url",
            "image_url": {"url": "data:image/png;base64,AA", "detail": "low"},
        },
        {"type": "file", "file": {"filename": "a.pdf", "file_data": "data:x"}},
        {"type": "input_audio", "input_audio": sound},
    ]


def test_a_turn_of_the_assistant_is_one_message() -> None:
    said = {
        "type": "message",
        "role": "assistant",
        "id": "msg_1",
        "status": "completed",
        "content": [{"type": "output_text", "text": "one moment", "annotations": []}],
    }
    thought = {
        "type": "reasoning",
        "id": "rs_1",
        "summary": [{"type": "summary_text", "text": "t"}],
    }
    output = {"type": "function_call_output", "call_id": "c1", "output": "42"}
    other = CALL | {"call_id": "c2"}
    assert messages({"role": "developer", "content": "d"}, thought, said, CALL, other, output) == [
        {"role": "system", "content": "d"},
        {
            "role": "assistant",
            "content": "one moment",
            "reasoning_content": "t",
            "tool_calls": [TOOL_CALL, TOOL_CALL | {"id": "c2"}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "42"},
    ]


def test_what_a_tool_gives_may_have_parts() -> None:
    parts = [{"type": "input_text", "text": "a"}, {"type": "input_text", "text": "b"}]
    output = {"type": "function_call_output", "call_id": "c1", "output": parts}
    assert messages(CALL, output)[1]["content"] == [
        {"type": "text", "text": "a"},
        {"type": "text", "text": "b"},
    ]


def test_options_have_other_names() -> None:
    schema = {"type": "json_schema", "name": "n", "schema": {"type": "object"}, "strict": True}
    asked = chat(
        instructions="be brief",
        max_output_tokens=20,
        temperature=0.5,
        seed=7,
        user="u",
        reasoning={"effort": "low", "summary": "auto"},
        text={"format": schema, "verbosity": "low"},
        include=["message.output_text.logprobs", "reasoning.encrypted_content"],
        top_logprobs=3,
        metadata={"a": "b"},
        store=True,
        truncation="auto",
    )
    assert asked == {
        "model": "m",
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}],
        "max_completion_tokens": 20,
        "temperature": 0.5,
        "seed": 7,
        "user": "u",
        "reasoning_effort": "low",
        "verbosity": "low",
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "n", "schema": {"type": "object"}, "strict": True},
        },
        "logprobs": True,
        "top_logprobs": 3,
    }


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", "auto"),
        ("required", "required"),
        ({"type": "function", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
        ({"type": "custom", "name": "g"}, {"type": "custom", "custom": {"name": "g"}}),
    ],
)
def test_choices_of_a_tool(choice: object, expected: object) -> None:
    grammar = {"type": "grammar", "syntax": "lark", "definition": "start: A"}
    custom = {"type": "custom", "name": "g", "format": grammar}
    asked = chat(tools=[FUNCTION, custom], tool_choice=choice, parallel_tool_calls=False)
    inner = {"syntax": "lark", "definition": "start: A"}
    assert asked["tools"] == [
        {"type": "function", "function": NESTED},
        {
            "type": "custom",
            "custom": {"name": "g", "format": {"type": "grammar", "grammar": inner}},
        },
    ]
    assert asked["tool_choice"] == expected
    assert asked["parallel_tool_calls"] is False


def test_of_several_tools_only_the_allowed_ones_are_offered() -> None:
    allowed = {"type": "allowed_tools", "mode": "required"}
    allowed |= {"tools": [{"type": "function", "name": "f"}]}
    asked = chat(tools=[FUNCTION, FUNCTION | {"name": "g"}], tool_choice=allowed)
    assert asked["tools"] == [{"type": "function", "function": NESTED}]
    assert asked["tool_choice"] == "required"


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"tools": [FUNCTION, {"type": "web_search"}]}, "tools.1"),
        ({"tools": [FUNCTION], "tool_choice": {"type": "file_search"}}, "tool_choice"),
        ({"tools": [FUNCTION | {"name": "not a name"}]}, "tools.0.function.name"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"input": []}, "input"),
        ({"input": [{"type": "computer_call"}]}, "input.0"),
        ({"input": [{"type": "item_reference", "id": "msg_9"}]}, "input.0.id"),
        ({"input": [{"type": "compaction", "encrypted_content": "gAAAA"}]}, "input.0"),
        ({"input": [user({"type": "input_image", "file_id": "f"})]}, "input.0.content.0.file_id"),
        ({"input": [user({"type": "input_file", "file_url": "u"})]}, "input.0.content.0.file_url"),
        ({"input": [user({"type": "input_video"})]}, "input.0.content.0"),
    ],
)
def test_what_chat_cannot_carry_is_named(more: Payload, param: str) -> None:
    with pytest.raises(BadRequest) as caught:
        DIALECT.request({"model": "m", "input": "hi", **more})
    assert caught.value.param == param


def chunk(delta: Payload, finish: str | None = None, **more: Any) -> Payload:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "x", "object": "chat.completion.chunk", "created": 5, "model": "up"}
    return head | {"choices": [choice | more]}


USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 4,
    "total_tokens": 13,
    "prompt_tokens_details": {"cached_tokens": 3, "audio_tokens": None},
    "completion_tokens_details": {"reasoning_tokens": 2},
}


def streamed(chunks: list[Payload], **body: Any) -> list[Payload]:
    translator = DIALECT.translator({"model": "m", "input": "hi", **body}, "r1")
    frames = [frame for one in chunks for frame in translator.feed(one)]
    frames += translator.end()
    events = Decoder().feed(b"".join(frames))
    payloads = [json.loads(event.data) for event in events]
    assert [event.event for event in events] == [payload["type"] for payload in payloads]
    return payloads


def joined(chunks: list[Payload], **body: Any) -> Payload:
    whole = ChatAccumulator()
    for one in chunks:
        whole.add(one)
    return DIALECT.reply(whole.response().dump(), {"model": "m", "input": "hi", **body}, "r1")


def without_time(response: Payload) -> Payload:
    return response | {"completed_at": None}


def test_the_whole_of_a_reply() -> None:
    token = {"token": "no", "logprob": -0.1, "bytes": [110, 111], "top_logprobs": []}
    quoted = {"type": "url_citation", "url_citation": {"url": "u", "title": "t"}}
    chunks = [
        chunk({"role": "assistant", "content": ""}),
        chunk({"reasoning_content": "let me "}),
        chunk({"reasoning_content": "think"}),
        chunk({"content": "no"}, logprobs={"content": [token]}),
        chunk({"content": "on", "annotations": [quoted]}),
        chunk({"refusal": "never"}),
        chunk({"tool_calls": [{"index": 0, **TOOL_CALL}]}),
        chunk({}, "tool_calls"),
        {"choices": [], "usage": USAGE},
    ]
    events = streamed(chunks, metadata={"a": "b"}, tools=[FUNCTION], temperature=0.0)
    final = check_order(events)
    assert final["output"] == [
        {
            "id": "rs_r1o0",
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "let me think"}],
        },
        {
            "id": "msg_r1o1",
            "type": "message",
            "role": "assistant",
            "status": "completed",
            "content": [
                {
                    "type": "output_text",
                    "text": "noon",
                    "annotations": [{"type": "url_citation", "url": "u", "title": "t"}],
                    "logprobs": [token],
                },
                {"type": "refusal", "refusal": "never"},
            ],
        },
        {
            "id": "fc_r1o2",
            "type": "function_call",
            "status": "completed",
            "call_id": "c1",
            "name": "f",
            "arguments": "{}",
        },
    ]
    assert final["usage"] == {
        "input_tokens": 9,
        "input_tokens_details": {"cached_tokens": 3},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 13,
    }
    assert (final["status"], final["created_at"]) == ("completed", 5)
    assert final["completed_at"] >= 5
    assert (final["metadata"], final["temperature"]) == ({"a": "b"}, 0.0)
    assert (final["tools"], final["tool_choice"]) == ([FUNCTION], "auto")
    assert (final["text"], final["truncation"]) == ({"format": {"type": "text"}}, "disabled")
    assert ResponseObject.model_validate(final).output_text == "noon"


@pytest.mark.parametrize(
    ("finish", "reason"),
    [("length", "max_output_tokens"), ("content_filter", "content_filter")],
)
def test_an_answer_that_was_cut_off(finish: str, reason: str) -> None:
    chunks = [chunk({"content": "half an"}), chunk({}, finish)]
    final = check_order(streamed(chunks))
    assert final["incomplete_details"] == {"reason": reason}
    assert final["output"][0]["status"] == "incomplete"
    assert final["completed_at"] is None
    assert joined(chunks) == final


def test_an_earlier_response_is_repeated_though_chat_is_not_told() -> None:
    thread = Thread([{"role": "user", "content": "hi"}], {"previous_response_id": "resp_0"})
    asked = {"model": "m", "input": thread}
    translator = DIALECT.translator(asked, "r1")
    assert translator.response["previous_response_id"] == "resp_0"
    assert "previous_response_id" not in DIALECT.request(asked)


def test_an_error_of_the_upstream_ends_the_stream() -> None:
    error = {"error": {"message": "too busy", "type": "server_error", "code": "overloaded"}}
    events = streamed([chunk({"content": "a"}), error])
    assert events[-1] == {
        "type": "error",
        "sequence_number": len(events) - 1,
        "code": "overloaded",
        "message": "too busy",
        "param": None,
    }


def test_calls_without_an_index() -> None:
    first, second = TOOL_CALL, TOOL_CALL | {"id": "c2"}
    more = {"function": {"arguments": " "}}
    chunks = [chunk({"tool_calls": [first]}), chunk({"tool_calls": [more]})]
    chunks += [chunk({"tool_calls": [second]}), chunk({"tool_calls": [more]}, "tool_calls")]
    final = check_order(streamed(chunks))
    assert [(item["call_id"], item["arguments"]) for item in final["output"]] == [
        ("c1", "{} "),
        ("c2", "{} "),
    ]


def test_a_custom_tool_is_called_with_text() -> None:
    custom = {"index": 0, "id": "c1", "type": "custom", "custom": {"name": "g", "input": "a\n"}}
    more = {"index": 0, "custom": {"input": "b"}}
    events = streamed(
        [chunk({"tool_calls": [custom]}), chunk({"tool_calls": [more]}, "tool_calls")]
    )
    final = check_order(events)
    assert final["output"][0] == {
        "id": "ctc_r1o0", "type": "custom_tool_call", "status": "completed", "call_id": "c1",
        "name": "g", "input": "a\nb",
    }  # fmt: skip
    kinds = [event["type"] for event in events]
    assert kinds.count("response.custom_tool_call_input.delta") == 2
    again = messages(final["output"][0], {
        "type": "custom_tool_call_output", "call_id": "c1", "output": "ok",
    })  # fmt: skip
    assert again[0]["tool_calls"][0]["custom"] == {"name": "g", "input": "a\nb"}


texts = st.lists(st.text(max_size=6), max_size=4)
finishes = st.sampled_from(["stop", "length", "content_filter", "tool_calls", None])


@st.composite
def calls(draw: st.DrawFn) -> list[Payload]:
    """Pieces of up to three calls, which interleave."""
    count = draw(st.integers(0, 3))
    first = [
        {"index": n, "id": f"c{n}", "type": "function", "function": {"name": f"f{n}"}}
        for n in range(count)
    ]
    rest = [
        {"index": n, "function": {"arguments": piece}}
        for n in range(count)
        for piece in draw(texts)
    ]
    return [*first, *draw(st.permutations(rest))]


@st.composite
def usual(draw: st.DrawFn) -> list[Payload]:
    """A chat as servers send it: thoughts, text, calls."""
    deltas = [{"reasoning_content": piece} for piece in draw(texts)]
    deltas += [{"content": piece} for piece in draw(texts)]
    deltas += [{"refusal": piece} for piece in draw(texts)]
    deltas += [{"tool_calls": [piece]} for piece in draw(calls())]
    ends = [chunk({}, draw(finishes)), {"choices": [], "usage": USAGE}]
    return [chunk({"role": "assistant", "content": ""}), *map(chunk, deltas), *ends]


@st.composite
def unusual(draw: st.DrawFn) -> list[Payload]:
    """The same in any order."""
    return list(draw(st.permutations(draw(usual()))))


@settings(max_examples=40)
@given(usual())
def test_a_stream_ends_as_the_whole_reply(chunks: list[Payload]) -> None:
    final = check_order(streamed(chunks))
    assert without_time(final) == without_time(joined(chunks))


@settings(max_examples=40)
@given(unusual())
def test_any_order_makes_a_response(chunks: list[Payload]) -> None:
    events = streamed(chunks)
    final = check_order(events)
    whole = ResponseObject.model_validate(joined(chunks))
    assert ResponseObject.model_validate(final).output_text == whole.output_text
    said = sorted(item["arguments"] for item in final["output"] if "arguments" in item)
    assert said == sorted(item.arguments for item in whole.output if hasattr(item, "name"))


@settings(max_examples=30)
@given(unusual(), st.integers(0, 40))
def test_what_came_so_far_grows_into_the_output(chunks: list[Payload], count: int) -> None:
    events = streamed(chunks)
    final = events[-1]["response"]["output"]
    assert output_so_far(events[:-1]) == final
    half = output_so_far(events[:count])
    assert [item["id"] for item in half] == [item["id"] for item in final][: len(half)]
    for item, whole in zip(half, final, strict=False):
        assert whole.get("arguments", "").startswith(item.get("arguments", ""))


@settings(max_examples=40)
@given(unusual())
def test_the_sdk_puts_the_events_together(chunks: list[Payload]) -> None:
    state = ResponseStreamState(input_tools=omit, text_format=omit)
    events = streamed(chunks)
    for event in events:
        state.handle_event(construct_type(type_=ResponseStreamEvent, value=event))
    if events[-1]["type"] == "response.completed":
        assert state._completed_response.output_text == output_text(events[-1]["response"])


def output_text(reply: Payload) -> str:
    return ResponseObject.model_validate(reply).output_text


junk = st.recursive(
    st.none() | st.integers(-2, 2) | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["content", "type", "index", "id", "function", "name", "arguments"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
odd_messages = st.dictionaries(
    st.sampled_from(["content", "tool_calls", "refusal", "annotations", "reasoning_content"]), junk
)


@settings(max_examples=60)
@given(odd_messages, junk, junk)
def test_junk_makes_no_trouble(message: Payload, finish: object, usage: object) -> None:
    choice = {"index": 0, "delta": message, "message": message, "finish_reason": finish}
    chat = {"choices": [choice], "usage": usage, "created": finish}
    body = {"model": "m", "input": "hi"}
    check_order(streamed([chat, chat]))
    for dialect in (DIALECT, COMPACTION):
        assert json.dumps(dialect.reply(chat, body, "r1"))


def test_a_compaction_keeps_the_last_turn() -> None:
    items = [
        {"role": "user", "content": "I am Ada."},
        CALL,
        {"type": "function_call_output", "call_id": "c1", "output": "found"},
        {"role": "assistant", "content": "Hello Ada."},
        {"role": "user", "content": [{"type": "input_text", "text": "Where am I?"}]},
    ]
    body = {"model": "m", "input": items, "instructions": "in French"}
    asked = COMPACTION.request(body)
    assert "in French" in asked["messages"][0]["content"]
    transcript = asked["messages"][1]["content"]
    assert "user: I am Ada." in transcript
    assert "assistant calls f with {}" in transcript
    assert "the tool answers: found" in transcript
    assert "Where am I?" not in transcript
    summary = {"message": {"role": "assistant", "content": "Ada said hello."}}
    reply = COMPACTION.reply({"choices": [summary], "usage": USAGE, "created": 7}, body, "r1")
    assert (reply["object"], reply["created_at"]) == ("response.compaction", 7)
    assert reply["usage"]["input_tokens"] == 9
    kept, newest = reply["output"]
    assert (kept["type"], newest["content"]) == ("compaction", items[-1]["content"])
    said = messages(*reply["output"])
    assert said[0]["role"] == "system"
    assert said[0]["content"].endswith("Ada said hello.")
    assert said[1] == {"role": "user", "content": "Where am I?"}


def test_nothing_cannot_be_compacted() -> None:
    with pytest.raises(BadRequest, match="nothing to compact"):
        COMPACTION.request({"model": "m", "input": []})
