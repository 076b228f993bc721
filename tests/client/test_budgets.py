"""Budgets: what is held, spent and refused, against scripted servers and a real gateway."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any

import httpx2
import pandas as pd
import pytest

import nexhina_nb as nx
from nexhina_nb.client import AsyncClient, Client
from nexhina_nb.client.budgets import ACTIVE, Budget
from nexhina_nb.client.cost import cost_of
from nexhina_nb.client.price_page import kept
from nexhina_nb.client.target import Target
from nexhina_nb.errors import (
    BadInput,
    BudgetExceeded,
    ConnectionFailed,
    StreamBroken,
)
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import usd
from nexhina_nb.pricing.estimate import estimate
from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.secret import Secret
from nexhina_nb.store.prices import set_price
from tests.client import mock_server
from tests.client.cutting import cutting
from tests.client.mock_server import MockServer, Play
from tests.conftest import RunningGateway

KEY = "sk-test"
HELLO: Any = {"model": "gpt-4o", "max_tokens": 100}


@pytest.fixture(autouse=True)
def _list_prices(request: pytest.FixtureRequest) -> None:
    """The scripted server is not asked for its prices, which would be a part of the play."""
    if "server" in request.fixturenames:
        server = request.getfixturevalue("server")
        kept(Target(server.base_url, Secret(KEY))).keep(Catalog.bundled(), 3600)


@pytest.fixture
def local(gateway: RunningGateway) -> Iterator[Client]:
    with Client(gateway.base_url, gateway.new_key(), max_retries=0) as made:
        yield made


def most(prompt: str = "Hello") -> Decimal:
    """What such a call may cost at most."""
    found = estimate("chat", prompt, **HELLO).usd
    assert found is not None
    return found[1]


def billed(client: Client) -> Decimal:
    return usd(client.usage().used)


# What is spent


def test_every_verb_spends_what_it_was_billed(local: Client) -> None:
    with nx.budget(usd=1) as spent:
        costs = [
            local.chat("What is 2 + 3?").cost,
            local.chat("What is 2 + 3?", stream=True).read().cost,
            local.respond("What is 2 + 3?").cost,
            local.respond("What is 2 + 3?", stream=True).read().cost,
            local.embed(["a", "b"]).cost,
            local.rerank("a", ["a", "b"]).cost,
            local.moderate("hello").cost,
            local.image("a house", size="64x64").cost,
            local.image("a house", size="64x64", stream=True).read().cost,
            local.speak("Hello", format="wav").cost,
            local.speak("Hello", format="wav", stream=True).read().cost,
            local.video("stars", seconds=1, size="64x64").cost,
        ]
        recording = local.speak("one two", format="wav")
        costs += [
            recording.cost,
            local.transcribe(recording).cost,
            local.transcribe(recording, stream=True).read().cost,
        ]
    assert all(cost is not None and cost.source == "gateway" for cost in costs)
    assert spent.spent == sum(cost.usd for cost in costs if cost) == billed(local)
    assert spent.held == spent.unknown == 0
    assert spent.left == 1 - spent.spent


def test_what_is_free_is_free_also_when_nothing_is_left(local: Client) -> None:
    with nx.budget(usd=0) as spent:
        local.models()
        local.usage()
        local.logs()
        with pytest.raises(BudgetExceeded):
            local.chat("hello")
    assert spent.spent == 0
    assert billed(local) == 0


def test_free_models_need_no_money(server: MockServer, client: Client) -> None:
    verdict = {"flagged": False, "categories": {}, "category_scores": {}}
    server.play(mock_server.as_json({"id": "m", "model": "x", "results": [verdict]}))
    with nx.budget(usd=0) as spent:
        client.moderate("hello", model="omni-moderation-latest")
    assert spent.spent == spent.unknown == 0


def test_the_gateways_own_prices_hold(gateway: RunningGateway, local: Client) -> None:
    with gateway.store.writing() as connection:
        row = to_pricing_row("local/chat", Price.per_million(1, 4))
        set_price(connection, "local/chat", json.dumps(row))
    # 4,096 tokens for $4 a million, where the catalogue says $0.40
    with nx.budget(usd="0.002"), pytest.raises(BudgetExceeded, match=r"may cost \$0\.0163"):
        local.chat("hello")
    with nx.budget(usd="0.02") as spent:
        local.chat("hello")
    assert spent.spent == billed(local)


def test_without_a_bill_list_prices_count(server: MockServer, client: Client) -> None:
    server.play(mock_server.chat(), mock_server.stream("Hel", "lo"))
    with nx.budget(usd=1) as spent:
        plain = client.chat("Hello", **HELLO)
        streamed = client.chat("Hello", stream=True, **HELLO).read()
    assert plain.cost.source == streamed.cost.source == "catalogue"
    assert spent.spent == plain.cost.usd + streamed.cost.usd  # type: ignore[operator]
    assert spent.unknown == 0


def test_a_price_that_cannot_be_told_is_the_most_that_it_may_be(
    server: MockServer, client: Client
) -> None:
    body = mock_server.chat_body()
    del body["usage"]
    server.play(mock_server.as_json(body))
    with nx.budget(usd=1) as spent:
        client.chat("Hello", **HELLO)
    assert (spent.spent, spent.unknown, spent.held) == (most(), 1, 0)


def test_what_was_asked_is_paid_whatever_the_answer_is_called(
    server: MockServer, client: Client
) -> None:
    server.play(mock_server.chat(), mock_server.stream("Hel", "lo"))  # they say gpt-4o
    asked: Any = {**HELLO, "model": "gpt-4o-mini"}
    with nx.budget(usd=1) as plain:
        usage = client.chat("Hello", **asked).usage
    with nx.budget(usd=1) as streamed:
        client.chat("Hello", stream=True, **asked).read()
    cost = cost_of(None, "gpt-4o-mini", usage).usd
    assert 0 < plain.spent == streamed.spent == cost
    assert plain.unknown == streamed.unknown == 0


@pytest.mark.parametrize("usage", [{}, {"prompt_tokens": 0, "completion_tokens": 0}])
def test_a_usage_that_counts_nothing_is_the_most(
    server: MockServer, client: Client, usage: dict[str, int]
) -> None:
    server.play(mock_server.as_json({**mock_server.chat_body(), "usage": usage}))
    with nx.budget(usd=1) as spent:
        assert client.chat("Hello", **HELLO).cost.usd is None
    assert (spent.spent, spent.unknown) == (most(), 1)


# What is refused


def test_the_call_that_might_go_over_is_not_sent(server: MockServer, client: Client) -> None:
    server.play(mock_server.chat(**{"x-nexhina-quota": "400"}))
    with nx.budget(usd="0.0015") as spent:
        client.chat("Hello", **HELLO)
        with pytest.raises(BudgetExceeded) as caught:
            client.chat("Hello", **HELLO)
    assert len(server.seen) == 1
    assert spent.left == Decimal("0.0007")
    assert caught.value.message == (
        "this call may cost $0.00102, $0.0007 is left of the budget of $0.0015"
    )
    assert caught.value.hint == (
        "nothing was sent; lower max_tokens or raise the budget (at most max_tokens = 100)"
    )
    assert not caught.value.waits


def test_a_budget_may_be_spent_to_the_last(server: MockServer, client: Client) -> None:
    server.play(mock_server.chat())
    with nx.budget(usd=most()):
        client.chat("Hello", **HELLO)
    with nx.budget(usd=most() - Decimal("0.000002")), pytest.raises(BudgetExceeded):
        client.chat("Hello", **HELLO)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda c: c.chat("x", model="nobody-knows"), "no price is known for nobody-knows"),
        (lambda c: c.image("x", model="gpt-image-1"), "known afterwards"),
        (lambda c: c.transcribe(b"ID3 no sound", model="whisper-1"), "length of the recording"),
        (
            lambda c: c.respond("x", model="gpt-4o", tools=[{"type": "web_search"}]),
            "known afterwards",
        ),
        (lambda c: c.chat("x", model="gpt-4o", web_search_options={}), "known afterwards"),
        (lambda c: c.respond("x", model="deepseek-chat", previous="resp_1"), "may cost"),
        (lambda c: c.chat("x", model="ministral-8b"), "how long the answer may get is not known"),
    ],
)
def test_what_nobody_can_price_is_refused(
    server: MockServer, client: Client, call: Any, said: str
) -> None:
    with nx.budget(usd="0.001") as spent, pytest.raises(BudgetExceeded, match=said):
        call(client)
    assert server.seen == []
    assert spent.spent == spent.held == 0


def test_a_limit_makes_an_answer_payable(server: MockServer, client: Client) -> None:
    server.play(mock_server.chat())
    with nx.budget(usd=1) as spent:
        with pytest.raises(BudgetExceeded) as caught:
            client.chat("Hello", model="ministral-8b")
        assert caught.value.hint == (
            "nothing was sent; say max_tokens=, or make the call without a budget"
        )
        client.chat("Hello", model="ministral-8b", max_tokens=10)
    assert spent.spent > 0
    assert len(server.seen) == 1


def test_budgets_inside_each_other_must_all_allow(server: MockServer, client: Client) -> None:
    server.play(mock_server.chat(**{"x-nexhina-quota": "100"}))
    with nx.budget(usd=1) as outer:
        with nx.budget(usd="0.0011") as inner:
            client.chat("Hello", **HELLO)
            with pytest.raises(BudgetExceeded, match=r"budget of \$0\.0011"):
                client.chat("Hello", **HELLO)
        assert outer.spent == inner.spent == Decimal("0.0002")
        assert outer.held == inner.held == 0
        with nx.budget(usd=5), nx.budget(usd=5) as third:
            assert ACTIVE.get() == (outer, ACTIVE.get()[1], third)
        assert ACTIVE.get() == (outer,)
    assert ACTIVE.get() == ()


def test_a_block_that_fails_ends_its_budget(client: Client) -> None:
    with pytest.raises(BudgetExceeded), nx.budget(usd=0):
        client.chat("Hello", **HELLO)
    assert ACTIVE.get() == ()


# Calls that fail, are tried again, or break off


def test_a_refused_call_costs_nothing(server: MockServer, client: Client) -> None:
    server.play(mock_server.error(400, "bad"), mock_server.error(500, "x"))
    server.play(mock_server.as_json({"error": {"message": "no", "code": "y"}}))
    with nx.budget(usd=1) as spent:
        for _ in range(3):
            with pytest.raises(nx.errors.APIError):
                client.chat("Hello", **HELLO)
    assert spent.spent == spent.held == spent.unknown == 0


def test_tries_of_one_call_hold_once(server: MockServer) -> None:
    server.play(mock_server.error(500, "x"), mock_server.error(503, "x"), mock_server.chat())
    with Client(server.base_url, KEY) as patient, nx.budget(usd=most()) as spent:
        patient.chat("Hello", **HELLO)
    assert len(server.seen) == 3
    assert spent.held == 0
    assert 0 < spent.spent < most()


def test_a_try_that_was_lost_counts(server: MockServer) -> None:
    server.play(Play(reset=True), mock_server.embeddings([[1.0]], **{"x-nexhina-quota": "1"}))
    text = "word " * 100
    one = estimate("embed", [text], model="text-embedding-3-large").usd
    assert one is not None
    with Client(server.base_url, KEY) as patient, nx.budget(usd=1) as spent:
        patient.embed([text], model="text-embedding-3-large")
    assert spent.spent == one[1] + usd(1)
    server.play(Play(reset=True))
    with Client(server.base_url, KEY) as patient, nx.budget(usd=one[1]) as small:
        with pytest.raises(BudgetExceeded):  # there is no money for a second try
            patient.embed([text], model="text-embedding-3-large")
        assert (small.spent, small.held) == (one[1], 0)


def test_a_call_that_never_left_costs_nothing(client: Client) -> None:
    with nx.budget(usd=1) as spent:
        client.close()
        with pytest.raises(ConnectionFailed, match="closed"):
            client.chat("Hello", **HELLO)
        kept(Target("http://127.0.0.1:9/v1", Secret("k"))).keep(Catalog.bundled(), 3600)
        with (
            Client("http://127.0.0.1:9/v1", "k", max_retries=0) as nowhere,
            pytest.raises(ConnectionFailed),
        ):
            nowhere.chat("Hello", **HELLO)
    assert spent.spent == spent.held == 0


def test_a_stream_holds_until_its_end(server: MockServer, client: Client) -> None:
    server.play(mock_server.stream("Hel", "lo", quota=7))
    with nx.budget(usd=1) as spent:
        stream = client.chat("Hello", stream=True, **HELLO)
        next(stream)
        assert (spent.held, spent.spent) == (most(), 0)
        with pytest.raises(BudgetExceeded) as caught, nx.budget(usd=0):
            client.chat("Hello", **HELLO)
        assert not caught.value.waits  # it is not the budget that is held
    stream.read()
    assert (spent.held, spent.spent) == (0, usd(7))  # also after the block


def test_who_waits_may_get_money_back(server: MockServer, client: Client) -> None:
    server.play(mock_server.stream("Hello", quota=7))
    with nx.budget(usd=most()) as spent:
        stream = client.chat("Hello", stream=True, **HELLO)
        with pytest.raises(BudgetExceeded, match="wait for the calls under way") as caught:
            client.chat("Hello", **HELLO)
        assert caught.value.waits
        with pytest.raises(BudgetExceeded) as hopeless:
            client.chat("Hello", **{**HELLO, "max_tokens": 200})
        assert not hopeless.value.waits  # it would be too much for the whole budget
        stream.read()
        assert spent.left == most() - usd(7)


@pytest.mark.parametrize("ending", ["close", "with", "drop", "drop unread", "break"])
def test_a_stream_that_is_left_counts_as_the_most(
    server: MockServer, client: Client, ending: str
) -> None:
    server.play(mock_server.stream("Hel", "lo", hang=ending != "break", cut=ending == "break"))
    server.script[0].body[-3:] = []  # type: ignore[index]
    with nx.budget(usd=1) as spent:
        stream = client.chat("Hello", stream=True, **HELLO)
        if ending == "break":
            with pytest.raises(StreamBroken):
                stream.read()
        elif ending == "with":
            with stream:
                next(stream)
        elif ending == "close":
            stream.close()
        else:
            if ending == "drop":
                next(stream)
            stream._source.close()
            del stream
            gc.collect()
    assert (spent.spent, spent.held, spent.unknown) == (most(), 0, 1)


def test_a_stream_that_broke_after_its_bill(server: MockServer, client: Client) -> None:
    frames = mock_server.frames("Hel", quota=7)[:-1]
    del frames[2]  # why it ended
    server.play(Play(frames, content_type=mock_server.SSE, cut=True))
    with nx.budget(usd=1) as spent, pytest.raises(StreamBroken):
        client.chat("Hello", stream=True, **HELLO).read()
    assert (spent.spent, spent.unknown) == (usd(7), 0)


@pytest.mark.parametrize("verb", ["chat", "respond"])
def test_a_stream_that_joins_itself(gateway: RunningGateway, verb: str) -> None:
    with (
        cutting(gateway.base_url, 10_000, 900) as proxy,
        Client(proxy.base_url, gateway.new_key(), max_retries=0) as client,
    ):
        client.usage()  # the first connection, which is not cut
        with nx.budget(usd=1) as spent:
            ask = getattr(client, verb)
            prompt = "Count from 1 to 60, one number a line."
            reply = ask(prompt, stream=True, resume=3).read()
        assert reply.resumed
        assert spent.held == 0
        assert billed(client) <= spent.spent


@pytest.mark.parametrize(
    ("events", "is_paid"),
    [
        ([{"error": {"message": "no"}}], False),
        ([{"error": {"message": "no"}, "usage": {"prompt_tokens": 1}}], True),
        ([{"choices": [{"index": 0, "delta": {"role": "assistant"}}]}, {"error": "no"}], False),
        ([{"choices": [{"index": 0, "delta": {"content": "A"}}]}, {"error": "no"}], True),
    ],
)
def test_a_stream_that_is_refused_at_once_costs_nothing(
    server: MockServer, client: Client, events: list[Any], is_paid: bool
) -> None:
    frames = [f"data: {json.dumps(event)}\n\n".encode() for event in events]
    server.play(Play(frames, content_type=mock_server.SSE))
    with nx.budget(usd=1) as spent, pytest.raises(nx.errors.APIError):
        client.chat("Hello", stream=True, **HELLO).read()
    assert (spent.spent, spent.held, spent.unknown) == (most() if is_paid else 0, 0, is_paid)


@pytest.mark.parametrize("usage", [None, {"input_tokens": 5, "output_tokens": 7}])
def test_a_response_that_fails_at_once_costs_what_it_used(
    server: MockServer, client: Client, usage: Any
) -> None:
    failed = {"id": "r", "status": "failed", "error": {"message": "no", "code": "x"}}
    event = {"type": "response.failed", "response": {**failed, "usage": usage}}
    frames = [f"data: {json.dumps(event)}\n\n".encode()]
    server.play(Play(frames, content_type=mock_server.SSE))
    with nx.budget(usd=1) as spent, pytest.raises(nx.errors.APIError):
        client.respond("Hello", stream=True, **HELLO).read()
    assert spent.held == 0
    assert (spent.spent > 0) is (usage is not None)


def test_an_error_in_the_place_of_a_stream_costs_nothing(
    server: MockServer, client: Client
) -> None:
    server.play(mock_server.as_json({"error": {"message": "no", "code": "y"}}))
    with nx.budget(usd=1) as spent, pytest.raises(nx.errors.APIError):
        client.chat("Hello", stream=True, **HELLO).read()
    assert spent.spent == spent.held == 0


def test_an_interrupted_call_counts(server: MockServer) -> None:
    server.play(Play([b" "], hang=True))

    async def main() -> Budget:
        async with AsyncClient(server.base_url, KEY) as client:
            with nx.budget(usd=1) as spent:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await client.chat("Hello", **HELLO)
                assert spent.held == 0
            return spent

    spent = asyncio.run(main())
    assert (spent.spent, spent.unknown) == (most(), 1)


# Who keeps a budget


def test_tasks_keep_the_budget_they_were_begun_in(gateway: RunningGateway) -> None:
    key = gateway.new_key()
    limit = Decimal("0.01")  # six such calls may cost more than that

    async def one(client: AsyncClient) -> str:
        with suppress(BudgetExceeded):
            return (await client.chat("hello", max_tokens=4000)).text
        return ""

    async def main() -> tuple[Budget, list[str]]:
        async with AsyncClient(gateway.base_url, key) as client:
            with nx.budget(limit) as spent:
                tasks = [asyncio.create_task(one(client)) for _ in range(12)]
            return spent, await asyncio.gather(*tasks)

    spent, texts = asyncio.run(main())
    made = sum(bool(text) for text in texts)
    assert 0 < made < 12
    assert spent.held == 0
    with Client(gateway.base_url, key) as client:
        assert billed(client) == spent.spent <= limit


def test_threads_keep_it_in_its_context(server: MockServer, client: Client) -> None:
    server.play(mock_server.chat(), mock_server.chat())
    caught: list[BaseException] = []

    def work() -> None:
        try:
            client.chat("Hello", **HELLO)
        except BudgetExceeded as error:
            caught.append(error)

    with nx.budget(usd=0):
        inside = threading.Thread(target=contextvars.copy_context().run, args=(work,))
        outside = threading.Thread(target=contextvars.Context().run, args=(work,))
        for thread in (inside, outside):
            thread.start()
            thread.join()
    assert len(caught) == len(server.seen) == 1


@pytest.mark.parametrize("own", [False, True])
def test_a_batch_keeps_it(gateway: RunningGateway, own: bool) -> None:
    frame = pd.DataFrame({"text": [f"text number {row}" for row in range(50)]})
    http = httpx2.Client() if own else None
    with Client(gateway.base_url, gateway.new_key(), http_client=http) as client:
        options: Any = {"client": client, "batch_size": 5, "cache": False, "progress": False}
        with nx.budget(usd=1) as spent:
            nx.embed(frame, "text", **options)
        assert spent.held == spent.unknown == 0
        assert spent.spent == billed(client) > 0
        with nx.budget(usd=0), pytest.raises(BudgetExceeded):
            nx.embed(frame, "text", **options)
        assert spent.spent == billed(client)
    if http is not None:
        http.close()


# How it looks


def test_it_shows_itself() -> None:
    made = Budget("0.05")
    assert repr(made) == "<Budget of $0.05: $0.00 spent, $0.00 held, $0.05 left>"
    data, _ = made._repr_mimebundle_()
    assert "<table>" in data["text/html"]
    assert data["text/plain"].splitlines()[1].split() == ["$0.05", "$0.00", "$0.00", "$0.05"]
    made.unknown = 1
    assert repr(made).endswith("left; the price of 1 call is not known>")
    assert "unknown" in made._repr_mimebundle_()[0]["text/plain"]


@pytest.mark.parametrize("usd", [-1, "much", float("nan"), float("inf"), True, None])
def test_what_is_no_amount_is_refused(usd: Any) -> None:
    with pytest.raises(BadInput, match="the budget cannot be"), nx.budget(usd):
        pass


def test_amounts_are_exact(server: MockServer, client: Client) -> None:
    assert Budget(0.1).limit == Decimal("0.1")
    assert Budget(10**30).left == 10**30
    # Half a quota is none.
    with nx.budget("0.000001"), pytest.raises(BudgetExceeded):
        client.embed(["a"], model="text-embedding-3-large")
    assert server.seen == []
