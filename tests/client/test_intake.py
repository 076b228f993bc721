"""Answers that come in side by side: whole, in bounded memory, and none held up for long."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given, strategies as st

from nexhina_nb.client import Client, core
from nexhina_nb.client.intake import Intake
from nexhina_nb.client.lines import open_line
from tests.client.mock_server import MockServer, Play, models

CHUNK = 10


class Answer:
    """An answer of httpx that comes in these chunks, and counts what was taken of it."""

    def __init__(self, chunks: Sequence[bytes], stalls: bool = False) -> None:
        self.chunks, self.stalls, self.taken = chunks, stalls, 0
        self.headers: dict[str, str] = {}

    async def aiter_raw(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            await asyncio.sleep(0)
            self.taken += len(chunk)
            yield chunk
        if self.stalls:
            await asyncio.Event().wait()


@given(
    bodies=st.lists(st.lists(st.binary(max_size=6), max_size=5), max_size=6),
    room=st.integers(0, 20),
    rest=st.sampled_from([0, 0.001, 60]),
    patience=st.sampled_from([0, 0.001, 60]),
)
def test_every_answer_is_whole(
    bodies: list[list[bytes]], room: int, rest: float, patience: float
) -> None:
    async def scene() -> None:
        intake = Intake(room, patience, rest)
        read = await asyncio.gather(*(intake.whole(Answer(chunks)) for chunks in bodies))
        assert read == [b"".join(chunks) for chunks in bodies]

    asyncio.run(asyncio.wait_for(scene(), 10))


def test_beyond_the_room_only_the_oldest_is_read_on() -> None:
    async def scene() -> None:
        intake = Intake(room=40, patience=60)
        answers = [Answer([bytes(CHUNK)] * 20) for _ in range(8)]
        readers = [asyncio.ensure_future(intake.whole(answer)) for answer in answers]
        most = 0
        while not all(reader.done() for reader in readers):
            await asyncio.sleep(0)
            pairs = zip(answers, readers, strict=True)
            most = max(most, sum(answer.taken for answer, reader in pairs if not reader.done()))
        # The oldest is read to its end, and each of the others may have taken one chunk too many.
        assert 200 <= most <= 200 + 40 + 8 * CHUNK

    asyncio.run(asyncio.wait_for(scene(), 10))


def test_one_that_stops_coming_holds_the_others_up_once() -> None:
    async def scene() -> None:
        patience = 0.2
        intake = Intake(room=5, patience=patience, rest=60)
        stalled = asyncio.ensure_future(intake.whole(Answer([bytes(CHUNK)], stalls=True)))
        await asyncio.sleep(0.01)
        began = time.monotonic()
        bodies = await asyncio.gather(*(intake.whole(Answer([b"ab"] * 50)) for _ in range(3)))
        assert bodies == [b"ab" * 50] * 3
        assert time.monotonic() - began < 10 * patience  # of 150 chunks, each could have waited
        stalled.cancel()
        await asyncio.wait([stalled])

    asyncio.run(scene())


def test_one_that_is_cancelled_leaves_its_room() -> None:
    async def scene() -> None:
        intake = Intake(room=5, patience=60)
        oldest = asyncio.ensure_future(intake.whole(Answer([bytes(CHUNK)], stalls=True)))
        waits = asyncio.ensure_future(intake.whole(Answer([bytes(CHUNK)] * 3)))
        await asyncio.sleep(0.01)
        assert not waits.done()
        oldest.cancel()
        assert await waits == bytes(3 * CHUNK)

    asyncio.run(asyncio.wait_for(scene(), 10))


@pytest.mark.parametrize("coding", ["gzip", "identity", ""])
@pytest.mark.parametrize("in_chunks", [False, True])
def test_answers_of_a_line_are_read_as_they_were_sent(
    server: MockServer, coding: str, in_chunks: bool
) -> None:
    plain = models("a").body
    assert isinstance(plain, bytes)
    sent = gzip.compress(plain) if coding == "gzip" else plain
    headers = {"Content-Encoding": coding} if coding else {}
    server.play(Play([sent[:9], sent[9:]] if in_chunks else sent, headers=headers))

    async def main() -> list[str]:
        with Client(server.base_url, "sk-test") as client:
            async with open_line(client, 1) as line:
                return [model.id for model in await line.run(core.models(line.session))]

    assert asyncio.run(main()) == ["a"]
