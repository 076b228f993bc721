"""OpenAI's old billing pages, with and without the version in their path."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from nexhina_nb.store.options import set_option
from tests.conftest import RunningGateway


def ask(gateway: RunningGateway, name: str, key: str, root: str = "/v1") -> dict[str, Any]:
    url = gateway.base_url.removesuffix("/v1") + f"{root}/dashboard/billing/{name}"
    reply = httpx2.get(url, headers={"authorization": f"Bearer {key}"})
    assert reply.status_code == 200
    return dict(reply.json())


@pytest.mark.parametrize("root", ["/v1", ""])
def test_a_limited_key_sees_its_limit_in_usd(gateway: RunningGateway, root: str) -> None:
    key = gateway.new_key(quota=5_000_000, remain=750_000)
    told = ask(gateway, "subscription", key, root)
    assert told["object"] == "billing_subscription"
    assert told["hard_limit_usd"] == told["soft_limit_usd"] == 1.5
    assert told["access_until"] == 0
    assert ask(gateway, "usage", key, root) == {"object": "list", "total_usage": 0.0}


def test_an_unlimited_key_has_the_contracts_number(gateway: RunningGateway) -> None:
    told = ask(gateway, "subscription", gateway.new_key(quota=500_000))
    assert told["hard_limit_usd"] == 100_000_000


def test_the_user_is_shown_when_the_option_says_so(gateway: RunningGateway) -> None:
    with gateway.store.writing() as connection:
        set_option(connection, "DisplayTokenStatEnabled", "false")
    told = ask(gateway, "subscription", gateway.new_key(quota=500_000))
    assert told["hard_limit_usd"] == 1


def test_a_key_that_fails_is_answered_with_200(gateway: RunningGateway) -> None:
    told = ask(gateway, "subscription", "sk-no")
    assert told["error"]["type"] == "upstream_error"
    assert "Incorrect API key" in told["error"]["message"]
