"""What every upstream promises to the gateway, whatever is behind it.

1.  `send` returns once status and headers are known; the body comes afterwards, as it arrives.
2.  Header names are lower-case; headers that speak of one connection, and cookies, do not pass.
3.  An error status is an answer: status, body and headers (``retry-after``) come unchanged.
4.  No answer at all is an error of a known type: `Upstream` for nothing there or what is no HTTP,
    `UpstreamTimeout` for silence.
5.  A body that ends early raises `StreamBroken` after the bytes that came; it never just ends.
    A body that stalls raises `UpstreamTimeout`.
6.  `aclose` of an answer may be called at any moment and again, and ends the work behind it at
    once; so does cancelling `send`. `aclose` of the upstream ends everything.
7.  The caller's credentials never go upstream, only the upstream's own key; and that appears
    nowhere else.
8.  What was sent is what was meant: the body as JSON, the request id, the chosen headers, nothing
    injected.

The first part holds for every implementation. The second is for those that speak HTTP: they meet
the same misbehaving server (`sick_server`). A new implementation joins by one entry in `EVERY` or
`OVER_HTTP`.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pytest

from nexhina_nb.errors import BadRequest, StreamBroken, Upstream, UpstreamTimeout
from nexhina_nb.gateway.upstreams.base import Answer, Call, UpstreamPort, read
from nexhina_nb.gateway.upstreams.limits import Timeouts
from nexhina_nb.gateway.upstreams.local import LocalUpstream
from nexhina_nb.gateway.upstreams.openai import OpenAIUpstream
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings
from tests.gateway.sick_scenes import ERROR, EVENTS, PLAIN, SCENES
from tests.gateway.sick_server import SickServer

T = TypeVar("T")
KEY = "sk-upstream-0123456789"


@dataclass
class Harness:
    """One implementation, and two calls that it answers: in one piece and as a stream."""

    open: Callable[[Timeouts], UpstreamPort]
    plain: Call
    streamed: Call
    new_loop: Callable[[], asyncio.AbstractEventLoop] | None = None
    timeouts: Timeouts = field(default_factory=Timeouts)

    def run(self, scene: Callable[[UpstreamPort], Awaitable[T]], **timeouts: float) -> T:
        """The result of a scene played with a fresh upstream, which is closed behind it."""

        async def play() -> T:
            upstream = self.open(Timeouts(**timeouts))
            try:
                async with asyncio.timeout(10):
                    return await scene(upstream)
            finally:
                await upstream.aclose()

        with asyncio.Runner(loop_factory=self.new_loop) as runner:
            return runner.run(play())

    def ask(self, call: Call, **timeouts: float) -> tuple[Answer, bytes]:
        """The answer of one call and its whole body."""

        async def scene(upstream: UpstreamPort) -> tuple[Answer, bytes]:
            answer = await upstream.send(call)
            return answer, await read(answer)

        return self.run(scene, **timeouts)


def call(scene: str, **kwargs: Any) -> Call:
    return Call(f"/{scene}", {"model": "m", "messages": []}, **kwargs)


def over_http(base_url: str) -> Harness:
    return Harness(
        open=lambda timeouts: OpenAIUpstream(base_url, Secret(KEY), timeouts=timeouts),
        plain=call("plain"),
        streamed=call("sse", stream=True),
    )


def pooled(server: SickServer, monkeypatch: pytest.MonkeyPatch) -> Harness:
    return over_http(server.url)


def pooled_on_uvloop(server: SickServer, monkeypatch: pytest.MonkeyPatch) -> Harness:
    harness = over_http(server.url)
    harness.new_loop = pytest.importorskip("uvloop").new_event_loop
    return harness


def proxied(server: SickServer, monkeypatch: pytest.MonkeyPatch) -> Harness:
    # The server plays the proxy: a forward proxy is asked like a server, but with the whole URL.
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{server.port}")
    return over_http("http://upstream.test/v1")


def local(server: SickServer, monkeypatch: pytest.MonkeyPatch) -> Harness:
    body = {"model": "local/chat", "messages": [{"role": "user", "content": "What is 6 * 7?"}]}
    return Harness(
        open=lambda timeouts: LocalUpstream(Settings()),
        plain=Call("/chat/completions", body, request_id="req-1"),
        streamed=Call(
            "/chat/completions", body | {"stream": True}, stream=True, request_id="req-1"
        ),
    )


OVER_HTTP = [pooled, pooled_on_uvloop, proxied]
EVERY = [*OVER_HTTP, local]


@pytest.fixture
def server() -> Iterator[SickServer]:
    with SickServer(SCENES) as running:
        yield running


@pytest.fixture(params=EVERY, ids=lambda make: make.__name__)
def every(
    request: pytest.FixtureRequest, server: SickServer, monkeypatch: pytest.MonkeyPatch
) -> Harness:
    return request.param(server, monkeypatch)


@pytest.fixture(params=OVER_HTTP, ids=lambda make: make.__name__)
def http(
    request: pytest.FixtureRequest, server: SickServer, monkeypatch: pytest.MonkeyPatch
) -> Harness:
    return request.param(server, monkeypatch)


# Every upstream.


def test_a_plain_answer_is_one_json_object(every: Harness) -> None:
    answer, body = every.ask(every.plain)

    assert answer.status == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert isinstance(json.loads(body), dict)


def test_header_names_are_lower_case_and_none_is_about_the_connection(every: Harness) -> None:
    answer, _ = every.ask(every.plain)

    assert all(name == name.lower() for name in answer.headers)
    assert not {"connection", "keep-alive", "transfer-encoding", "x-hop", "set-cookie"} & set(
        answer.headers
    )


def test_a_stream_comes_in_pieces_and_to_its_end(every: Harness) -> None:
    async def scene(upstream: UpstreamPort) -> tuple[Answer, list[bytes]]:
        answer = await upstream.send(every.streamed)
        return answer, [piece async for piece in answer.chunks()]

    answer, pieces = every.run(scene)

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert len(pieces) > 1
    assert all(pieces)
    assert b"".join(pieces).endswith(b"data: [DONE]\n\n")


def test_an_answer_may_be_closed_before_during_and_after_reading_and_again(every: Harness) -> None:
    async def scene(upstream: UpstreamPort) -> None:
        unread = await upstream.send(every.streamed)
        await unread.aclose()
        await unread.aclose()

        begun = await upstream.send(every.streamed)
        await anext(aiter(begun.chunks()))
        await begun.aclose()
        await begun.aclose()

        whole = await upstream.send(every.plain)
        await read(whole)
        await whole.aclose()
        await whole.aclose()

        assert (await upstream.send(every.plain)).status == 200  # and it still works

    every.run(scene)


def test_a_closed_answer_does_not_pretend_to_be_complete(every: Harness) -> None:
    async def scene(upstream: UpstreamPort) -> None:
        for call in (every.streamed, every.plain):
            answer = await upstream.send(call)
            await answer.aclose()
            with pytest.raises(StreamBroken):
                await read(answer)

    every.run(scene)


def test_closing_an_upstream_twice_does_no_harm(every: Harness) -> None:
    async def scene(upstream: UpstreamPort) -> None:
        await read(await upstream.send(every.plain))
        await upstream.aclose()

    every.run(scene)


# Upstreams over HTTP: healthy answers in every framing.


@pytest.mark.parametrize("scene", ["plain", "chunked", "until_close", "old", "interim", "trickle"])
def test_the_body_is_the_same_however_it_is_framed(http: Harness, scene: str) -> None:
    answer, body = http.ask(call(scene))

    assert (answer.status, body) == (200, PLAIN)
    assert answer.headers["content-type"] == "application/json"


def test_events_arrive_while_the_server_is_still_sending(http: Harness) -> None:
    async def scene(upstream: UpstreamPort) -> tuple[list[float], bytes]:
        answer = await upstream.send(http.streamed)
        pieces = [(time.perf_counter(), piece) async for piece in answer.chunks()]
        return [at for at, _ in pieces], b"".join(piece for _, piece in pieces)

    times, body = http.run(scene)

    assert body == b"".join(EVENTS)
    assert times[-1] - times[0] > 0.03  # the server takes 50 ms


def test_no_content_has_no_body(http: Harness) -> None:
    answer, body = http.ask(call("no_content"))

    assert (answer.status, body) == (204, b"")


def test_an_error_status_is_an_answer(http: Harness) -> None:
    answer, body = http.ask(call("too_many"))

    assert (answer.status, body) == (429, ERROR)
    assert answer.headers["retry-after"] == "7"


def test_a_redirect_is_not_followed(http: Harness) -> None:
    answer, _ = http.ask(call("moved"))

    assert answer.status == 302


def test_a_compressed_body_is_unpacked_and_its_headers_agree(http: Harness) -> None:
    answer, body = http.ask(call("gzipped"))

    assert body == PLAIN
    assert not {"content-encoding", "content-length"} & set(answer.headers)


def test_an_unknown_compression_is_refused_by_name(http: Harness) -> None:
    with pytest.raises(Upstream, match="'br'") as caught:
        http.ask(call("brotli"))

    assert caught.value.code == "bad_response_body"


# Upstreams over HTTP: what is sent.


def test_the_request_says_what_was_meant_and_nothing_else(
    http: Harness, server: SickServer
) -> None:
    sent = Call(
        "/echo",
        {"model": "m", "messages": [{"role": "user", "content": "é\r\nHost: evil"}]},
        request_id="req-1",
        headers={
            "X-Session": "s-1", "Authorization": "Bearer sk-caller", "Cookie": "a=b",
            "X-Api-Key": "sk-caller", "Content-Length": "3", "Host": "evil", "Connection": "close",
        },
    )  # fmt: skip
    _, body = http.ask(sent)
    got = server.received[0]

    assert json.loads(body) == sent.body
    assert got.headers["authorization"] == f"Bearer {KEY}"
    assert got.headers["content-type"] == "application/json"
    assert got.headers["accept"] == "application/json, */*"
    assert got.headers["accept-encoding"] == "identity"
    assert got.headers["user-agent"].startswith("nexhina_nb/")
    assert got.headers["x-request-id"] == "req-1"
    assert got.headers["x-session"] == "s-1"
    assert got.headers["content-length"] == str(len(got.body))
    assert "sk-caller" not in str(got)
    assert "cookie" not in got.headers
    assert got.headers["host"] != "evil"


def test_a_stream_is_asked_for_as_one(http: Harness, server: SickServer) -> None:
    http.ask(http.streamed)

    assert server.received[0].headers["accept"] == "text/event-stream"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "\u4e2d"])
def test_a_header_that_could_break_out_of_its_line_is_refused(
    http: Harness, server: SickServer, value: str
) -> None:
    for broken in (
        call("plain", headers={"x-a": value}),
        call("plain", request_id=value),
        call("plain", headers={f"x-{value}": "a"}),
        call(f"plain{value}"),
        call("plain HTTP/1.1"),
    ):
        with pytest.raises(BadRequest):
            http.ask(broken)

    assert server.received == []


def test_calls_that_run_at_the_same_time_get_their_own_answers(http: Harness) -> None:
    async def scene(upstream: UpstreamPort) -> None:
        async def one(number: int) -> None:
            answer = await upstream.send(Call("/echo", {"number": number}))
            assert json.loads(await read(answer)) == {"number": number}

        await asyncio.gather(*[one(number) for number in range(20)])
        await asyncio.gather(*[one(number) for number in range(20)])

    http.run(scene)


# Upstreams over HTTP: no answer at all.


@pytest.mark.parametrize("scene", ["junk", "huge_headers", "switch"])
def test_what_is_no_http_answer_is_a_bad_gateway(http: Harness, scene: str) -> None:
    with pytest.raises(Upstream) as caught:
        http.ask(call(scene))

    assert (caught.value.status_code, caught.value.code) == (502, "bad_response_body")


def test_a_server_that_hangs_up_without_a_word_is_a_failed_request(http: Harness) -> None:
    with pytest.raises(Upstream) as caught:
        http.ask(call("vanish"))

    assert (caught.value.status_code, caught.value.code) == (502, "do_request_failed")


def test_nobody_there_is_a_failed_request_that_names_neither_host_nor_key() -> None:
    with SickServer(SCENES) as gone:
        url = gone.url
    with pytest.raises(Upstream) as caught:
        over_http(url).ask(call("plain"))

    assert caught.value.code == "do_request_failed"
    assert str(gone.port) not in str(caught.value)
    assert KEY not in repr(caught.value) + str(caught.value)


@pytest.mark.parametrize("scene", ["stall", "stall_in_head"])
def test_an_answer_that_does_not_begin_times_out_and_the_server_is_left(
    http: Harness, server: SickServer, scene: str
) -> None:
    started = time.perf_counter()
    with pytest.raises(UpstreamTimeout, match=r"0\.1 s"):
        http.ask(call(scene), first_byte=0.1)

    assert time.perf_counter() - started < 20  # the server would be silent for ever

    assert server.left.get(timeout=2) == scene


# Upstreams over HTTP: an answer that breaks.


@pytest.mark.parametrize(
    "scene", ["cut_length", "cut_chunk", "cut_between", "reset_in_body", "bad_chunk"]
)
def test_a_body_that_is_cut_short_gives_what_came_and_then_says_so(
    http: Harness, scene: str
) -> None:
    came: list[bytes] = []

    async def take(upstream: UpstreamPort) -> None:
        answer = await upstream.send(call(scene))
        async for piece in answer.chunks():
            came.append(piece)

    with pytest.raises(StreamBroken):
        http.run(take)

    assert b"".join(came) == b"0123456789"


@pytest.mark.parametrize("scene", ["gzip_cut", "gzip_damaged"])
def test_a_compressed_body_that_is_damaged_says_so(http: Harness, scene: str) -> None:
    with pytest.raises(StreamBroken):
        http.ask(call(scene))


def test_a_body_that_stalls_times_out_and_the_server_is_left(
    http: Harness, server: SickServer
) -> None:
    started = time.perf_counter()
    with pytest.raises(UpstreamTimeout, match=r"0\.1 s"):
        http.ask(call("stall_in_body"), idle=0.1)

    assert time.perf_counter() - started < 20  # the server would be silent for ever

    assert server.left.get(timeout=2) == "stall_in_body"


# Upstreams over HTTP: the caller leaves.


def test_closing_an_answer_in_the_middle_leaves_the_server_at_once(
    http: Harness, server: SickServer
) -> None:
    async def scene(upstream: UpstreamPort) -> None:
        answer = await upstream.send(call("stall_in_body", stream=True))
        assert await anext(aiter(answer.chunks())) == EVENTS[0]
        await answer.aclose()
        assert await asyncio.to_thread(server.left.get, timeout=2) == "stall_in_body"

    http.run(scene)


def test_cancelling_a_call_leaves_the_server_at_once(http: Harness, server: SickServer) -> None:
    async def scene(upstream: UpstreamPort) -> None:
        waiting = asyncio.create_task(upstream.send(call("stall")))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await asyncio.to_thread(server.left.get, timeout=2) == "stall"

    http.run(scene)


def test_cancelling_a_reader_and_closing_leaves_the_server(
    http: Harness, server: SickServer
) -> None:
    async def scene(upstream: UpstreamPort) -> None:
        answer = await upstream.send(call("stall_in_body", stream=True))
        reading = asyncio.create_task(read(answer))
        await asyncio.sleep(0.02)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        await answer.aclose()
        assert await asyncio.to_thread(server.left.get, timeout=2) == "stall_in_body"

    http.run(scene)


def test_closing_the_upstream_leaves_the_server(http: Harness, server: SickServer) -> None:
    async def scene(upstream: UpstreamPort) -> Answer:
        answer = await upstream.send(call("stall_in_body", stream=True))
        await upstream.aclose()
        return answer

    http.run(scene)

    assert server.left.get(timeout=2) == "stall_in_body"
