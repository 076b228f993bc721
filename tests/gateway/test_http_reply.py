"""The reading of answers, without a socket: grammar, bounds, and bytes that nobody would send."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.errors import StreamBroken, Upstream
from nexhina_nb.gateway.upstreams.reply import Reply

LIMIT = 4096
OK = b"HTTP/1.1 200 OK\r\n"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNKED = CHUNKED_HEAD + b"2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: 1\r\n\r\n"
UNTIL_EOF = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a: 2\r\n\r\nhello"
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
NO_BODY = b"HTTP/1.1 204 No Content\r\n\r\n"
VALID = [LENGTH, CHUNKED, UNTIL_EOF, INTERIM + LENGTH, INTERIM * 3 + CHUNKED, NO_BODY]


def play(*reads: bytes, end: bool = True) -> tuple[Reply, bytes, Exception | None]:
    """Feed reads, then the end of the connection: the reply, its body, and how it failed."""
    reply = Reply(LIMIT)
    error: Exception | None = None
    try:
        for data in reads:
            if not reply.complete:  # a connection stops reading there
                reply.feed(data)
        if end:
            reply.feed_eof()
    except (Upstream, StreamBroken) as caught:
        error = caught
    return reply, reply.take() if reply.pieces else b"", error


def cut(data: bytes, points: list[int]) -> list[bytes]:
    edges = [0, *sorted(point % (len(data) + 1) for point in points), len(data)]
    return [data[a:b] for a, b in pairwise(edges) if a < b]


def split() -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(0, 10_000), max_size=12)


@given(st.sampled_from(VALID), split())
def test_any_split_of_an_answer_reads_the_same(data: bytes, points: list[int]) -> None:
    whole, body, error = play(data)
    parts, parts_body, parts_error = play(*cut(data, points))

    assert error is None
    assert parts_error is None
    assert (parts.status, parts.headers, parts_body) == (whole.status, whole.headers, body)
    assert body == (b"" if data is NO_BODY else b"hello")
    assert parts.complete


@given(st.sampled_from(VALID), st.integers(0, 200), split())
def test_any_answer_cut_anywhere_is_known_to_be_cut(
    data: bytes, end: int, points: list[int]
) -> None:
    if end >= len(data) or (data is UNTIL_EOF and end >= data.index(b"\r\n\r\n") + 4):
        return  # whole, or without any mark of its end
    reply, body, error = play(*cut(data[:end], points))

    assert isinstance(error, StreamBroken if reply.head_done else Upstream)
    assert b"hello".startswith(body)
    assert not reply.complete


FRAGMENTS = [
    b"HTTP/1.1 ", b"HTTP/1.0 ", b"200 OK", b"100 Continue", b"101 X", b"204 N", b"999 X", b"000 X",
    b"\r\n", b"\r\n\r\n", b"\n", b"\r", b"\0", b":", b" ", b"Content-Length: 5\r\n", b"fffffff\r\n",
    b"Content-Length: 9999999999999999999\r\n", b"Transfer-Encoding: chunked\r\n",
    b"5\r\nhello\r\n", b"0\r\n\r\n", b"Transfer-Encoding: gzip\r\n", b"Connection: close\r\n",
    b"Upgrade: h2c\r\n",
    b"Connection: Upgrade\r\n", b"X: \xff\xfe\r\n", b"hello", b"Set-Cookie: a\r\n", b"PRI * HTTP/2",
]  # fmt: skip


@settings(max_examples=400)
@given(
    st.one_of(
        st.binary(max_size=400),
        st.lists(st.sampled_from(FRAGMENTS), max_size=14).map(b"".join),
        st.tuples(st.sampled_from(VALID), st.integers(0, 100), st.sampled_from(FRAGMENTS)).map(
            lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] :]
        ),
    ),
    split(),
)
def test_no_bytes_raise_anything_but_the_documented_errors(data: bytes, points: list[int]) -> None:
    reply, body, error = play(*cut(data, points))

    assert reply.complete == (error is None)  # it ends: whole, or in an error
    assert isinstance(error, Upstream | StreamBroken | None)
    if isinstance(error, Upstream):
        assert (reply.status, body) == (0, b"")
    elif data:
        assert 200 <= reply.status <= 599


@given(st.sampled_from(VALID), st.binary(min_size=1, max_size=50))
def test_bytes_after_an_answer_never_change_it(data: bytes, more: bytes) -> None:
    if data is UNTIL_EOF:
        return
    reply, body, error = play(data + more)

    assert error is None
    assert body == (b"" if data is NO_BODY else b"hello")
    if more.strip(b"\r\n"):  # empty lines between answers are harmless, and allowed
        assert not reply.is_reusable


def test_a_read_after_the_end_only_spoils_the_connection() -> None:
    reply, body, _ = play(LENGTH)
    reply.feed(LENGTH)

    assert (body, reply.pieces, reply.is_reusable) == (b"hello", [], False)


@pytest.mark.parametrize(
    "head",
    [
        OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
        b"HTTP/1.1 099 No\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 700 No\r\nContent-Length: 5\r\n\r\nhello",
        b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nhello",
    ],
)
def test_an_answer_whose_length_or_kind_is_in_doubt_is_refused(head: bytes) -> None:
    _, body, error = play(head)

    assert isinstance(error, Upstream)
    assert error.code == "bad_response_body"
    assert body == b""


@pytest.mark.parametrize(
    ("data", "is_reusable"),
    [
        (LENGTH, True),
        (CHUNKED, True),
        (NO_BODY, True),
        (UNTIL_EOF, False),
        (LENGTH.replace(b"1.1", b"1.0"), False),
        (LENGTH.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), False),
    ],
)
def test_only_a_connection_that_is_to_stay_is_used_again(data: bytes, is_reusable: bool) -> None:
    assert play(data)[0].is_reusable is is_reusable


def test_repeated_headers_are_joined_and_trailers_are_not_headers() -> None:
    assert play(UNTIL_EOF)[0].headers == {"x-a": "1, 2"}
    assert play(CHUNKED)[0].headers == {}


def test_a_head_within_the_limit_passes_with_a_body_that_is_not() -> None:
    body = bytes(LIMIT * 4)
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body)

    assert play(head + body)[1] == body


@pytest.mark.parametrize("size", [1, 1000, 1_000_000])
@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n" + b"X: %b\r\n" % (b"x" * 500) * 20 + b"Content-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 10_000,
        CHUNKED_HEAD + b"5;" + b"x" * 10_000,
        CHUNKED_HEAD + b"0\r\nX: " + b"x" * 10_000,
    ],
    ids=["headers", "header", "extension", "trailer"],
)
def test_what_is_no_body_is_bounded_however_it_comes(data: bytes, size: int) -> None:
    reads = [data[start : start + size] for start in range(0, len(data), size)]
    _, _, error = play(*reads, end=False)

    assert isinstance(error, Upstream | StreamBroken)
    assert "4096 bytes of headers" in str(error)


def test_interim_answers_do_not_go_on_for_ever() -> None:
    _, _, error = play(*[INTERIM] * 200, LENGTH)

    assert isinstance(error, Upstream)
    assert "4096 bytes of headers" in str(error)


def test_a_long_stream_of_short_chunks_stays_within_the_bound() -> None:
    chunks = [piece for _ in range(5000) for piece in (b"2\r\n", b"ab\r\n")]
    reply, body, error = play(CHUNKED_HEAD, *chunks, b"0\r\n\r\n")

    assert error is None
    assert reply.complete
    assert body == b"ab" * 5000


def test_a_break_tells_how_much_had_come() -> None:
    error = play(LENGTH[:-2])[2]

    assert isinstance(error, StreamBroken)
    assert "after 3 of 5 bytes" in str(error)
