from __future__ import annotations

import asyncio
import itertools

import pytest

from nexhina_nb.server.shared import Shared


class Source:
    """Counts how often it is asked; answers when it is let."""

    def __init__(self) -> None:
        self.count = itertools.count(1)
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    async def read(self) -> int:
        number = next(self.count)
        await self.may_answer.wait()
        return number

    async def fail(self) -> int:
        raise ValueError(await self.read())


async def test_an_answer_serves_for_a_second() -> None:
    now = 0.0
    shared, source = Shared(lambda: now), Source()
    assert [await shared.get("a", 1, source.read) for _ in range(3)] == [1, 1, 1]
    now = 0.99
    assert await shared.get("a", 1, source.read) == 1
    now = 1.0
    assert await shared.get("a", 1, source.read) == 2
    assert await shared.get("b", 1, source.read) == 3
    assert await shared.get("a", "another gateway", source.read) == 4
    now = 100.0
    assert await shared.get("a", "another gateway", source.read, 120.0) == 4


async def test_those_who_come_meanwhile_wait_for_the_same_answer() -> None:
    now = 0.0
    shared, source = Shared(lambda: now), Source()
    source.may_answer.clear()
    askers = [asyncio.create_task(shared.get("a", 1, source.read)) for _ in range(3)]
    await asyncio.sleep(0)
    now = 50.0  # it takes long: still nobody asks again
    askers.append(asyncio.create_task(shared.get("a", 1, source.read)))
    await asyncio.sleep(0)
    askers.pop(0).cancel()
    source.may_answer.set()
    assert await asyncio.gather(*askers) == [1, 1, 1]


async def test_a_failure_is_shared_too_but_not_for_long() -> None:
    now = 0.0
    shared, source = Shared(lambda: now), Source()
    with pytest.raises(ValueError, match="1"):
        await shared.get("a", 1, source.fail, 120.0)
    now = 9.9
    with pytest.raises(ValueError, match="1"):
        await shared.get("a", 1, source.fail, 120.0)
    now = 10.0  # an answer would serve for longer
    assert await shared.get("a", 1, source.read, 120.0) == 2
