"""The client against this package's own gateway: what each verb gives, offline."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import numpy as np
import pytest

from nexhina_nb import errors
from nexhina_nb.client import AsyncClient, Client
from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.store.prices import set_price
from tests.conftest import RunningGateway


@pytest.fixture
def local(shared_gateway: RunningGateway) -> Iterator[Client]:
    with Client(shared_gateway.base_url, shared_gateway.new_key(), max_retries=0) as client:
        yield client


def test_chat_plain_and_streamed(local: Client) -> None:
    plain = local.chat("What is 2 + 3?")
    with local.chat("What is 2 + 3?", stream=True) as answer:
        pieces = list(answer)
    assert "5" in plain.text
    assert "".join(pieces) == answer.reply.text == plain.text
    for reply in (plain, answer.reply):
        assert reply.cost.source == "gateway"
        assert reply.usage is not None
        assert reply.request_id


def test_vectors_and_ranking(local: Client) -> None:
    vectors = local.embed(["a cat", "a kitten", "tax law"])
    assert vectors.shape == (3, 256)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    ranking = local.rerank("kitten", ["tax law", "a small cat"], top_n=1)
    assert ranking[0].document == "a small cat"
    assert ranking.cost.source == vectors.cost.source == "gateway"  # type: ignore[union-attr]


def test_money_agrees(local: Client) -> None:
    before = local.usage()
    costs = [local.chat("hello").cost.quota, local.chat("hi", stream=True).read().cost.quota]
    rows = local.logs()
    assert [row["quota"] for row in rows[:2]] == costs[::-1]
    spent = sum(cost or 0 for cost in costs)
    after = local.usage()
    assert after.used - before.used == before.available - after.available == spent


def test_tags_reach_the_log(local: Client) -> None:
    local.with_tags(notebook="Größe & more.ipynb", cell="3").chat("hello")
    other = json.loads(local.logs()[0]["other"])
    assert other["tags"] == {"notebook": "Größe & more.ipynb", "cell": "3"}


def test_models(local: Client) -> None:
    assert set(local.models("local/*").ids) >= {"local/chat", "local/embed", "local/rerank"}
    rows = {row[0]: row for row in local.models().rows()}
    assert rows["local/chat"][2] == 32_768


def test_errors(shared_gateway: RunningGateway, local: Client) -> None:
    with pytest.raises(errors.ModelNotFound, match=r"case-sensitive.*'local/chat'.*lists all"):
        local.chat("hi", model="Local/Chat")
    with pytest.raises(errors.ContextLengthExceeded, match="local/chat takes 32,768"):
        local.chat("word " * 33_000)
    with (
        Client(shared_gateway.base_url, "sk-wrong", max_retries=0) as stranger,
        pytest.raises(errors.Authentication, match="login"),
    ):
        stranger.chat("hi")
    poor = shared_gateway.new_key(quota=0)
    with (
        Client(shared_gateway.base_url, poor, max_retries=0) as client,
        pytest.raises(errors.QuotaExceeded, match=r"left|wallet"),
    ):
        client.chat("hi")


def test_awaited(shared_gateway: RunningGateway) -> None:
    async def main() -> None:
        async with AsyncClient(shared_gateway.base_url, shared_gateway.key) as client:
            async with await client.chat("What is 2 + 3?", stream=True) as answer:
                assert "5" in "".join([piece async for piece in answer])
            assert (await client.embed("x")).shape == (1, 256)

    asyncio.run(main())


def test_the_table_of_models_shows_the_prices_that_the_gateway_bills(
    gateway: RunningGateway,
) -> None:
    with gateway.store.writing() as connection:
        row = to_pricing_row("local/chat", Price.per_million(input="1.5", output=6))
        set_price(connection, "local/chat", json.dumps(row))
    with Client(gateway.base_url, gateway.key) as client:
        (shown,) = client.models("local/chat").rows()
    assert shown[3:5] == ("1.5", "6")
