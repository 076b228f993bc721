"""What the connection pool does with its connections: reuse, retry, bounds, time, TLS."""

from __future__ import annotations

import asyncio
import contextlib
import json
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from nexhina_nb.errors import StreamBroken, Upstream, UpstreamTimeout
from nexhina_nb.gateway.upstreams.base import read
from nexhina_nb.gateway.upstreams.limits import Limits, Timeouts
from nexhina_nb.gateway.upstreams.pool import Pool
from nexhina_nb.gateway.upstreams.target import parse
from tests.gateway.sick_scenes import ERROR, EVENTS, PLAIN, SCENES
from tests.gateway.sick_server import CERTIFICATE, Peer, Received, SickServer

T = TypeVar("T")
Runner = Callable[[Coroutine[Any, Any, T]], T]


@pytest.fixture
def server() -> Iterator[SickServer]:
    with SickServer(SCENES) as running:
        yield running


@pytest.fixture(params=["asyncio", "uvloop"])
def run(request: pytest.FixtureRequest) -> Iterator[Runner[Any]]:
    """Runs a coroutine on each kind of event loop, ten seconds at most."""
    factory = None
    if request.param == "uvloop":
        factory = pytest.importorskip("uvloop").new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        yield lambda work: runner.run(asyncio.wait_for(work, 10))


@contextlib.asynccontextmanager
async def pool_to(
    url: str, *, timeouts: Timeouts | None = None, tls: ssl.SSLContext | None = None, **limits: Any
) -> AsyncIterator[Pool]:
    pool = Pool(parse(url), timeouts=timeouts or Timeouts(), limits=Limits(**limits), tls=tls)
    try:
        yield pool
    finally:
        await pool.aclose()


async def ask(pool: Pool, scene: str, body: bytes = b"{}") -> bytes:
    return await read(await pool.post(f"/{scene}", {}, body))


def connections(server: SickServer) -> list[int]:
    """Which connection brought each request."""
    return [request.connection for request in server.received]


# Reuse.


@pytest.mark.parametrize("scene", ["plain", "chunked", "too_many", "no_content", "interim"])
def test_a_connection_carries_one_request_after_the_other(
    run: Runner[None], server: SickServer, scene: str
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            for _ in range(3):
                await ask(pool, scene)

    run(work())
    assert connections(server) == [1, 1, 1]


def test_a_connection_is_free_as_soon_as_the_answer_is_here_read_or_not(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            first = await pool.post("/plain", {}, b"{}")
            second = await pool.post("/plain", {}, b"{}")
            assert await read(second) == PLAIN
            assert await read(first) == PLAIN

    run(work())
    assert connections(server) == [1, 1]


def test_the_connection_used_last_is_used_first(run: Runner[None], server: SickServer) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            await asyncio.gather(*[ask(pool, "sse") for _ in range(3)])
            for _ in range(3):
                await ask(pool, "plain")

    run(work())
    assert len(set(connections(server)[:3])) == 3
    assert len(set(connections(server)[3:])) == 1


@pytest.mark.parametrize("scene", ["says_close", "old", "until_close", "extra"])
def test_an_unfit_connection_is_not_used_again(
    run: Runner[None], server: SickServer, scene: str
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            assert await ask(pool, scene) == PLAIN
            assert await ask(pool, scene) == PLAIN

    run(work())
    assert connections(server) == [1, 2]


@pytest.mark.parametrize("scene", ["both_lengths", "odd_coding"])
def test_an_answer_of_doubtful_length_is_refused_and_its_connection_closed(
    run: Runner[None], server: SickServer, scene: str
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            with pytest.raises(Upstream) as caught:
                await ask(pool, scene)
            assert caught.value.code == "bad_response_body"
            assert await ask(pool, "plain") == PLAIN

    run(work())
    assert connections(server) == [1, 2]


def test_bytes_that_nobody_asked_for_close_an_idle_connection(run: Runner[None]) -> None:
    def chatty(peer: Peer, request: Received) -> None:
        peer.answer(PLAIN)
        time.sleep(0.02)
        peer.answer(b"evil")

    async def work(server: SickServer) -> None:
        async with pool_to(server.url) as pool:
            assert await ask(pool, "chatty") == PLAIN
            await asyncio.sleep(0.06)
            assert await ask(pool, "plain") == PLAIN

    with SickServer(SCENES | {"chatty": chatty}) as server:
        run(work(server))
        assert connections(server) == [1, 2]


def test_a_connection_that_the_server_closes_while_idle_is_dropped(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            for _ in range(3):
                assert await ask(pool, "closes_after") == PLAIN
                await asyncio.sleep(0.02)
                assert len(pool._idle) == 0

    run(work())
    assert connections(server) == [1, 2, 3]


def test_a_connection_that_is_just_closing_is_not_used(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            await ask(pool, "plain")
            (connection,) = pool._idle
            connection.shut()  # the loop tells of its end only in its next turn
            assert await ask(pool, "plain") == PLAIN

    run(work())
    assert connections(server) == [1, 2]


def test_a_connection_without_work_is_closed_after_a_while(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(server.url, keep_alive=0.1) as pool:
            for _ in range(4):  # work keeps it open well beyond that
                await ask(pool, "plain")
                await asyncio.sleep(0.05)
            assert set(connections(server)) == {1}
            assert await asyncio.to_thread(server.left.get, timeout=2) == "idle"
            await ask(pool, "plain")

    run(work())
    assert connections(server)[-1] == 2


# Retry.


def test_a_reused_connection_that_dies_before_a_byte_is_tried_once_more_on_a_new_one(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            for _ in range(3):
                assert await ask(pool, "closes_on_reuse") == PLAIN

    run(work())
    assert connections(server) == [1, 1, 2, 2, 3]


def test_the_second_try_is_not_on_another_old_connection(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            first = [ask(pool, "closes_on_reuse") for _ in range(3)]
            assert await asyncio.gather(*first) == [PLAIN] * 3
            assert await ask(pool, "closes_on_reuse") == PLAIN

    run(work())
    assert server.accepted == 4


def test_the_second_try_is_the_last(run: Runner[None], server: SickServer) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            await ask(pool, "plain")
            with pytest.raises(Upstream, match="before it had answered"):
                await ask(pool, "vanish")

    run(work())
    assert [request.scene for request in server.received] == ["plain", "vanish", "vanish"]


@pytest.mark.parametrize("scene", ["vanish", "cut_length", "stall", "junk"])
def test_nothing_else_is_tried_again(run: Runner[None], server: SickServer, scene: str) -> None:
    async def work() -> None:
        async with pool_to(server.url, timeouts=Timeouts(first_byte=0.1)) as pool:
            if scene != "vanish":
                await ask(pool, "plain")
            with pytest.raises((Upstream, UpstreamTimeout, StreamBroken)):
                await ask(pool, scene)

    run(work())
    assert [request.scene for request in server.received].count(scene) == 1


# Bounds.


def test_calls_wait_for_a_free_connection_and_all_get_through(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(server.url, connections=2) as pool:
            bodies = await asyncio.gather(*[ask(pool, "sse") for _ in range(6)])
            assert bodies == [b"".join(EVENTS)] * 6

    run(work())
    assert server.accepted == 2


def test_a_call_that_gets_no_connection_in_time_says_so(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        timeouts = Timeouts(connect=0.1)
        async with pool_to(server.url, connections=1, timeouts=timeouts) as pool:
            busy = await pool.post("/stall_in_body", {}, b"{}")
            with pytest.raises(UpstreamTimeout, match="busy"):
                await ask(pool, "plain")
            await busy.aclose()
            assert await ask(pool, "plain") == PLAIN

    run(work())


@pytest.mark.parametrize(
    "scene", ["junk", "vanish", "cut_length", "stall", "both_lengths", "says_close", "extra"]
)
def test_no_way_to_end_loses_a_place_in_the_pool(
    run: Runner[None], server: SickServer, scene: str
) -> None:
    async def work() -> None:
        timeouts = Timeouts(connect=0.5, first_byte=0.03)
        async with pool_to(server.url, connections=1, timeouts=timeouts) as pool:
            for _ in range(3):
                with contextlib.suppress(Upstream, UpstreamTimeout, StreamBroken):
                    await ask(pool, scene)
            cancelled = asyncio.create_task(ask(pool, "stall"))
            await asyncio.sleep(0.01)
            cancelled.cancel()
            await asyncio.gather(cancelled, return_exceptions=True)
            assert await ask(pool, "plain") == PLAIN

    run(work())


def test_a_refused_connection_gives_its_place_back(run: Runner[None]) -> None:
    with SickServer(SCENES) as gone:
        url = gone.url

    async def work() -> None:
        async with pool_to(url, connections=1, timeouts=Timeouts(connect=0.5)) as pool:
            for _ in range(3):
                with pytest.raises(Upstream, match="Connection refused"):
                    await ask(pool, "plain")

    run(work())


def test_a_reader_that_does_not_read_holds_the_server_back_and_not_the_memory(
    run: Runner[None],
) -> None:
    sent = 0

    def flood(peer: Peer, request: Received) -> None:
        nonlocal sent
        peer.begin()
        while sent < 32_000_000:
            peer.chunk(bytes(65_536))
            sent += 65_536
        peer.send(b"0\r\n\r\n")

    async def work(server: SickServer) -> None:
        async with pool_to(server.url, timeouts=Timeouts(idle=0.1)) as pool:
            answer = await pool.post("/flood", {}, b"{}")
            await asyncio.sleep(0.25)  # beyond the idle time-out: the server is not at fault
            held = answer.reply.held
            assert 262_144 < held < 1_048_576
            assert sent < 20_000_000  # what the kernel buffers, and no more
            assert sum([len(piece) async for piece in answer.chunks()]) == sent
            assert await ask(pool, "plain") == PLAIN

    with SickServer(SCENES | {"flood": flood}) as server:
        run(work(server))
        assert connections(server) == [1, 1]


def test_an_answer_that_is_read_late_is_whole_up_to_where_it_broke(run: Runner[None]) -> None:
    def cut(peer: Peer, request: Received) -> None:
        peer.begin()
        peer.chunk(bytes(2_000_000))
        peer.chunk(bytes(30_000_000))

    async def work(server: SickServer) -> None:
        async with pool_to(server.url) as pool:
            answer = await pool.post("/cut", {}, b"{}")
            await asyncio.sleep(0.1)
            held = answer.reply.held
            await pool.aclose()
            chunks = answer.chunks()
            assert len(await anext(chunks)) == held
            with pytest.raises(StreamBroken, match="disconnected by the gateway"):
                await anext(chunks)

    with SickServer({"cut": cut}) as server:
        run(work(server))


def test_what_a_loop_delivers_after_the_pause_frees_the_connection_for_others(
    run: Runner[None],
) -> None:
    def almost(peer: Peer, request: Received) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000003\r\n\r\n" + bytes(1_000_000))

    async def work(server: SickServer) -> None:
        async with pool_to(server.url, held=999_999) as pool:
            answer = await pool.post("/almost", {}, b"{}")
            await asyncio.sleep(0.1)
            assert answer.reply.held == 1_000_000
            (connection,) = pool._open
            connection.data_received(b"end")
            assert await ask(pool, "plain") == PLAIN
            assert (await read(answer)).endswith(b"\0end")

    with SickServer(SCENES | {"almost": almost}) as server:
        run(work(server))
        assert connections(server) == [1, 1]


def test_an_answer_may_begin_while_the_request_is_still_on_its_way(run: Runner[None]) -> None:
    def answer_early(peer: Peer, request: Received) -> None:
        left = int(request.headers["content-length"]) - len(request.body)
        peer.begin()
        peer.chunk(PLAIN)
        while left and (data := peer.sock.recv(65_536)):
            left -= len(data)
        peer.send(b"0\r\n\r\n")

    async def work(server: SickServer) -> None:
        async with pool_to(server.url) as pool:
            for _ in range(2):
                assert await ask(pool, "answer_early", bytes(16_000_000)) == PLAIN

    with SickServer({"answer_early": answer_early}) as server:
        run(work(server))
        assert connections(server) == [1, 1]


def test_an_answer_in_the_middle_of_a_long_request_is_heard_and_the_rest_not_sent(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            answer = await pool.post("/refuse_early", {}, bytes(64_000_000))
            assert (answer.status, await read(answer)) == (413, ERROR)
            assert await asyncio.to_thread(server.left.get, timeout=5) == "refuse_early"
            assert await ask(pool, "plain") == PLAIN

    run(work())
    assert connections(server) == [1, 2]


def test_a_request_that_takes_long_to_send_does_not_use_up_the_time_to_answer(
    run: Runner[None],
) -> None:
    def slow_early(peer: Peer, request: Received) -> None:
        left = int(request.headers["content-length"]) - len(request.body)
        while left and (data := peer.sock.recv(65_536)):
            left -= len(data)
            if left > 14_000_000:  # the kernel holds a good deal of the rest
                time.sleep(0.002)
        peer.answer(PLAIN)

    async def work(server: SickServer) -> None:
        async with pool_to(server.url, timeouts=Timeouts(first_byte=0.15)) as pool:
            started = time.perf_counter()
            assert await ask(pool, "slow_early", bytes(24_000_000)) == PLAIN
            assert time.perf_counter() - started > 0.15

    with SickServer({"slow_early": slow_early}) as server:
        run(work(server))


# Time.


def test_a_server_may_think_as_long_about_a_long_request_as_about_a_short_one(
    run: Runner[None],
) -> None:
    def think_early(peer: Peer, request: Received) -> None:
        left = int(request.headers["content-length"]) - len(request.body)
        time.sleep(0.15)
        while left and (data := peer.sock.recv(65_536)):
            left -= len(data)
        time.sleep(0.15)
        peer.answer(PLAIN)

    async def work(server: SickServer) -> None:
        async with pool_to(server.url, timeouts=Timeouts(first_byte=0.25)) as pool:
            assert await ask(pool, "think_early", bytes(16_000_000)) == PLAIN

    with SickServer({"think_early": think_early}) as server:
        run(work(server))


@pytest.mark.parametrize("size", [10, 16_000_000])
def test_silence_is_measured_from_the_end_of_the_request(run: Runner[None], size: int) -> None:
    def deaf_early(peer: Peer, request: Received) -> None:
        peer.wait_until_left()

    async def work(server: SickServer) -> None:
        async with pool_to(server.url, timeouts=Timeouts(first_byte=0.25)) as pool:
            started = time.perf_counter()
            with pytest.raises(UpstreamTimeout):
                await ask(pool, "deaf_early", bytes(size))
            assert time.perf_counter() - started > 0.24

    with SickServer({"deaf_early": deaf_early}) as server:
        run(work(server))


def test_a_server_that_does_not_finish_the_handshake_times_out(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        url = server.url.replace("http:", "https:")  # it waits for a request, we for its handshake
        tls = ssl.create_default_context()
        async with pool_to(url, tls=tls, timeouts=Timeouts(connect=0.1)) as pool:
            with pytest.raises(UpstreamTimeout, match=r"no connection .* within 0\.1 s"):
                await ask(pool, "plain")

    run(work())


def test_a_slow_stream_is_no_stalled_one(run: Runner[None]) -> None:
    def slow(peer: Peer, request: Received) -> None:
        peer.begin()
        for event in EVENTS:
            time.sleep(0.06)
            peer.chunk(event)
        peer.send(b"0\r\n\r\n")

    async def work(server: SickServer) -> None:
        async with pool_to(server.url, timeouts=Timeouts(first_byte=0.1, idle=0.1)) as pool:
            assert await ask(pool, "slow") == b"".join(EVENTS)

    with SickServer({"slow": slow}) as server:
        run(work(server))


def test_a_head_that_drips_does_not_stretch_the_time_to_answer(run: Runner[None]) -> None:
    over = threading.Event()

    def drip(peer: Peer, request: Received) -> None:
        peer.send(b"HTTP/1.1 200 OK\r\nX: ")
        while not over.wait(0.02):
            peer.send(b"x")

    async def work(server: SickServer) -> None:
        async with pool_to(server.url, timeouts=Timeouts(first_byte=0.2)) as pool:
            with pytest.raises(UpstreamTimeout):
                await ask(pool, "drip")

    with SickServer({"drip": drip}) as server:
        run(work(server))
        over.set()


# The end.


def test_closing_the_pool_fails_what_waits_and_what_reads_and_what_comes_after(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            answer = await pool.post("/stall_in_body", {}, b"{}")
            reading = asyncio.create_task(read(answer))
            waiting = asyncio.create_task(ask(pool, "stall"))
            await asyncio.sleep(0.05)
            await pool.aclose()
            with pytest.raises(StreamBroken):
                await reading
            with pytest.raises(Upstream):
                await waiting
            with pytest.raises(Upstream, match="closed"):
                await ask(pool, "plain")

    run(work())


def test_a_closed_pool_has_no_connection_left(run: Runner[None], server: SickServer) -> None:
    async def work() -> None:
        pool = Pool(parse(server.url), timeouts=Timeouts(), limits=Limits(), tls=None)
        await ask(pool, "says_close")
        await asyncio.sleep(0.02)  # none is open for a while
        await asyncio.gather(ask(pool, "plain"), ask(pool, "plain"))
        assert len(pool._open) == 2
        await pool.aclose()
        assert len(pool._open) == 0

    run(work())


def test_closing_the_pool_while_it_connects_sends_nothing(
    run: Runner[None], server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(server.url) as pool:
            waiting = asyncio.create_task(ask(pool, "plain"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            await pool.aclose()
            with pytest.raises(Upstream):
                await waiting

    run(work())
    assert server.received == []


# TLS.


@pytest.fixture
def tls_server() -> Iterator[SickServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with SickServer(SCENES, tls=context) as running:
        yield running


def trusting() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(CERTIFICATE))


def test_tls_carries_answers_streams_and_the_next_request(
    run: Runner[None], tls_server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(tls_server.url, tls=trusting()) as pool:
            assert await ask(pool, "plain") == PLAIN
            assert await ask(pool, "sse") == b"".join(EVENTS)
            body = json.dumps({"text": "x" * 1_000_000}).encode()
            assert await ask(pool, "echo", body) == body

    run(work())
    assert connections(tls_server) == [1, 1, 1]


def test_tls_closes_at_once_in_the_middle_of_an_answer(
    run: Runner[None], tls_server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(tls_server.url, tls=trusting()) as pool:
            answer = await pool.post("/stall_in_body", {}, b"{}")
            await answer.aclose()
            assert await asyncio.to_thread(tls_server.left.get, timeout=2) == "stall_in_body"

    run(work())


@pytest.mark.parametrize("scene", ["cut_length", "cut_chunk"])
def test_a_body_cut_under_tls_is_known_to_be_cut(
    run: Runner[None], tls_server: SickServer, scene: str
) -> None:
    async def work() -> None:
        async with pool_to(tls_server.url, tls=trusting()) as pool:
            with pytest.raises(StreamBroken):
                await ask(pool, scene)

    run(work())


def test_a_certificate_that_nobody_vouches_for_is_refused(
    run: Runner[None], tls_server: SickServer
) -> None:
    async def work() -> None:
        async with pool_to(tls_server.url, tls=ssl.create_default_context()) as pool:
            with pytest.raises(Upstream, match="certificate is not trusted") as caught:
                await ask(pool, "plain")
            assert str(tls_server.port) not in str(caught.value)

    run(work())
    assert tls_server.received == []


def test_tls_to_a_server_that_speaks_none_is_explained(run: Runner[None]) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    async def work() -> None:
        listener = await asyncio.start_server(handle, "127.0.0.1", 0)
        port = listener.sockets[0].getsockname()[1]
        async with listener, pool_to(f"https://127.0.0.1:{port}", tls=trusting()) as pool:
            with pytest.raises(Upstream, match="no TLS"):
                await ask(pool, "plain")

    run(work())


def test_a_name_that_does_not_exist_is_explained(run: Runner[None]) -> None:
    async def work() -> None:
        async with pool_to("http://no-such-host.invalid/v1") as pool:
            with pytest.raises(Upstream, match="upstream: the name is not known"):
                await ask(pool, "plain")

    run(work())
