"""The road through an HTTP proxy: tunnels, and proxies that say no."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from nexhina_nb.errors import Upstream, UpstreamTimeout
from nexhina_nb.gateway.upstreams.base import read
from nexhina_nb.gateway.upstreams.limits import Limits, Timeouts
from nexhina_nb.gateway.upstreams.proxied import Proxied
from nexhina_nb.gateway.upstreams.target import parse
from tests.gateway.sick_scenes import PLAIN, SCENES
from tests.gateway.sick_server import CERTIFICATE, SickServer

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]


async def through(handle: Handler, base_url: str, *, scheme: str = "http") -> bytes:
    """The body of a call to ``base_url`` through a proxy that does what ``handle`` does."""
    serving: list[asyncio.Task[None] | None] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.append(asyncio.current_task())
        await handle(reader, writer)
        await close(writer)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    transport = Proxied(
        parse(base_url),
        f"{scheme}://user:sk-proxy@127.0.0.1:{port}",
        timeouts=Timeouts(connect=0.2),
        limits=Limits(),
        tls=ssl.create_default_context(cafile=str(CERTIFICATE)),
    )
    async with listener, asyncio.timeout(5):
        try:
            return await read(await transport.post("/plain", {"x-a": "1"}, b"{}"))
        finally:
            await transport.aclose()
            await asyncio.gather(*[task for task in serving if task])


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """What a proxy does with CONNECT: pass bytes, both ways, unseen."""
    head = await reader.readuntil(b"\r\n\r\n")
    port = int(head.split(b" ")[1].rpartition(b":")[2])
    there, out = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await asyncio.gather(pump(reader, out), pump(there, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    await close(writer)


async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")


async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()


def test_tls_goes_through_the_tunnel_and_is_checked_at_its_far_end() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    with SickServer(SCENES, tls=context) as server:
        assert asyncio.run(through(tunnel, server.url)) == PLAIN

    assert server.received[0].target == "/v1/plain"
    assert "sk-proxy" not in str(server.received[0])


def test_a_proxy_that_lets_nothing_through_is_named_as_the_cause() -> None:
    with pytest.raises(Upstream, match=r"the proxy does not let .* to the upstream") as caught:
        asyncio.run(through(refuse, "https://a.example/v1"))

    assert "sk-proxy" not in str(caught.value)


def test_a_proxy_that_says_nothing_times_out() -> None:
    with pytest.raises(UpstreamTimeout, match="no connection to the upstream"):
        asyncio.run(through(say_nothing, "https://a.example/v1", scheme="https"))


def test_a_proxy_that_is_not_there_is_a_failed_request() -> None:
    async def work() -> None:
        transport = Proxied(
            parse("http://a.example/v1"),
            gone.url.removesuffix("/v1"),
            timeouts=Timeouts(),
            limits=Limits(),
            tls=ssl.create_default_context(),
        )
        with pytest.raises(Upstream, match="or the proxy before it"):
            await transport.post("/plain", {}, b"{}")
        await transport.aclose()

    with SickServer(SCENES) as gone:
        pass
    asyncio.run(work())
