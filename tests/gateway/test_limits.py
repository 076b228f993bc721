"""Limits: no minute holds more than allowed, whoever waits comes in order, and nothing leaks."""

from __future__ import annotations

import asyncio
from copy import deepcopy
from dataclasses import replace

import httpx2
import openai
import pytest
from hypothesis import given, strategies as st

from nexhina_nb.errors import RateLimited, ServiceUnavailable
from nexhina_nb.gateway.limits import Limits, Turn
from nexhina_nb.gateway.limits.limiters import Limiter, duration
from nexhina_nb.gateway.limits.lines import Lines, Place, begin, end
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.groups import Group
from tests.conftest import RunningGateway
from tests.gateway.elsewhere import answering, elsewhere

HELLO = [{"role": "user", "content": "hello"}]
ACCOUNT = Account(1, "n", 1, -1, 0, 0, True, None, 1, "ada", 1, 1, "default", 0)  # fmt: skip


class Clock:
    """Time that passes when it is told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@given(
    st.lists(st.tuples(st.floats(0, 40), st.integers(1, 60)), max_size=60),
    st.integers(1, 5),
    st.integers(60, 100),
)
def test_no_minute_holds_more_than_the_limits(
    calls: list[tuple[float, int]], rpm: int, tpm: int
) -> None:
    limiter, now = Limiter("k", rpm=rpm, tpm=tpm), 0.0
    let_in: list[tuple[float, int]] = []
    for pause, tokens in calls:
        now += pause
        if limiter.admits(tokens, now):
            limiter.begin(tokens, now)
            let_in.append((now, tokens))
        else:
            assert limiter.wait_for(tokens, now) > 0
            later = now + limiter.wait_for(tokens, now)
            assert deepcopy(limiter).admits(tokens, later)
    for start, _ in let_in:
        minute = [tokens for when, tokens in let_in if start <= when < start + 60]
        assert len(minute) <= rpm
        assert sum(minute) <= tpm


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 20), st.booleans()), max_size=60),
    st.integers(1, 3),
)
def test_lines_are_first_come_first_served_and_leak_nothing(
    steps: list[tuple[int, int, bool]], parallel: int
) -> None:
    group, lines, now = Limiter("g", parallel=parallel, tpm=50), Lines(), 0.0
    keys = [Limiter(f"k{n}", parallel=2) for n in range(3)]
    joined: list[list[Place]] = [[], [], []]
    began: list[list[Place]] = [[], [], []]
    for key, tokens, ends in steps:
        now += 1
        place = Place((keys[key], group), tokens)
        place.admitted = lambda key=key, place=place: began[key].append(place)  # type: ignore[misc]
        joined[key].append(place)
        lines.join(place)
        lines.advance(now)
        running = [p for row in began for p in row if p.counted is not None]
        assert group.running == len(running) <= parallel
        assert all(limiter.running <= 2 for limiter in keys)
        if ends and running:
            end(running[0], running[0].tokens, now)
            lines.advance(now)
    for _ in range(len(steps) + 1):
        for place in [p for row in began for p in row]:
            end(place, 0, now)
            end(place, 0, now)
        now += 61
        lines.advance(now)
    assert began == joined
    assert not lines.waiting()
    assert group.running == group.waiting == 0


def test_keys_of_a_group_take_turns_however_many_calls_one_of_them_has() -> None:
    group, lines = Limiter("g", parallel=1), Lines()
    greedy, modest = Limiter("a", parallel=9), Limiter("b", parallel=9)
    order: list[str] = []
    running = Place((greedy, group), 1)
    begin(running, 0)
    for limiter in (greedy, greedy, greedy, modest):
        place = Place((limiter, group), 1)
        place.admitted = lambda name=limiter.name: order.append(name)  # type: ignore[misc]
        lines.join(place)
    for _ in range(4):
        waiting = lines.waiting()
        end(running, 1, 0)
        lines.advance(0)
        (running,) = [place for place in waiting if place.counted]
    assert order.index("b") <= 1


def test_tokens_are_corrected_by_what_was_used() -> None:
    async def scene() -> None:
        limits, account = Limits(clock=Clock()), replace(ACCOUNT, tpm=100)
        turn = await limits.admit(account, None, 90)
        with pytest.raises(RateLimited, match="100 tokens a minute") as caught:
            await limits.admit(account, None, 20)
        assert caught.value.retry_after is not None
        assert caught.value.retry_after >= 1
        turn.leave(30)
        turn.leave(0)
        assert turn.headers["x-ratelimit-remaining-tokens"] == "70"
        with pytest.raises(RateLimited, match="waiting does not help") as hopeless:
            await limits.admit(account, None, 101)
        assert hopeless.value.retry_after is None

    asyncio.run(scene())


def test_a_key_without_limits_gets_the_turn_that_all_share() -> None:
    async def scene() -> None:
        limits = Limits()
        first = await limits.admit(ACCOUNT, Group("g"), 5)
        assert type(first) is Turn
        assert first is await limits.admit(ACCOUNT, None, 7)
        assert not first.headers

    asyncio.run(scene())


def test_a_wait_ends_by_a_free_place_by_giving_up_or_by_the_end_of_the_gateway() -> None:
    async def scene() -> None:
        limits, account = Limits(2), replace(ACCOUNT, parallel=1, queue_seconds=60)
        running = await limits.admit(account, None, 1)
        first = asyncio.create_task(limits.admit(account, None, 1))
        second = asyncio.create_task(limits.admit(account, None, 1))
        await asyncio.sleep(0)
        with pytest.raises(RateLimited, match="2 calls wait already"):
            await limits.admit(account, None, 1)
        with pytest.raises(RateLimited, match="1 requests at a time"):
            await limits.admit(replace(account, queue_seconds=0), None, 1)
        first.cancel()
        await asyncio.wait([first])
        running.leave(1)
        (await second).leave(1)
        again = await limits.admit(account, None, 1)
        third = asyncio.create_task(limits.admit(account, None, 1))
        await asyncio.sleep(0)
        limits.close()
        with pytest.raises(ServiceUnavailable):
            await third
        again.leave(1)

    asyncio.run(scene())


def test_durations_are_written_as_openai_writes_them() -> None:
    assert [duration(s) for s in (0, 0.2, 1, 60, 359.5)] == ["0s", "1s", "1s", "1m0s", "6m0s"]


def test_the_sdk_is_told_what_is_left_and_when_to_come_back(
    shared_gateway: RunningGateway,
) -> None:
    key = shared_gateway.new_key(rpm=2, tpm=5000)
    client = openai.OpenAI(base_url=shared_gateway.base_url, api_key=key, max_retries=0)
    create = client.chat.completions.with_raw_response.create
    plain = create(model="local/chat", messages=HELLO, max_tokens=5)  # type: ignore[call-overload]
    assert plain.headers["x-ratelimit-remaining-requests"] == "1"
    streamed = create(model="local/chat", messages=HELLO, max_tokens=5, stream=True)  # type: ignore[call-overload]
    assert streamed.headers["x-ratelimit-limit-requests"] == "2"
    assert streamed.headers["x-ratelimit-limit-tokens"] == "5000"
    list(streamed.parse())
    with pytest.raises(openai.RateLimitError, match="2 requests a minute") as caught:
        create(model="local/chat", messages=HELLO)  # type: ignore[call-overload]
    headers = caught.value.response.headers
    assert caught.value.code == "rate_limit_exceeded"
    assert int(headers["retry-after"]) >= 1
    assert headers["x-ratelimit-remaining-requests"] == "0"


def test_a_call_for_an_unknown_model_counts_and_is_told_the_limits(
    shared_gateway: RunningGateway,
) -> None:
    headers = {"authorization": f"Bearer {shared_gateway.new_key(rpm=1)}"}
    url = f"{shared_gateway.base_url}/chat/completions"
    body = {"model": "no/such", "messages": HELLO}
    answers = [httpx2.post(url, headers=headers, json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [404, 429]
    assert answers[0].headers["x-ratelimit-remaining-requests"] == "0"


@pytest.mark.parametrize("stream", [False, True])
def test_a_call_that_is_refused_upstream_leaves_its_turn(
    gateway: RunningGateway, stream: bool
) -> None:
    error = {"error": {"message": "too long", "code": "context_length_exceeded"}}
    scene = answering(error, status="400 Bad Request")
    key = gateway.new_key(parallel=1)
    body = {"model": "gpt-4o", "messages": [{"role": "user", "content": "x"}], "stream": stream}
    with elsewhere(gateway, {"completions": scene}, "gpt-4o"):
        for _ in range(3):
            headers = {"authorization": f"Bearer {key}"}
            reply = httpx2.post(f"{gateway.base_url}/chat/completions", json=body, headers=headers)
            assert reply.status_code == 400, reply.text
