"""What passes through a stream: unchanged but for the name, unasked usage and the end marker."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import Upstream
from nexhina_nb.gateway.answers import renamed
from nexhina_nb.gateway.taps.chat import ChatTap, as_stream
from nexhina_nb.gateway.taps.events import EventTap, Grammar
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.wire.accumulate import ChatAccumulator
from nexhina_nb.wire.sse import Decoder, Event, encode

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}


def chunk(model: str = "m", spaced: bool = False, **fields: Any) -> bytes:
    body = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": model} | fields
    return encode(json.dumps(body) if spaced else json.dumps(body, separators=(",", ":")))


def text(piece: str, model: str = "m", index: int = 0, **options: Any) -> bytes:
    choice = {"index": index, "delta": {"content": piece}, "finish_reason": None}
    return chunk(model, choices=[choice], **options)


def finish(index: int = 0, **fields: Any) -> bytes:
    return chunk(choices=[{"index": index, "delta": {}, "finish_reason": "stop"}], **fields)


def payloads(frames: list[bytes]) -> list[Any]:
    return [json.loads(frame.removeprefix(b"data: ")) for frame in frames]


STREAM = [text("Hello, "), text("you"), finish(), chunk(choices=[], usage=USAGE), DONE]


@given(st.lists(st.integers(1, 40), max_size=30))
def test_any_split_gives_the_same(sizes: list[int]) -> None:
    whole, tap, out = b"".join(STREAM), ChatTap("m", wants_usage=True), []
    for size in sizes:
        out += tap.feed(whole[:size])
        whole = whole[size:]
    out += tap.feed(whole)
    assert b"".join(out) == b"".join(STREAM[:-1])
    assert (tap.done, tap.complete, tap.failed) == (True, True, False)
    assert tap.usage == USAGE
    assert tap.text() == "Hello, you"


def test_usage_that_nobody_asked_for_is_read_and_taken_out() -> None:
    tap = ChatTap("m", wants_usage=False)
    assert tap.feed(b"".join(STREAM)) == STREAM[:3]
    assert tap.usage == USAGE


def test_usage_beside_choices_is_stripped_and_the_choices_stay() -> None:
    tap = ChatTap("m", wants_usage=False)
    (passed,) = payloads(tap.feed(finish(usage=USAGE)))
    assert passed == payloads([finish()])[0]
    (null,) = payloads(tap.feed(text("x", usage=None)))
    assert "usage" not in null
    assert tap.usage == USAGE


def test_the_last_usage_with_tokens_counts() -> None:
    tap = ChatTap("m", wants_usage=True)
    empty = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    tap.feed(chunk(choices=[], usage=USAGE) + chunk(choices=[], usage=empty))
    assert tap.usage == USAGE


@pytest.mark.parametrize("spaced", [False, True])
@pytest.mark.parametrize("name", ["upstream-1", "c", "Hello", 'a/b \\ "quoted" é'])
def test_the_name_is_the_one_that_was_asked_for_and_nothing_else_changes(
    name: str, spaced: bool
) -> None:
    tap = ChatTap("asked", wants_usage=False)
    said = f'say "model":"{name}"'
    out = payloads(tap.feed(text(said, name, spaced=spaced) + text(name, name, spaced=spaced)))
    assert [row["model"] for row in out] == ["asked", "asked"]
    assert [row["choices"][0]["delta"]["content"] for row in out] == [said, name]
    assert [row["id"] for row in out] == ["c", "c"]


def test_a_first_chunk_without_a_name_changes_nothing() -> None:
    tap = ChatTap("asked", wants_usage=True)
    first = chunk("", choices=[])
    assert tap.feed(first) == [first]
    (second,) = payloads(tap.feed(text("", "up")))
    assert (second["model"], second["id"]) == ("asked", "c")
    assert second["choices"][0]["delta"]["content"] == ""


@pytest.mark.parametrize(
    "marker",
    [DONE, b"data:[DONE]\n\n", b"event: end\r\ndata: [DONE]\r\n\r\n", b"data: [DONE] \n\n"],
)
def test_the_end_marker_is_held_back_however_it_is_written(marker: bytes) -> None:
    tap = ChatTap("m", wants_usage=True)
    assert tap.feed(marker + text("late")) == []
    assert tap.done
    assert tap.feed(text("later")) == []


def test_a_stream_is_complete_when_every_choice_has_ended() -> None:
    tap = ChatTap("m", wants_usage=True)
    tap.feed(text("a", spaced=True))
    assert not tap.complete
    tap.feed(text("b", index=1) + finish(0))
    assert not tap.complete
    tap.feed(finish(1))
    assert tap.complete


def test_a_last_frame_without_its_blank_line_counts() -> None:
    tap = ChatTap("m", wants_usage=True)
    assert tap.feed(text("a") + finish().rstrip()) == [text("a")]
    assert payloads(tap.finish()) == payloads([finish()])
    assert tap.complete


def test_an_upstreams_own_bill_is_not_passed_on() -> None:
    tap = ChatTap("m", wants_usage=True)
    assert tap.feed(b": nexhina-quota 999\n\n: ping\n\n") == [b": ping\n\n"]


def test_an_error_frame_is_passed_on_and_noticed() -> None:
    frame = encode(b'{"error":{"message":"boom"}}')
    tap = ChatTap("m", wants_usage=True)
    assert tap.feed(frame) == [frame]
    assert tap.failed


def test_tool_calls_and_thoughts_count_as_text() -> None:
    call = {"index": 0, "function": {"name": "look", "arguments": '{"a":1}'}}
    delta = {"reasoning_content": "hm", "tool_calls": [call]}
    tap = ChatTap("m", wants_usage=True)
    tap.feed(chunk(choices=[{"index": 0, "delta": delta, "finish_reason": None}]))
    assert tap.text() == 'hmlook{"a":1}'


KEYS = ["choices", "delta", "index", "finish_reason", "usage", "model", "tool_calls", "function"]
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(ANY_JSON, st.booleans())
def test_json_of_any_shape_never_crashes(value: Any, wants_usage: bool) -> None:
    tap = ChatTap("asked", wants_usage=wants_usage)
    tap.feed(encode(json.dumps(value)))
    tap.text()
    assert tap.usage is None or isinstance(tap.usage, dict)


@given(st.binary(max_size=400))
def test_junk_never_crashes(junk: bytes) -> None:
    tap = ChatTap("m", wants_usage=False)
    tap.feed(b"data: " + junk + b"\n\n")
    tap.finish()
    tap.text()


def test_the_name_in_a_plain_reply() -> None:
    body = b'{"choices":[{"message":{"content":"up"}}],"model":"up"}'
    out = json.loads(renamed(json.loads(body), body, "asked"))
    assert out == {"choices": [{"message": {"content": "up"}}], "model": "asked"}
    assert renamed({"model": "asked"}, body, "asked") is body
    assert renamed({}, body, "asked") is body


def test_a_whole_answer_as_a_stream_says_the_same() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": "hi", "tool_calls": [call]}
    whole = {
        "id": "x", "object": "chat.completion", "created": 1, "model": "m", "usage": USAGE,
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }  # fmt: skip
    joined = ChatAccumulator()
    for event in Decoder().feed(as_stream(whole)):
        assert isinstance(event, Event)
        if not event.done:
            joined.add(json.loads(event.data))
    dumped = joined.response().dump()
    assert dumped["choices"][0]["message"] == message
    assert dumped["choices"][0]["finish_reason"] == "tool_calls"
    assert dumped["usage"] == USAGE


EVENTS = Grammar(ends=frozenset({"done"}), usage=lambda event: event.get("usage"))


@given(st.lists(st.integers(1, 40), max_size=30))
def test_any_split_of_typed_events_gives_the_same(sizes: list[int]) -> None:
    sent = [
        encode(json.dumps({"type": "piece", "text": "ü"}), "piece"),
        b": a comment\n\n",
        encode(json.dumps({"type": "done", "usage": USAGE}), "done"),
    ]
    whole, tap, out = b"".join(sent), EventTap("m", EVENTS), []
    for size in sizes:
        out += tap.feed(whole[:size])
        whole = whole[size:]
    out += tap.feed(whole)
    assert b"".join(out) == b"".join(sent[:-1])
    assert (tap.done, tap.failed, tap.usage) == (True, False, USAGE)
    assert tap.closing(Tokens()) == (b"", sent[-1])


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_no_junk_breaks_a_tap_of_events(chunks: list[bytes]) -> None:
    tap = EventTap("m", EVENTS)
    for chunk_ in chunks:
        tap.feed(chunk_)
    tap.feed(encode('{"type": ["done"]}') + encode("[DONE]") + encode("7"))
    tap.finish()
    assert not tap.failed


def test_the_last_of_several_endings_is_the_end() -> None:
    tap = EventTap("m", EVENTS, endings=2)
    end = encode(json.dumps({"type": "done"}), "done")
    assert (tap.feed(end), tap.done) == ([end], False)
    assert (tap.feed(end), tap.done) == ([], True)


def test_an_error_from_here_goes_on_counting() -> None:
    tap = EventTap("m", EVENTS)
    tap.feed(encode(json.dumps({"type": "piece", "sequence_number": 4})))
    frame = tap.fault(Upstream("it broke", code="stream_broken"))
    assert frame.startswith(b"event: error\n")
    told = json.loads(frame.partition(b"data: ")[2])
    assert (told["sequence_number"], told["error"]["code"]) == (5, "stream_broken")
