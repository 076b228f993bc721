"""Answers that come in side by side: whole, in bounded memory, and none held up for long."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from hypothesis import given, strategies as st

from nexhina_nb.client.intake import Intake

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
)
def test_every_answer_is_whole(bodies: list[list[bytes]], room: int) -> None:
    async def scene() -> None:
        intake = Intake(room, patience=60)
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


def test_one_that_stops_coming_holds_up_no_other_for_long() -> None:
    async def scene() -> None:
        intake = Intake(room=5, patience=0.05)
        stalled = asyncio.ensure_future(intake.whole(Answer([bytes(CHUNK)], stalls=True)))
        await asyncio.sleep(0.01)
        async with asyncio.timeout(5):
            assert await intake.whole(Answer([b"ab"] * 3)) == b"ababab"
        stalled.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await stalled

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
