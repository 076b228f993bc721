"""What passes through a stream: unchanged but for the name, unasked usage and the end marker."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, strategies as st

from nexhina_nb.gateway.relay import StreamTap, rename_model
from nexhina_nb.wire.sse import encode

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def chunk(model: str = "m", **fields: Any) -> bytes:
    body = {"id": "c", "object": "chat.completion.chunk", "model": model} | fields
    return encode(json.dumps(body, separators=(",", ":")))


def text(piece: str, model: str = "m") -> bytes:
    choice = {"index": 0, "delta": {"content": piece}, "finish_reason": None}
    return chunk(model, choices=[choice])


FINISH = chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
STREAM = [text("Hel"), text("lo"), FINISH, chunk(choices=[], usage=USAGE), DONE]


@given(st.lists(st.integers(1, 40), max_size=30))
def test_any_split_gives_the_same(sizes: list[int]) -> None:
    whole, tap, out = b"".join(STREAM), StreamTap("m", wants_usage=True), []
    for size in sizes:
        out += tap.feed(whole[:size])
        whole = whole[size:]
    out += tap.feed(whole)
    assert b"".join(out) == b"".join(STREAM[:-1])
    assert (tap.done, tap.finished, tap.failed) == (True, True, False)
    assert tap.usage == USAGE
    assert tap.text() == "Hello"


def test_usage_that_nobody_asked_for_is_read_and_taken_out() -> None:
    tap = StreamTap("m", wants_usage=False)
    assert tap.feed(b"".join(STREAM)) == STREAM[:3]
    assert tap.usage == USAGE


def test_usage_in_the_finish_chunk_stays_with_it() -> None:
    finish = chunk(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}], usage=USAGE)
    tap = StreamTap("m", wants_usage=False)
    assert tap.feed(finish) == [finish]
    assert tap.usage == USAGE


def test_the_last_usage_with_tokens_counts() -> None:
    tap = StreamTap("m", wants_usage=True)
    empty = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    tap.feed(chunk(choices=[], usage=USAGE) + chunk(choices=[], usage=empty))
    assert tap.usage == USAGE


def test_the_name_is_the_one_that_was_asked_for() -> None:
    tap = StreamTap("asked", wants_usage=False)
    out = tap.feed(text('say "model":"upstream-1"', "upstream-1") + text("x", "upstream-1"))
    payloads = [json.loads(frame[6:]) for frame in out]
    assert [payload["model"] for payload in payloads] == ["asked", "asked"]
    assert payloads[0]["choices"][0]["delta"]["content"] == 'say "model":"upstream-1"'


def test_nothing_comes_after_the_end() -> None:
    tap = StreamTap("m", wants_usage=True)
    assert tap.feed(DONE + text("late")) == []
    assert tap.feed(text("later")) == []


def test_an_error_frame_is_passed_on_and_noticed() -> None:
    frame = encode(b'{"error":{"message":"boom"}}')
    tap = StreamTap("m", wants_usage=True)
    assert tap.feed(frame) == [frame]
    assert tap.failed


def test_tool_calls_and_thoughts_count_as_text() -> None:
    call = {"index": 0, "function": {"name": "look", "arguments": '{"a":1}'}}
    delta = {"reasoning_content": "hm", "tool_calls": [call]}
    tap = StreamTap("m", wants_usage=True)
    tap.feed(chunk(choices=[{"index": 0, "delta": delta, "finish_reason": None}]))
    assert tap.text() == 'hmlook{"a":1}'


@given(st.binary(max_size=400))
def test_junk_never_crashes(junk: bytes) -> None:
    tap = StreamTap("m", wants_usage=False)
    tap.feed(junk + b"\n\n")
    tap.text()


def test_the_name_in_a_plain_reply() -> None:
    body = b'{"id":"x","model":"up","choices":[]}'
    assert json.loads(rename_model(body, "up", "asked"))["model"] == "asked"
    assert rename_model(body, "asked", "asked") is body
    assert rename_model(body, None, "asked") is body
