"""What a gateway says of its prices, and what is believed of it."""

from __future__ import annotations

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx2
import pytest

from nexhina_nb.client import AsyncClient, Client, price_page
from nexhina_nb.client.beside import carried_out
from nexhina_nb.client.prices import prices_of
from nexhina_nb.client.session import Session
from nexhina_nb.client.steps import Flow
from nexhina_nb.discovery import Running, announce, holding
from nexhina_nb.errors import ConfigError
from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.estimate import estimate
from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.secret import Secret
from nexhina_nb.store import accounts
from nexhina_nb.store.groups import Group, set_group
from nexhina_nb.store.prices import set_price
from tests.client.mock_server import MockServer, Play, serve
from tests.conftest import RunningGateway

DEAR = to_pricing_row("gpt-4o", Price.per_million(100, 400))
PAGE: dict[str, Any] = {
    "success": True,
    "data": [DEAR, {"model_name": "gpt-4o-mini", "quota_type": 0, "billing_mode": "tiered_expr",
                    "billing_expr": 'hour("UTC") < 8 ? p * 1 : p * 2'}],
    "group_ratio": {"default": 1},
}  # fmt: skip


def shown(page: object, **options: Any) -> Play:
    return Play(json.dumps(page).encode(), **options)


def quota_of(catalog: Catalog, model: str = "gpt-4o") -> tuple[int, int] | None:
    return estimate("embed", "a", model=model, catalog=catalog).quota


def test_a_gateway_goes_before_the_table(client: Client, server: MockServer) -> None:
    server.price_page = shown(PAGE)
    found = prices_of(client)
    price, table = found.price("gpt-4o"), Catalog.bundled()
    assert price is not None
    assert price.source == f"{server.root}/api/pricing"
    assert price.usd_per_million()["input"] == 100
    assert f"price {server.root}/api/pricing" in str(
        estimate("chat", "a", model="gpt-4o", catalog=found)
    )
    assert found.price("o3") == table.price("o3")
    # What the gateway bills by a rule that cannot be read has no price: the table's would be wrong.
    assert found.price("gpt-4o-mini") is None
    assert found.context_length("gpt-4o") == table.context_length("gpt-4o")


def test_it_is_asked_once_a_minute(client: Client, server: MockServer) -> None:
    server.price_page = shown(PAGE)
    with ThreadPoolExecutor(8) as pool:
        found = set(map(id, pool.map(prices_of, [client] * 40)))
    assert len(found) == len(server.looked) == 1
    assert server.looked[0].headers["authorization"] == "Bearer sk-test"
    with Client(server.base_url, "sk-other") as other:  # another key may be in another group
        prices_of(other)
    assert len(server.looked) == 2


def test_a_page_that_is_old_is_read_again(client: Client, server: MockServer) -> None:
    prices_of(client)
    server.price_page = shown(PAGE)
    assert prices_of(client).price("gpt-4o") == Catalog.bundled().price("gpt-4o")
    price_page.kept(client._session.target).until = 0.0
    assert quota_of(prices_of(client)) == (50, 50)
    price_page.kept(client._session.target).until = 0.0
    # What was known is better than nothing.
    for busy in (Play(reset=True), Play(status=429), Play(status=500), Play(status=503)):
        server.price_page = busy
        price_page.kept(client._session.target).until = 0.0
        assert quota_of(prices_of(client)) == (50, 50)


@pytest.mark.parametrize(
    "page",
    [
        Play(status=404), Play(b"<html>", content_type="text/html"), Play(b"[]"), Play(b'"a"'),
        shown({"data": 3}), shown({"error": {"message": "no"}}), shown(PAGE, status=403),
        Play(reset=True), Play(b"{", cut=True),
        Play(status=302, headers={"location": "http://127.0.0.1:9/api/pricing"}),
    ],
)  # fmt: skip
def test_a_server_without_the_page_has_list_prices(
    client: Client, server: MockServer, page: Play
) -> None:
    server.price_page = page
    assert prices_of(client) == Catalog.bundled()


def test_no_key_follows_a_redirect(client: Client, server: MockServer) -> None:
    with serve() as elsewhere:
        to = {"location": f"{elsewhere.root}/api/pricing"}
        server.price_page = Play(status=302, headers=to)
        assert prices_of(client) == Catalog.bundled()
        assert elsewhere.looked == elsewhere.seen == []


def test_a_gateway_that_does_not_answer_is_not_waited_for(
    client: Client, server: MockServer
) -> None:
    server.price_page = Play([b"{"], hang=True)
    assert prices_of(client) == Catalog.bundled()
    assert server.left.wait(10)
    assert prices_of(client) == Catalog.bundled()
    assert len(server.looked) == 1


def test_nobody_is_there() -> None:
    with Client("http://127.0.0.1:9/v1", "sk-x") as client:
        assert prices_of(client) == Catalog.bundled()
    assert prices_of(client) == prices_of(None) == Catalog.bundled()


def test_a_closed_client_is_not_asked(server: MockServer) -> None:
    with Client(server.base_url, "sk-closed") as client:
        pass
    assert prices_of(client) == Catalog.bundled()
    assert server.looked == []


def test_an_async_client_has_the_same_prices(server: MockServer) -> None:
    server.price_page = shown(PAGE)

    async def ask() -> tuple[Catalog, Catalog]:
        own = httpx2.AsyncClient()
        async with AsyncClient(server.base_url, "sk-a") as usual, own:
            given = AsyncClient(server.base_url, "sk-b", http_client=own)
            return prices_of(usual), prices_of(given)

    usual, given = asyncio.run(ask())
    assert quota_of(usual) == (50, 50)
    assert given == Catalog.bundled()
    assert [seen.headers["authorization"] for seen in server.looked] == ["Bearer sk-a"]


@pytest.mark.parametrize(
    ("groups", "ratio", "words"),
    [
        ({"group": "vip"}, "0.8", ", times 0.8 in the group vip"),
        ({"group": "default"}, "1", ""),
        ({"group": "unheard of"}, "1", ""),
        ({"group": "auto", "auto_groups": ["closed", "vip", "default"]}, "0.8", "the group vip"),
        ({"group": "auto", "auto_groups": ["closed"]}, "1", "which is not told"),
        ({}, "1", ", without the ratio of the key's group, which is not told"),
        ({"group_ratio": {"default": 3}}, "3", ", times 3"),
        ({"group_ratio": {"default": "x", "vip": -1}}, "1", ""),
        ({"group_ratio": None, "group": 7}, "1", ""),
    ],
)
def test_the_ratio_of_the_keys_group(
    client: Client, server: MockServer, groups: dict[str, Any], ratio: str, words: str
) -> None:
    row = DEAR | {"enable_groups": ["default", "vip"]}
    known = {"group_ratio": {"default": 1, "vip": 0.8, "closed": 9}}
    server.price_page = shown({"data": [row], **known, **groups})
    found = prices_of(client)
    assert found.ratio("gpt-4o") == Decimal(ratio)
    price = found.price("gpt-4o")
    assert price is not None
    assert price.source.endswith(words or "/api/pricing")
    assert quota_of(found) == (50 * Decimal(ratio), 50 * Decimal(ratio))
    assert found.ratio("o3") == 1


def test_the_embedded_gateway_tells_all(gateway: RunningGateway) -> None:
    own = Price.per_million("0.3", "2.5", unit="character")
    with gateway.store.writing() as connection:
        set_group(connection, Group("class", ratio=Decimal("0.837"), selectable=True))
        set_price(connection, "local/embed", json.dumps(to_pricing_row("local/embed", own)))
        user = accounts.create_user(connection, "learner", quota=1000)
        _, key = accounts.create_token(connection, user, "k", group="class")
    with Client(gateway.base_url, key) as client:
        found = prices_of(client)
    price = found.price("local/embed")
    assert price is not None
    root = gateway.base_url.removesuffix("/v1")
    assert price.source == f"{root}/api/pricing, times 0.837 in the group class"
    assert (price.usd_per_million()["input"], price.unit) == (Decimal("0.3"), "character")
    assert found.ratio("local/chat") == Decimal("0.837")


def test_the_gateway_of_this_machine_has_no_port_in_its_name(gateway: RunningGateway) -> None:
    home = gateway.settings.home
    with holding(home):
        announce(home, Running(gateway.base_url, os.getpid(), Secret(gateway.key)))
        with Client(settings=gateway.settings) as client:
            price = prices_of(client).price("local/chat")
        asking = AsyncClient(settings=gateway.settings)
        price_page.kept(asking._session.target).keep(Catalog.bundled(), -1)  # it asks by itself
        assert prices_of(asking).price("local/chat") == price
    assert price is not None
    assert price.source == "the gateway of this machine, /api/pricing"
    assert price_page.kept(asking._session.target).catalog.price("local/chat") == price
    asyncio.run(asking.close())


def test_what_fails_beside_the_calls_is_nothing(client: Client) -> None:
    def fails(session: Session) -> Flow[Catalog]:
        raise ConfigError("no")
        yield

    assert carried_out(client, fails) is None
