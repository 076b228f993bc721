"""Connections to this machine that are read in large pieces."""

from __future__ import annotations

import asyncio
import ssl

import httpx2
import pytest

from nexhina_nb.client import Client
from nexhina_nb.client.aio import beside
from nexhina_nb.client.wide import PIECE, WideTransport
from tests.client.mock_server import MockServer, Play, serve
from tests.gateway.sick_server import CERTIFICATE

LARGE = bytes(range(256)) * (1 << 16)  # 16 MB
AS_USUAL = 64 << 10


async def read(client: httpx2.AsyncClient, url: str) -> list[bytes]:
    async with client.stream("GET", url) as answer:
        return [piece async for piece in answer.aiter_raw()]


def read_wide(url: str, verify: ssl.SSLContext | bool = True) -> list[bytes]:
    async def main() -> list[bytes]:
        transport = WideTransport(verify, httpx2.Limits(max_keepalive_connections=1))
        async with httpx2.AsyncClient(transport=transport) as client:
            return await read(client, url)

    return asyncio.run(main())


@pytest.mark.parametrize(("host", "is_wide"), [("127.0.0.1", True), ("gateway.example", False)])
def test_batches_read_large_pieces_of_a_server_of_this_machine(
    server: MockServer, host: str, is_wide: bool
) -> None:
    server.play(Play(LARGE))

    async def main() -> list[bytes]:
        with Client(f"https://{host}/v1", "sk-test") as client:
            async with beside(client, client._session) as made:
                return await read(made._transport.http, server.root)

    pieces = asyncio.run(main())
    assert b"".join(pieces) == LARGE
    assert (max(map(len, pieces)) > AS_USUAL) is is_wide
    assert max(map(len, pieces)) <= PIECE


def test_an_encrypted_answer_is_whole() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with serve() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.play(Play(LARGE))
        url = server.root.replace("http:", "https:")
        trusting = ssl.create_default_context(cafile=str(CERTIFICATE))
        assert b"".join(read_wide(url, trusting)) == LARGE
        with pytest.raises(httpx2.ConnectError, match="certificate"):
            read_wide(url)


def test_failures_are_those_of_the_library(server: MockServer) -> None:
    server.play(Play(LARGE[:1000], cut=True))
    with pytest.raises(httpx2.RemoteProtocolError):
        read_wide(server.root)
    with pytest.raises(httpx2.ConnectError):
        read_wide("http://127.0.0.1:1")
