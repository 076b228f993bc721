from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given, strategies as st

from nexhina_nb import errors
from nexhina_nb.client.chat_stream import ChatState
from nexhina_nb.client.replies import Form
from tests.client.flows import TARGET, answer
from tests.client.mock_server import DONE, USAGE, chat_body, chunk, frames

WHOLE = b"".join(frames("Grüß", " dich, ", "世界 🌍", quota=9))
TEXT = "Grüß dich, 世界 🌍"


def state(content_type: str = "text/event-stream", form: Form | None = None) -> ChatState:
    response = answer(b"", content_type=content_type, x_oneapi_request_id="r1")
    return ChatState(TARGET, response, form or Form())


def run(stream: ChatState, *parts: bytes) -> list[str]:
    pieces = [piece for part in parts for piece in stream.feed(part)]
    return pieces + list(stream.end())


def test_pieces_and_the_reply() -> None:
    stream = state()
    assert run(stream, WHOLE) == ["Grüß", " dich, ", "世界 🌍"]
    reply = stream.reply
    assert reply.text == stream.text == TEXT
    assert (reply.finish_reason, reply.model, reply.request_id) == ("stop", "gpt-4o", "r1")
    assert reply.usage is not None
    assert reply.usage.total_tokens == 15
    assert (reply.cost.quota, reply.cost.source) == (9, "gateway")


@given(st.lists(st.integers(0, len(WHOLE)), max_size=12))
def test_any_split_gives_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(WHOLE)]
    stream = state()
    pieces = run(stream, *(WHOLE[a:b] for a, b in itertools.pairwise(edges)))
    assert "".join(pieces) == TEXT
    assert stream.reply.raw.dump()["choices"][0]["message"]["content"] == TEXT
    assert stream.reply.cost.quota == 9


@given(st.integers(0, WHOLE.index(b'"finish_reason": "stop"')))
def test_a_cut_stream_is_broken_and_keeps_what_came(cut: int) -> None:
    stream = state()
    pieces = list(stream.feed(WHOLE[:cut]))
    with pytest.raises(errors.StreamBroken) as caught:
        pieces.extend(stream.end())
    assert caught.value.partial == stream.text == "".join(pieces)
    assert "resume=2" in str(caught.value)
    assert TEXT.startswith(stream.text)
    with pytest.raises(errors.NexhinaError, match="not come to its end"):
        _ = stream.reply


def test_finished_without_done_is_finished() -> None:
    stream = state()
    assert run(stream, chunk({"content": "x"}), chunk({}, "stop")) == ["x"]
    assert stream.reply.text == "x"


def test_done_without_finish_is_done() -> None:
    stream = state()
    assert run(stream, chunk({"content": "x"}), DONE, b"data: not read any more\n\n") == ["x"]
    assert stream.reply.finish_reason is None


def test_the_last_line_may_lack_its_end() -> None:
    stream = state()
    assert run(stream, chunk({"content": "x"}), b"data: [DONE]") == ["x"]
    assert stream.reply.text == "x"


def test_comments_empty_lines_and_other_fields_are_passed_over() -> None:
    noise = b": PING\n\n: nexhina-quotas 5\n\ndata:\n\nevent: x\nid: 3\nretry: 5\n\n"
    stream = state()
    assert run(stream, noise, chunk({"content": "x"}), noise, DONE) == ["x"]
    assert stream.reply.cost.source is None


def test_several_choices_interleave() -> None:
    def piece(index: int, text: str, finish: str | None = None) -> bytes:
        choice = {"index": index, "delta": {"content": text}, "finish_reason": finish}
        return b"data: %s\n\n" % json.dumps({"choices": [choice]}).encode()

    stream = state()
    parts = [piece(1, "B"), piece(0, "A"), piece(1, "b", "stop"), piece(0, "a", "stop")]
    assert run(stream, *parts) == ["A", "a"]
    assert stream.reply.texts == ["Aa", "Bb"]


def test_tool_calls_are_joined() -> None:
    def call(**parts: Any) -> bytes:
        return chunk({"tool_calls": [{"index": 0} | parts]})

    stream = state()
    run(
        stream,
        call(id="c1", type="function", function={"name": "f", "arguments": ""}),
        call(function={"arguments": '{"a"'}),
        call(function={"arguments": ":1}"}),
        chunk({}, "tool_calls"),
        DONE,
    )
    (made,) = stream.reply.tool_calls
    assert made.function is not None
    assert (made.id, made.function.name, made.function.arguments) == ("c1", "f", '{"a":1}')


def test_an_error_in_the_stream_is_a_typed_error() -> None:
    detail = {"message": "slow down, sk-very-secret", "type": "x", "code": "rate_limit_exceeded"}
    frame = b"data: " + json.dumps({"error": detail}).encode() + b"\n\n"
    stream = state()
    pieces: list[str] = []
    with pytest.raises(errors.RateLimited, match="slow down") as caught:
        pieces.extend(stream.feed(chunk({"content": "so far"}) + frame))
    assert pieces == ["so far"]
    assert stream.text == "so far"
    assert caught.value.request_id == "r1"
    assert "secret" not in f"{caught.value} {caught.value.body!r}"


def test_something_else_than_chunks() -> None:
    stream = state()
    with pytest.raises(errors.StreamBroken, match="no event") as caught:
        run(stream, chunk({"content": "x"}), b"data: <html>\n\n")
    assert caught.value.partial == "x"


def test_an_empty_stream() -> None:
    with pytest.raises(errors.StreamBroken):
        run(state(), b"")
    with pytest.raises(errors.Upstream, match="no choices"):
        run(state(), DONE)


def test_a_server_that_does_not_stream() -> None:
    stream = state("application/json; charset=utf-8")
    body = json.dumps(chat_body("whole")).encode()
    assert run(stream, body[:20], body[20:]) == ["whole"]
    assert stream.reply.text == "whole"
    with pytest.raises(errors.Upstream, match="neither"):
        run(state("application/json"), b"<html>")
    with pytest.raises(errors.ModelNotFound):
        run(state("application/json"), b'{"error": {"code": "model_not_found", "message": "m"}}')


def test_the_form_goes_along() -> None:
    stream = state(form=Form(None, True))
    run(stream, *frames('{"a"', ": 1}"))
    assert stream.reply.parsed == {"a": 1}


LINES = st.one_of(
    st.binary(max_size=30),
    st.sampled_from([chunk({"content": "x"}), chunk({}, "stop"), DONE, chunk(None, usage=USAGE)]),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["choices", "delta", "index", "content", "error", "usage", "id"]),
                inner,
                max_size=4,
            )
        ),
    ).map(lambda value: b"data: " + json.dumps(value).encode() + b"\n\n"),
)


@given(st.lists(LINES, max_size=8))
def test_junk_raises_only_typed_errors(parts: list[bytes]) -> None:
    stream = state()
    try:
        pieces = run(stream, *parts)
    except errors.NexhinaError:
        assert isinstance(stream.text, str)
        return
    assert isinstance("".join(pieces), str)
    assert isinstance(stream.reply.text, str)
