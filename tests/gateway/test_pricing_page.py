"""The price page: whoever reads it bills what the gateway bills."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from typing import Any

import httpx2

from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import quota
from nexhina_nb.pricing.page import from_pricing_page, group_ratios, to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.groups import Group, set_group
from nexhina_nb.store.prices import set_price
from tests.conftest import RunningGateway

USED = (
    Tokens(prompt=1, completion=0),
    Tokens(prompt=1234, completion=567, cached=200),
    Tokens(prompt=300_000, completion=9_999),
)


def page(gateway: RunningGateway, key: str = "") -> dict[str, Any]:
    headers = {"authorization": f"Bearer {key}"} if key else {}
    reply = httpx2.get(gateway.base_url.removesuffix("/v1") + "/api/pricing", headers=headers)
    assert reply.status_code == 200
    return dict(reply.json())


def serve(gateway: RunningGateway, *models: str, groups: tuple[str, ...] = ("default",)) -> None:
    with gateway.store.writing() as connection:
        add_channel(
            connection,
            Channel(
                name=f"c-{models[0]}", type="openai", models=models,
                base_url="http://127.0.0.1:9/v1", groups=groups,
            ),
        )  # fmt: skip


def test_every_served_model_is_read_back_to_the_same_bill(gateway: RunningGateway) -> None:
    catalog = Catalog.bundled()
    models = tuple(name for name in catalog.models() if catalog.price(name) is not None)
    assert len(models) > 50
    serve(gateway, *models)
    with gateway.store.writing() as connection:
        set_group(connection, Group("pro", ratio=Decimal("1.37"), selectable=True))
    body = page(gateway)
    read, ratios = from_pricing_page(body), group_ratios(body)
    assert set(models) <= read.keys()
    assert ratios == {"default": Decimal(1), "pro": Decimal("1.37")}
    for model in models:
        price = catalog.price(model)
        assert price is not None
        for used in USED:
            for ratio in ratios.values():
                assert quota(read[model], used, ratio) == quota(price, used, ratio), model


def test_the_stores_own_price_goes_before_the_table(gateway: RunningGateway) -> None:
    serve(gateway, "mine")
    assert "mine" not in from_pricing_page(page(gateway))  # without a price it cannot be called
    with gateway.store.writing() as connection:
        row = to_pricing_row("mine", Price.per_million(input=3, output=7))
        set_price(connection, "mine", json.dumps(row), since=1)
    deadline = time.monotonic() + 20  # the gateway looks again after a second
    while "mine" not in (read := from_pricing_page(page(gateway))):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    used = USED[1]
    assert quota(read["mine"], used) == quota(Price.per_million(input=3, output=7), used)


def test_groups_are_those_of_who_looks(gateway: RunningGateway) -> None:
    with gateway.store.writing() as connection:
        closed = Group("staff", ratio=Decimal(2), ratios={"default": Decimal(5)})
        set_group(connection, closed)
    serve(gateway, "gpt-4o", groups=("staff",))
    anybody = page(gateway)
    assert "staff" not in anybody["group_ratio"]
    assert "gpt-4o" not in {row["model_name"] for row in anybody["data"]}
    assert "group" not in anybody
    boss = page(gateway, gateway.key)
    assert boss["group"] == "default"
    assert page(gateway, gateway.new_key(group="staff"))["group"] == "staff"
    assert boss["group_ratio"]["staff"] == 5
    row = next(row for row in boss["data"] if row["model_name"] == "gpt-4o")
    assert row["enable_groups"] == ["staff"]
    assert row["supported_endpoint_types"][0] == "openai"
    assert page(gateway, "sk-unknown") == anybody
    assert anybody["pricing_version"] != boss["pricing_version"]
