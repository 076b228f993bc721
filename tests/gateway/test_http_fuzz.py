"""The whole pool against servers that send anything: every call ends, well or in a known error."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings, strategies as st

from nexhina_nb.errors import StreamBroken, Upstream, UpstreamTimeout
from nexhina_nb.gateway.upstreams.base import read
from nexhina_nb.gateway.upstreams.limits import Limits, Timeouts
from nexhina_nb.gateway.upstreams.pool import Pool
from nexhina_nb.gateway.upstreams.target import parse

GOOD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


@dataclass
class Parrot:
    """Answers every request with the same reads, then closes or waits for the next request."""

    reads: list[bytes]
    closes: bool
    tasks: list[asyncio.Task[None] | None] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tasks.append(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                for data in self.reads:
                    writer.write(data)
                    await asyncio.sleep(0)
                if self.closes:
                    break
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@contextlib.asynccontextmanager
async def pool_to(parrot: Parrot) -> AsyncIterator[Pool]:
    listener = await asyncio.start_server(parrot.serve, "127.0.0.1", 0)
    pool = Pool(
        parse(f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"),
        timeouts=Timeouts(connect=1, first_byte=0.02, idle=0.02),
        limits=Limits(connections=1),
        tls=None,
    )
    async with listener:
        try:
            yield pool
        finally:
            await pool.aclose()
            await asyncio.gather(*[task for task in parrot.tasks if task])


async def ask(pool: Pool) -> bytes | None:
    """The body, or None for one of the errors that are documented."""
    try:
        return await read(await pool.post("/", {}, b""))
    except (Upstream, UpstreamTimeout, StreamBroken):
        return None


@settings(max_examples=100, deadline=None)
@given(
    reads=st.lists(
        st.binary(max_size=60)
        | st.integers(0, len(GOOD)).map(lambda end: GOOD[:end])
        | st.integers(0, len(GOOD)).map(lambda start: GOOD[start:])
        | st.just(GOOD),
        max_size=4,
    ),
    closes=st.booleans(),
)
def test_every_call_ends_and_the_pool_recovers(
    runner: asyncio.Runner, reads: list[bytes], closes: bool
) -> None:
    async def work() -> None:
        parrot = Parrot(reads, closes)
        async with pool_to(parrot) as pool:
            for _ in range(3):
                await ask(pool)
            parrot.reads, parrot.closes = [GOOD], False
            bodies = [await ask(pool) for _ in range(3)]
            assert bodies[-1] == b"hello"

    runner.run(asyncio.wait_for(work(), 5))
