"""Server-sent events: whatever the bytes and however they are split (contract 4)."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import pairwise

import pytest
from hypothesis import example, given, strategies as st

from nexhina_nb.errors import BadInput, Upstream
from nexhina_nb.wire.sse import DONE, Comment, Decoder, Event, FrameSplitter, comment, encode
from tests.wire.samples import LETTERS

# Bytes that matter to the format, so that random ones hit it often.
BYTES = st.lists(
    st.sampled_from(
        [
            *(b"\r", b"\n", b"\r\n", b"\n\n", b":", b" ", b"x", b"\xff", b"\0", b"\xef\xbb\xbf"),
            *(b"data:", b"data", b"event: e", b"id: 7", b"id:", b": hi", b"retry: 5"),
            "é€😀".encode(),
        ]
    ),
    max_size=30,
).map(b"".join)
CUTS = st.lists(st.integers(0, 200), max_size=12)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    return [data[a:b] for a, b in pairwise(edges)]


def decoded(parts: list[bytes]) -> list[Event | Comment]:
    decoder = Decoder()
    return [item for part in parts for item in decoder.feed(part)] + decoder.finish()


def split(parts: list[bytes]) -> tuple[list[bytes], bytes]:
    splitter = FrameSplitter()
    frames = [frame for part in parts for frame in splitter.feed(part)]
    return frames, splitter.rest()


def test_a_chat_stream() -> None:
    stream = b'data: {"a":1}\n\n: PING\n\ndata: {"a":2}\n\n: nexhina-quota 7\n\n' + DONE
    items = decoded([stream])
    assert items == [
        Event('{"a":1}'),
        Comment("PING"),
        Event('{"a":2}'),
        Comment("nexhina-quota 7"),
        Event("[DONE]"),
    ]
    assert [isinstance(item, Event) and item.done for item in items] == [False] * 4 + [True]


def test_all_fields() -> None:
    stream = b"event: add\ndata: one\ndata:two\ndata\nid: 4\nretry: 1500\nother: x\n\ndata: 3\n\n"
    assert decoded([stream]) == [Event("one\ntwo\n", "add", "4", 1500), Event("3", None, "4")]


@pytest.mark.parametrize("end", [b"\n", b"\r", b"\r\n"])
def test_every_line_end_at_every_split(end: bytes) -> None:
    stream = end.join(
        [b"\xef\xbb\xbf: c", b"event: e", "data: é€😀".encode(), b"", b"data: 2", b"", b""]
    )
    expected = [Comment("c"), Event("é€😀", "e"), Event("2")]
    for cut in range(len(stream) + 1):
        assert decoded([stream[:cut], stream[cut:]]) == expected
    assert decoded([bytes([byte]) for byte in stream]) == expected


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"", []),
        (b"\n\n\n", []),
        (b"event: only\n\n", []),
        (b"event: lost\n\ndata: x\n\n", [Event("x")]),
        (b"data:\n\n", [Event("")]),
        (b"data:  two spaces\n\n", [Event(" two spaces")]),
        (b"data: a:b\n\n", [Event("a:b")]),
        (b"retry: soon\ndata: x\n\n", [Event("x")]),
        (b"retry: \xc2\xb2\ndata: x\n\n", [Event("x")]),
        (b"id: a\0b\ndata: x\n\n", [Event("x")]),
        (b"data: \xff\n\n", [Event("\ufffd")]),
        (b"data: x\n\n\xef\xbb\xbfdata: y\n\n", [Event("x")]),
        (b"data: cut", [Event("cut", cut=True)]),
        (b"data: cut\n", [Event("cut", cut=True)]),
        (b"data: x\n\n: bye", [Event("x"), Comment("bye")]),
    ],
)
def test_corners(stream: bytes, expected: list[Event | Comment]) -> None:
    assert decoded([stream]) == expected


def test_an_event_is_given_out_as_soon_as_it_is_whole() -> None:
    decoder = Decoder()
    assert decoder.feed(b"data: x\r\n\r") == [Event("x")]
    assert decoder.feed(b"\n") == []
    assert decoder.feed(b"") == []
    assert decoder.finish() == []


@given(BYTES | st.binary(max_size=200), CUTS)
@example(b"data: x\r\n\r\ndata: y\r\r", [8, 9, 10])
def test_splits_do_not_matter(data: bytes, cuts: list[int]) -> None:
    parts = pieces(data, cuts)
    assert decoded(parts) == decoded([data])
    assert split(parts) == split([data])


@given(BYTES | st.binary(max_size=200), CUTS)
def test_frames_are_the_input(data: bytes, cuts: list[int]) -> None:
    frames, rest = split(pieces(data, cuts))
    assert b"".join(frames) + rest == data
    assert all(frame.endswith((b"\n", b"\r")) for frame in frames)


@given(BYTES, CUTS)
def test_frames_one_by_one_say_what_the_stream_says(data: bytes, cuts: list[int]) -> None:
    frames, _ = split(pieces(data, cuts))
    whole = [item for item in decoded(frames) if isinstance(item, Event)]
    alone = [item for frame in frames for item in decoded([frame]) if isinstance(item, Event)]
    # The mark at the start of a stream is one; at the start of a later frame it is text.
    if b"\xef\xbb\xbf" not in data:
        assert [item.data for item in alone] == [item.data for item in whole]
        assert not any(item.cut for item in alone)


LINES = st.text(LETTERS, max_size=40)
NAMES = st.text(LETTERS.filter(lambda letter: letter not in "\r\n"), min_size=1, max_size=10)


@given(st.lists(st.tuples(LINES, st.none() | NAMES), max_size=5), CUTS)
def test_what_is_encoded_is_decoded(rows: list[tuple[str, str | None]], cuts: list[int]) -> None:
    stream = b"".join(encode(data, event) + comment(data) for data, event in rows)
    events = [item for item in decoded(pieces(stream, cuts)) if isinstance(item, Event)]
    # Lines are kept; which of the three line ends there were is not.
    assert events == [
        Event(data.replace("\r\n", "\n").replace("\r", "\n"), event) for data, event in rows
    ]
    assert split([stream])[1] == b""
    assert len(split([stream])[0]) == 2 * len(rows)


def test_encoding() -> None:
    assert encode("x") == encode(b"x") == b"data: x\n\n"
    assert encode("a\nb\r\nc", "e") == b"event: e\ndata: a\ndata: b\ndata: c\n\n"
    assert encode("[DONE]") == DONE
    assert comment("nexhina-quota 7") == b": nexhina-quota 7\n\n"
    for name in ("a\nb", "a\rb"):
        with pytest.raises(BadInput):
            encode("x", name)


def test_a_frame_waits_for_the_second_half_of_its_end() -> None:
    splitter = FrameSplitter()
    assert splitter.feed(b"data: x\r\n\r") == []
    assert splitter.feed(b"") == []
    assert splitter.feed(b"\ndata") == [b"data: x\r\n\r\n"]
    assert splitter.rest() == b"data"
    assert splitter.rest() == b""


@pytest.mark.parametrize("end", [b"", b"\n"])
@pytest.mark.parametrize("make", [Decoder, FrameSplitter])
def test_what_is_too_large_is_refused(
    make: Callable[[int], Decoder | FrameSplitter], end: bytes
) -> None:
    reader = make(1000)
    for _ in range(100):
        reader.feed(b"data: x" + end)
    with pytest.raises(Upstream) as caught:
        reader.feed((b"data: x" + end) * 100)
    assert caught.value.code == "bad_response_body"
    reader = make(1000)
    for _ in range(300):
        reader.feed(b"data: x\n\n")


@pytest.mark.parametrize("make", [Decoder, FrameSplitter])
def test_a_huge_line_in_tiny_pieces_takes_linear_time(
    make: Callable[[], Decoder | FrameSplitter],
) -> None:
    def seconds(size: int) -> float:
        reader, piece = make(), b"xxxxxxxx"
        began = time.process_time()
        for _ in range(size // 8):
            reader.feed(piece)
        return time.process_time() - began

    seconds(80_000)
    # Quadratic work would take 64 times as long for 8 times as much.
    assert seconds(1_600_000) < 24 * max(seconds(200_000), 0.002)
