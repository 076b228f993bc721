"""Anthropic's dialect through channels: one that speaks chat alone, one that knows the dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest

from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import quota
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.store.logs import newest_of_token
from tests.conftest import RunningGateway
from tests.gateway.scripted import Script, ScriptedServer, events, frames

anthropic = pytest.importorskip(
    "anthropic", reason="the official SDK is the judge: install the test extra"
)

CHAT, MESSAGES = "/v1/chat/completions", "/v1/messages"
# The SDK warns of names of its own that have grown old.
MODEL = "gpt-4o"
ASKED: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "hi"}],
}
USAGE = {
    "prompt_tokens": 100,
    "completion_tokens": 20,
    "total_tokens": 120,
    "prompt_tokens_details": {"cached_tokens": 60},
}


def chat(message: dict[str, Any], reason: str = "stop", **choice: Any) -> dict[str, Any]:
    row = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": reason}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "upstream-name",
        "choices": [{**row, **choice}],
        "usage": USAGE,
    }


def chunk(delta: dict[str, Any], reason: str | None = None, **more: Any) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta, "finish_reason": reason}]
    return {"id": "chatcmpl-1", "created": 1, "model": "up", "choices": choices, **more}


@contextmanager
def asking(
    gateway: RunningGateway, script: dict[str, Script], model: str = MODEL
) -> Iterator[tuple[anthropic.Anthropic, ScriptedServer]]:
    root = gateway.base_url.removesuffix("/v1")
    with ScriptedServer(script) as server:
        server.serve(gateway, model)
        with anthropic.Anthropic(base_url=root, api_key=gateway.key, max_retries=0) as client:
            yield client, server


def last_row(gateway: RunningGateway) -> dict[str, Any]:
    with gateway.store.reading() as connection:
        return newest_of_token(connection, 1, 1)[0]


def price(**tokens: Any) -> int:
    known = Catalog.bundled().price(MODEL)
    assert known is not None
    return quota(known, Tokens(**tokens))


# A channel that speaks chat alone.


def test_a_chat_carries_what_was_asked(gateway: RunningGateway) -> None:
    picture = {"type": "image", "source": {"type": "url", "url": "https://x.example/p.png"}}
    data = {"type": "base64", "media_type": "image/png", "data": "AAAA"}
    tool = {"name": "find", "description": "finds", "input_schema": {"type": "object"}}
    with asking(gateway, {CHAT: Script(chat({"content": "hello"}))}) as (client, server):
        reply = client.messages.create(
            **ASKED
            | {
                "system": [{"type": "text", "text": "Be kind."}, {"type": "text", "text": "Now."}],
                "messages": [
                    {"role": "user", "content": [{"type": "text", "text": "look"}, picture]},
                    {
                        "role": "assistant",
                        "content": [
                            {"type": "thinking", "thinking": "hm", "signature": "s"},
                            {"type": "text", "text": "I see."},
                            {"type": "tool_use", "id": "t1", "name": "find", "input": {"a": 1}},
                        ],
                    },
                    {
                        "role": "user",
                        "content": [
                            {
                                "type": "tool_result",
                                "tool_use_id": "t1",
                                "is_error": True,
                                "content": [
                                    {"type": "text", "text": "lost"},
                                    {"type": "image", "source": data},
                                ],
                            },
                            {"type": "text", "text": "go on"},
                        ],
                    },
                ],
                "stop_sequences": ["END"],
                "extra_body": {"temperature": 0.5},
                "tools": [tool],
                "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
                "metadata": {"user_id": "u1"},
            }
        )
    assert reply.model == MODEL
    assert [call.path for call in server.asked] == [MESSAGES, CHAT]
    body = server.asked[-1].body
    assert body["messages"] == [
        {"role": "system", "content": "Be kind.\n\nNow."},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "look"},
                {"type": "image_url", "image_url": {"url": "https://x.example/p.png"}},
            ],
        },
        {
            "role": "assistant",
            "content": "I see.",
            "tool_calls": [
                {
                    "id": "t1",
                    "type": "function",
                    "function": {"name": "find", "arguments": '{"a":1}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "Error: lost"},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "From the tool call t1:"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "text", "text": "go on"},
            ],
        },
    ]
    told = {name: value for name, value in body.items() if name != "messages"}
    assert told == {
        "model": MODEL,
        "max_tokens": 100,
        "temperature": 0.5,
        "stop": ["END"],
        "user": "u1",
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "find",
                    "description": "finds",
                    "parameters": {"type": "object"},
                },
            }
        ],
        "tool_choice": "required",
        "parallel_tool_calls": False,
    }


def test_the_path_is_tried_once(gateway: RunningGateway) -> None:
    with asking(gateway, {CHAT: Script(chat({"content": "hello"}))}) as (client, server):
        for _ in range(3):
            client.messages.create(**ASKED)
    assert [call.path for call in server.asked] == [MESSAGES, CHAT, CHAT, CHAT]


def test_counts_leave_the_cache_out_and_cost_the_same(gateway: RunningGateway) -> None:
    with asking(gateway, {CHAT: Script(chat({"content": "hello"}))}) as (client, _):
        usage = client.messages.create(**ASKED).usage
    assert (usage.input_tokens, usage.cache_read_input_tokens, usage.output_tokens) == (40, 60, 20)
    assert last_row(gateway)["quota"] == price(prompt=100, cached=60, completion=20)


@pytest.mark.parametrize(
    ("reply", "reason", "sequence"),
    [
        (chat({"content": "a"}, "length"), "max_tokens", None),
        (chat({"content": "a"}, "content_filter"), "refusal", None),
        (chat({"content": "a"}, "stop", stop_reason="END"), "stop_sequence", "END"),
        (chat({"content": "a"}, "stop", stop_reason=128_001), "end_turn", None),
        (chat({"content": "", "refusal": "no"}, "stop"), "end_turn", None),
    ],
)
def test_why_an_answer_ended(
    gateway: RunningGateway, reply: Any, reason: str, sequence: str | None
) -> None:
    with asking(gateway, {CHAT: Script(reply)}) as (client, _):
        message = client.messages.create(**ASKED)
    assert (message.stop_reason, message.stop_sequence) == (reason, sequence)
    assert message.content[0].text in ("a", "no")


def test_a_call_with_arguments_that_are_no_object(gateway: RunningGateway) -> None:
    calls = [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{oops"}}]
    reply = chat({"content": None, "tool_calls": calls}, "stop")
    with asking(gateway, {CHAT: Script(reply)}) as (client, _):
        message = client.messages.create(**ASKED)
    assert message.stop_reason == "tool_use"
    assert message.content[0].input == {"arguments": "{oops"}


def call_piece(index: int, arguments: str, **more: Any) -> dict[str, Any]:
    name = {"name": more.pop("name")} if "name" in more else {}
    return {"index": index, **more, "function": {**name, "arguments": arguments}}


def test_streamed_calls_that_interleave(gateway: RunningGateway) -> None:
    stream = frames(
        chunk({"role": "assistant", "content": ""}),
        chunk({"content": "Let me "}),
        chunk({"content": "see."}),
        chunk({"tool_calls": [call_piece(0, "", id="a", name="f", type="function")]}),
        chunk({"tool_calls": [call_piece(0, '{"x": ')]}),
        chunk({"tool_calls": [call_piece(1, '{"y": 2', id="b", name="g", type="function")]}),
        chunk({"tool_calls": [call_piece(0, "1}")]}),
        chunk({"tool_calls": [call_piece(1, "}")]}),
        chunk({}, "tool_calls"),
        {"choices": [], "usage": USAGE},
    )
    with (
        asking(gateway, {CHAT: Script(stream)}) as (client, server),
        client.messages.stream(**ASKED) as told,
    ):
        message = told.get_final_message()
    assert server.asked[-1].body["stream_options"] == {"include_usage": True}
    text, one, two = message.content
    assert text.text == "Let me see."
    assert (one.id, one.name, one.input) == ("a", "f", {"x": 1})
    assert (two.id, two.name, two.input) == ("b", "g", {"y": 2})
    assert message.stop_reason == "tool_use"
    assert message.usage.input_tokens == 40
    assert message.usage.cache_read_input_tokens == 60
    assert last_row(gateway)["quota"] == price(prompt=100, cached=60, completion=20)


def test_thoughts_are_shown_to_who_asked_for_them(gateway: RunningGateway) -> None:
    stream = frames(
        chunk({"role": "assistant", "reasoning_content": "first "}),
        chunk({"reasoning_content": "second"}),
        chunk({"content": "done"}),
        chunk({}, "stop"),
        {"choices": [], "usage": USAGE},
    )
    thinking = {"type": "enabled", "budget_tokens": 4_096}
    with asking(gateway, {CHAT: Script(stream)}) as (client, server):
        with client.messages.stream(**ASKED | {"thinking": thinking}) as told:
            shown = told.get_final_message()
        with client.messages.stream(**ASKED) as told:
            hidden = told.get_final_message()
    assert [block.type for block in shown.content] == ["thinking", "text"]
    assert shown.content[0].thinking == "first second"
    assert [block.type for block in hidden.content] == ["text"]
    assert server.asked[1].body["reasoning_effort"] == "medium"


def test_a_stream_that_tells_no_usage_is_counted(gateway: RunningGateway) -> None:
    stream = frames(chunk({"content": "one two three"}), chunk({}, "stop"))
    with (
        asking(gateway, {CHAT: Script(stream)}) as (client, _),
        client.messages.stream(**ASKED) as told,
    ):
        usage = told.get_final_message().usage
    assert usage.output_tokens == 3
    assert usage.input_tokens > 0
    assert last_row(gateway)["completion_tokens"] == 3


def test_a_stream_that_breaks_off_ends_in_an_error(gateway: RunningGateway) -> None:
    stream = frames(chunk({"content": "one two three"}), end="")
    with (
        asking(gateway, {CHAT: Script(stream)}) as (client, _),
        client.messages.create(**ASKED, stream=True) as told,
        pytest.raises(anthropic.APIStatusError) as caught,
    ):
        list(told)
    assert caught.value.body["error"]["type"] == "api_error"
    assert last_row(gateway)["completion_tokens"] == 3


def test_a_stream_without_an_end_marker_is_whole(gateway: RunningGateway) -> None:
    stream = frames(chunk({"content": "one two"}), chunk({}, "stop"), end="")
    with (
        asking(gateway, {CHAT: Script(stream)}) as (client, _),
        client.messages.stream(**ASKED) as told,
    ):
        message = told.get_final_message()
    assert (message.content[0].text, message.stop_reason) == ("one two", "end_turn")


def test_a_server_that_cannot_stream(gateway: RunningGateway) -> None:
    call = {"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}
    reply = chat({"content": "so", "tool_calls": [call]}, "tool_calls")
    with (
        asking(gateway, {CHAT: Script(reply)}) as (client, _),
        client.messages.stream(**ASKED) as told,
    ):
        message = told.get_final_message()
    assert message.content[0].text == "so"
    assert message.content[1].input == {"a": 1}
    assert message.usage.output_tokens == 20


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize(
    ("body", "told"),
    [({"error": {"message": "out of order", "type": "t"}}, "out of order"), ([1], "not JSON")],
)
def test_what_is_no_reply_is_an_error(
    gateway: RunningGateway, body: Any, told: str, is_stream: bool
) -> None:
    with (
        asking(gateway, {CHAT: Script(body)}) as (client, _),
        pytest.raises(anthropic.APIStatusError, match=told) as caught,
    ):
        list(client.messages.create(**ASKED, stream=is_stream))
    assert caught.value.body["type"] == "error"


def test_an_error_inside_a_stream(gateway: RunningGateway) -> None:
    fault = {"error": {"message": "slow down", "type": "rate_limit_error", "code": None}}
    stream = frames(chunk({"content": "one"}), fault, end="")
    with (
        asking(gateway, {CHAT: Script(stream)}) as (client, _),
        client.messages.create(**ASKED, stream=True) as told,
        pytest.raises(anthropic.APIStatusError, match="slow down") as caught,
    ):
        list(told)
    assert caught.value.body["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (400, anthropic.BadRequestError, "invalid_request_error"),
        (429, anthropic.RateLimitError, "rate_limit_error"),
        (500, anthropic.InternalServerError, "api_error"),
        (503, anthropic.InternalServerError, "overloaded_error"),
    ],
)
def test_an_error_of_a_chat_is_put_into_the_form(
    gateway: RunningGateway, status: int, error: Any, kind: str
) -> None:
    body = {"error": {"message": "so it is", "type": "x", "param": None, "code": None}}
    script = {CHAT: Script(body, status, {"retry-after": "7"})}
    with asking(gateway, script) as (client, _), pytest.raises(error) as caught:
        client.messages.create(**ASKED)
    told = caught.value.body
    assert (told["type"], told["error"]) == ("error", {"type": kind, "message": "so it is"})
    assert caught.value.response.headers["retry-after"] == "7"
    assert last_row(gateway)["quota"] == 0


def test_models_that_think_get_the_newer_limit(gateway: RunningGateway) -> None:
    script = {CHAT: Script(chat({"content": "hello"}))}
    with asking(gateway, script, "gpt-5-mini") as (client, server):
        client.messages.create(**ASKED | {"model": "gpt-5-mini"})
    assert server.asked[-1].body["max_completion_tokens"] == 100
    assert "max_tokens" not in server.asked[-1].body


# A channel that knows the dialect.

NATIVE = {
    "id": "msg_up",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "text", "text": "hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 10,
        "cache_creation_input_tokens": 30,
        "cache_read_input_tokens": 20,
        "output_tokens": 5,
    },
}
STARTED = {"input_tokens": 10, "cache_read_input_tokens": 20, "output_tokens": 1}
NATIVE_STREAM = (
    {"type": "message_start", "message": NATIVE | {"content": [], "usage": STARTED}},
    {"type": "ping"},
    {
        "type": "content_block_start",
        "index": 0,
        "content_block": {"type": "text", "text": ""},
    },
    {
        "type": "content_block_delta",
        "index": 0,
        "delta": {"type": "text_delta", "text": "hello there"},
    },
    {"type": "content_block_stop", "index": 0},
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 7, "input_tokens": None},
    },
    {"type": "message_stop"},
)


def test_a_native_call_passes_through(gateway: RunningGateway) -> None:
    odd = {"context_management": {"edits": []}, "top_k": 5, "mcp_servers": [{"a": 1}]}
    with asking(gateway, {MESSAGES: Script(NATIVE)}) as (client, server):
        reply = client.messages.create(
            **ASKED,
            extra_body=odd,
            extra_headers={"anthropic-beta": "b1,b2", "x-api-key": gateway.key},
        )
    (call,) = server.asked
    assert call.body == ASKED | odd
    assert call.headers["anthropic-version"] == client.default_headers["anthropic-version"]
    assert call.headers["anthropic-beta"] == "b1,b2"
    assert gateway.key not in str(call.headers)
    assert (reply.id, reply.model) == ("msg_up", MODEL)
    row = last_row(gateway)
    assert row["quota"] == price(
        prompt=10, cached=20, cache_write=30, completion=5, cache_apart=True
    )


def test_a_native_stream_passes_through(gateway: RunningGateway) -> None:
    with (
        asking(gateway, {MESSAGES: Script(events(*NATIVE_STREAM))}) as (client, _),
        client.messages.stream(**ASKED) as told,
    ):
        message = told.get_final_message()
    assert (message.model, message.content[0].text) == (MODEL, "hello there")
    assert message.usage.output_tokens == 7
    assert last_row(gateway)["quota"] == price(prompt=10, cached=20, completion=7, cache_apart=True)


def test_a_native_stream_keeps_its_bytes(gateway: RunningGateway) -> None:
    with asking(gateway, {MESSAGES: Script(events(*NATIVE_STREAM))}):
        reply = httpx2.post(
            f"{gateway.base_url}/messages",
            headers={"x-api-key": gateway.key},
            json=ASKED | {"stream": True},
        )
    names = [line[7:] for line in reply.text.splitlines() if line.startswith("event: ")]
    assert names == [event["type"] for event in NATIVE_STREAM]
    assert ": nexhina-quota" in reply.text


def test_a_native_stream_that_breaks_is_counted_by_its_text(gateway: RunningGateway) -> None:
    with (
        asking(gateway, {MESSAGES: Script(events(*NATIVE_STREAM[:4]))}) as (client, _),
        client.messages.create(**ASKED, stream=True) as told,
        pytest.raises(anthropic.APIStatusError),
    ):
        list(told)
    row = last_row(gateway)
    assert (row["completion_tokens"], json.loads(row["other"])["stream_status"]) == (
        2,
        {"end_reason": "eof"},
    )


@pytest.mark.parametrize(("status", "kind"), [(404, "not_found"), (429, "rate_limit"), (529, "o")])
def test_a_native_error_passes_through(gateway: RunningGateway, status: int, kind: str) -> None:
    body = {
        "type": "error",
        "error": {"type": f"{kind}_error", "message": "model: x"},
        "request_id": "req_up",
    }
    with (
        asking(gateway, {MESSAGES: Script(body, status)}) as (client, server),
        pytest.raises(anthropic.APIStatusError) as caught,
    ):
        client.messages.create(**ASKED)
    assert (caught.value.status_code, caught.value.body) == (status, body)
    assert [call.path for call in server.asked] == [MESSAGES]


def test_a_native_error_event_ends_the_stream(gateway: RunningGateway) -> None:
    fault = {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}
    with (
        asking(gateway, {MESSAGES: Script(events(*NATIVE_STREAM[:4], fault))}) as (client, _),
        client.messages.create(**ASKED, stream=True) as told,
        pytest.raises(anthropic.APIStatusError, match="busy"),
    ):
        list(told)
