from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest

from nexhina_nb import errors
from nexhina_nb.client import AsyncClient
from tests.client.mock_server import (
    SSE,
    MockServer,
    Play,
    chat,
    chunk,
    embeddings,
    error,
    frames,
    models,
    stream,
    wait_until,
)


def run(server: MockServer, task: Callable[[AsyncClient], Awaitable[None]]) -> None:
    async def main() -> None:
        async with AsyncClient(server.base_url, "sk-test", max_retries=1, timeout=5) as client:
            await task(client)

    asyncio.run(main())


def test_the_verbs(server: MockServer) -> None:
    ranking = b'{"results": [{"index": 1, "relevance_score": 0.5}]}'
    usage = b'{"code": true, "data": {"name": "k", "total_granted": 1}}'
    server.play(chat("Hello"), embeddings([[1.0]]), Play(ranking), models("a"))
    server.play(Play(usage), Play(b'{"data": []}'))

    async def task(client: AsyncClient) -> None:
        assert (await client.chat("hi")).text == "Hello"
        assert (await client.embed("x")).shape == (1, 1)
        assert (await client.rerank("q", ["a", "b"]))[0].document == "b"
        assert (await client.models()).ids == ["a"]
        assert (await client.usage()).granted == 1
        assert await client.logs() == []
        assert repr(client) == f"<AsyncClient {server.base_url}, key set>"

    run(server, task)


def test_a_stream(server: MockServer) -> None:
    server.play(stream("Hell", "o", quota=3), stream("x"))

    async def task(client: AsyncClient) -> None:
        async with await client.chat("hi", stream=True) as answer:
            pieces = [await anext(answer)] + [piece async for piece in answer]
        assert pieces == ["Hell", "o"]
        assert (answer.reply.text, answer.reply.cost.quota) == ("Hello", 3)
        assert (await (await client.chat("hi", stream=True)).read()).text == "x"

    run(server, task)


def test_a_server_that_does_not_stream(server: MockServer) -> None:
    server.play(chat("whole"))

    async def task(client: AsyncClient) -> None:
        answer = await client.chat("hi", stream=True)
        assert [piece async for piece in answer] == ["whole"]

    run(server, task)


def test_retries_and_errors(server: MockServer) -> None:
    server.play(error(429, None, **{"Retry-After": "0"}), chat("at last"))
    server.play(error(404, "model_not_found"), models("gpt-4o"))
    server.play(Play(b'{"id": ', cut=True))

    async def task(client: AsyncClient) -> None:
        assert (await client.chat("hi")).text == "at last"
        with pytest.raises(errors.ModelNotFound, match="it is called"):
            await client.chat("hi", model="GPT-4o")
        with pytest.raises(errors.ConnectionFailed, match="middle"):
            await client.chat("hi")

    run(server, task)


def test_a_cut_stream(server: MockServer) -> None:
    server.play(Play(frames("so", " far")[:3], content_type=SSE, cut=True))

    async def task(client: AsyncClient) -> None:
        answer = await client.chat("hi", stream=True)
        with pytest.raises(errors.StreamBroken) as caught:
            await answer.read()
        assert caught.value.partial == answer.text == "so far"

    run(server, task)


@pytest.mark.parametrize("streamed", [True, False])
def test_cancelling_closes_the_connection(server: MockServer, streamed: bool) -> None:
    kind = SSE if streamed else "application/json"
    server.play(Play([chunk({"content": "x"})], content_type=kind, hang=True))

    async def ask(client: AsyncClient) -> None:
        answer = await client.chat("hi", stream=streamed)
        await answer.read()  # type: ignore[union-attr]

    async def task(client: AsyncClient) -> None:
        call = asyncio.create_task(ask(client))
        await asyncio.sleep(0.15)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await asyncio.to_thread(wait_until, server.left) < 1

    run(server, task)


def test_closing_a_stream_ends_it(server: MockServer) -> None:
    server.play(Play([chunk({"content": "x"})], content_type=SSE, hang=True))

    async def task(client: AsyncClient) -> None:
        async with await client.chat("hi", stream=True) as answer:
            assert await anext(answer) == "x"
        await asyncio.to_thread(wait_until, server.left)
        assert [piece async for piece in answer] == []
        assert answer.text == "x"

    run(server, task)


def test_many_at_once(server: MockServer) -> None:
    server.play(*[chat("x")] * 30)

    async def task(client: AsyncClient) -> None:
        replies = await asyncio.gather(*(client.chat("hi") for _ in range(30)))
        assert [reply.text for reply in replies] == ["x"] * 30

    run(server, task)


def test_a_client_keeps_to_its_loop(server: MockServer) -> None:
    server.play(chat("Hello"))
    kept: list[AsyncClient] = []

    async def first(client: AsyncClient) -> None:
        await client.chat("hi")
        kept.append(client)

    run(server, first)
    with pytest.raises(errors.BadInput, match="another event loop"):
        asyncio.run(kept[0].chat("hi"))


def test_a_callers_client_stays_open(server: MockServer) -> None:
    server.play(chat("Hello"))

    async def main() -> None:
        async with httpx2.AsyncClient() as http:
            async with AsyncClient(server.base_url, "sk-test", http_client=http) as client:
                assert (await client.chat("hi")).text == "Hello"
            assert not http.is_closed

    asyncio.run(main())
