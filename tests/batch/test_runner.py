"""The runner by itself, with little patience: what is given up, and what it means for the rest."""

from __future__ import annotations

import asyncio

import pytest

from nexhina_nb import errors
from nexhina_nb.batch.address import Address
from nexhina_nb.batch.embed import Embedding, EmbedWork
from nexhina_nb.batch.inputs import read
from nexhina_nb.batch.pace import Pace
from nexhina_nb.batch.runner import Runner
from nexhina_nb.batch.tally import Tally
from nexhina_nb.batch.turns import OwnTurns
from nexhina_nb.batch.verdicts import (
    Changed,
    Verdict,
    common_words,
    in_words,
    is_refusal,
    judge,
)
from nexhina_nb.client import Client
from nexhina_nb.client.lines import open_line
from nexhina_nb.retry import Policy
from tests.batch.upstream import Faults, Reply, Upstream, error

TEXTS = [f"text {number}" for number in range(60)]


def run(
    client: Client, policy: Policy, size: int = 10, at_once: int = 8
) -> tuple[EmbedWork, Tally]:
    """One batch of sixty texts."""
    inputs, tally = read(TEXTS, "x"), Tally(len(TEXTS))
    work = EmbedWork(inputs, Embedding("m", None, size), Address("embed", "", "m"), None, tally)

    async def main() -> None:
        async with open_line(client, 8) as line:
            turns = OwnTurns(Pace(at_once))
            await Runner(work, line, turns, tally, policy=policy).run(work.parts())

    asyncio.run(main())
    return work, tally


def test_an_input_that_breaks_the_server_fails_alone(upstream: Upstream, client: Client) -> None:
    def breaks(body: dict[str, list[str]]) -> Reply | None:
        is_bad = "text 31" in body.get("input", []) and upstream.answered
        return (500, {}, error("internal_error", "it broke")) if is_bad else None

    upstream.faults = Faults(answer=breaks)
    work, tally = run(client, Policy(max_retries=2, base=0.01))
    assert work.errors() == {31: "internal_error: it broke"}
    assert (tally.done, tally.failed) == (59, 1)
    assert set(upstream.answered.values()) == {1}


def test_a_server_that_goes_down_ends_the_batch(upstream: Upstream, client: Client) -> None:
    def goes_down(body: dict[str, list[str]]) -> Reply | None:
        is_down = len(upstream.answered) >= 20 and "input" in body
        return (500, {}, error("internal_error", "it broke")) if is_down else None

    upstream.faults = Faults(answer=goes_down)
    with pytest.raises(errors.InternalError, match="it broke"):
        run(client, Policy(max_retries=1, base=0.01))
    assert upstream.requests < 150


def test_a_part_that_is_sent_away_for_long_waits_while_others_go_on(
    upstream: Upstream, client: Client
) -> None:
    # Longer than the policy waits for one call, but not than the others take.
    def sends_one_away(body: dict[str, list[str]]) -> Reply | None:
        is_first = "text 5" in body["input"] and upstream.sent["text 5"] == 1
        return (429, {"Retry-After": "0.5"}, error("rate_limit_exceeded", "")) if is_first else None

    upstream.faults = Faults(answer=sends_one_away, latency=0.05)
    policy = Policy(max_retries=4, base=0.01, longest_retry_after=0.4)
    work, tally = run(client, policy, size=1, at_once=2)
    assert work.errors() == {}
    assert (tally.done, tally.retries, upstream.sent["text 5"]) == (60, 1, 2)


def test_a_server_that_sends_all_away_is_asked_no_more(upstream: Upstream, client: Client) -> None:
    def sends_away(body: dict[str, list[str]]) -> Reply | None:
        is_late = len(upstream.answered) >= 20
        return (429, {"Retry-After": "70"}, error("", "slow")) if is_late else None

    upstream.faults = Faults(answer=sends_away, latency=0.01)
    with pytest.raises(errors.RateLimited, match="come back in 70 s"):
        run(client, Policy(base=0.01), size=1, at_once=4)
    assert upstream.requests < 20 + 16


def test_who_is_refused_again_and_again_gets_a_turn(upstream: Upstream, client: Client) -> None:
    def busy_for_one(body: dict[str, list[str]]) -> Reply | None:
        is_early = "text 0" in body["input"] and len(upstream.answered) < 50
        return (
            (429, {"Retry-After": "0.01"}, error("rate_limit_exceeded", "")) if is_early else None
        )

    upstream.faults = Faults(answer=busy_for_one, latency=0.01)
    work, tally = run(client, Policy(max_retries=4, base=0.01), size=1, at_once=2)
    assert work.errors() == {}
    assert tally.retries > 4


@pytest.mark.parametrize(
    ("raised", "verdict"),
    [
        (errors.ConnectionFailed("no"), Verdict.AGAIN),
        (errors.TimedOut("no"), Verdict.AGAIN),
        (errors.RateLimited("no"), Verdict.AGAIN),
        (errors.Conflict("no"), Verdict.AGAIN),
        (errors.BadRequest("no", status=408), Verdict.AGAIN),
        (errors.InternalError("no"), Verdict.AGAIN),
        (errors.Upstream("no"), Verdict.AGAIN),
        (errors.ServiceUnavailable("no"), Verdict.AGAIN),
        (errors.BadRequest("no"), Verdict.SPLIT),
        (errors.BadRequest("no", param="dimensions"), Verdict.STOP),
        (errors.ContextLengthExceeded("no"), Verdict.SPLIT),
        (errors.TooLarge("no"), Verdict.SPLIT),
        (errors.Unprocessable("no"), Verdict.SPLIT),
        (errors.Authentication("no"), Verdict.STOP),
        (errors.PermissionDenied("no"), Verdict.STOP),
        (errors.QuotaExceeded("no", status=429), Verdict.STOP),
        (errors.ModelNotFound("no"), Verdict.STOP),
        (errors.NotOffered("no"), Verdict.STOP),
        (errors.ConfigError("no"), Verdict.STOP),
        (errors.StoreError("no"), Verdict.STOP),
    ],
)
def test_verdicts(raised: errors.NexhinaError, verdict: Verdict) -> None:
    assert judge(raised) is verdict


def test_refusals_and_words() -> None:
    assert common_words(errors.BadRequest("7 of 8", code="a")) == "a  of "
    assert common_words(errors.BadRequest("no", code="prompt_blocked")) is None
    assert common_words(Changed("no")) is None
    assert is_refusal(errors.RateLimited("no"))
    assert not is_refusal(errors.InternalError("no"))
    assert in_words(errors.TooLarge("too much")) == "request_too_large: too much"
    assert in_words(errors.TimedOut("late")) == "TimedOut: late"


def test_every_turn_is_given_back(upstream: Upstream, client: Client) -> None:
    def refuses(body: dict[str, list[str]]) -> Reply | None:
        is_last = len(upstream.answered) >= 20 and "input" in body
        return (401, {}, error("invalid_api_key", "no such key")) if is_last else None

    upstream.faults = Faults(answer=refuses)
    for at_once in range(1, 9):
        upstream.forget()
        inputs, pace, tally = read(TEXTS, "x"), Pace(at_once), Tally(len(TEXTS))
        work = EmbedWork(inputs, Embedding("m", None, 3), Address("embed", "", "m"), None, tally)

        async def main(work: EmbedWork = work, pace: Pace = pace, tally: Tally = tally) -> None:
            async with open_line(client, 8) as line:
                await Runner(work, line, OwnTurns(pace), tally).run(work.parts())

        with pytest.raises(errors.Authentication):
            asyncio.run(main())
        assert pace.under_way == 0


def test_bad_inputs_that_are_tried_last_do_not_sink_the_others(
    upstream: Upstream, client: Client
) -> None:
    bad = {f"text {number}" for number in range(0, 60, 3)}

    def breaks(body: dict[str, list[str]]) -> Reply | None:
        is_bad = bool(bad.intersection(body.get("input", [])))
        return (500, {}, error("internal_error", "it broke")) if is_bad else None

    upstream.faults = Faults(answer=breaks)
    work, tally = run(client, Policy(max_retries=2, base=0.05), size=1)
    assert {TEXTS[row] for row in work.errors()} == bad
    assert set(work.inputs.texts) == {"", *bad}  # those that have their vectors make room
    assert (tally.done, tally.failed) == (40, 20)


def test_an_input_at_which_the_server_hangs_up_fails_alone(
    upstream: Upstream, client: Client
) -> None:
    def slow(texts: list[str]) -> float:
        if "text 59" in texts:
            raise ConnectionError
        return 0.0

    upstream.faults = Faults(slow=slow)
    work, tally = run(client, Policy(max_retries=1, base=0.01))
    assert list(work.errors()) == [59]
    assert tally.done == 59
