"""Groups over HTTP: what is set is what their members pay."""

from __future__ import annotations

from typing import Any

import pytest

from nexhina_nb.store import accounts
from tests.conftest import RunningGateway
from tests.gateway.admin.asking import ask, billed, told, until


def test_a_ratio_doubles_a_bill(gateway: RunningGateway) -> None:
    free = billed(gateway, "local/embed")
    told(gateway, "PUT", "/api/option/", {"key": "ModelRatio", "value": {"local/embed": 10}})
    until(lambda: billed(gateway, "local/embed") != free)
    before = billed(gateway, "local/embed")
    told(gateway, "POST", "/api/group/", {"name": "default", "ratio": 2})
    until(lambda: billed(gateway, "local/embed") != before)
    assert billed(gateway, "local/embed") == 2 * before > 0


def test_a_group_is_made_changed_and_deleted(gateway: RunningGateway) -> None:
    made = told(gateway, "POST", "/api/group", {"name": "vip", "ratio": 0.5, "rpm": 9})
    assert (made["ratio"], made["rpm"], made["selectable"]) == (0.5, 9, False)
    more = {"name": "vip", "description": "few", "selectable": True, "ratios": {"default": 0.75}}
    changed = told(gateway, "POST", "/api/group/", more)
    assert changed == made | more
    assert told(gateway, "GET", "/api/group/") == ["default", "vip"]
    with gateway.store.writing() as connection:
        accounts.create_token(connection, 1, "hers", group="vip")
    refused = ask(gateway, "DELETE", "/api/group/vip").json()
    assert not refused["success"]
    told(gateway, "POST", "/api/group/", {"name": "empty"})
    told(gateway, "DELETE", "/api/group/empty/")
    assert told(gateway, "GET", "/api/group/") == ["default", "vip"]
    assert not ask(gateway, "DELETE", "/api/group/empty").json()["success"]
    rows = told(gateway, "GET", "/api/log/?type=3")["items"]
    assert [row["content"] for row in rows] == ["delete group", *["set group"] * 3]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": "auto"},
        {"name": "a,b"},
        {"name": "g", "ratio": -1},
        {"name": "g", "ratio": "1"},
        {"name": "g", "ratios": {"default": None}},
        {"name": "g", "rpm": -1},
        {"name": "g", "selectable": 1},
    ],
)
def test_what_is_no_group(shared_gateway: RunningGateway, body: dict[str, Any]) -> None:
    refused = ask(shared_gateway, "POST", "/api/group/", body).json()
    assert not refused["success"]
    assert "g" not in told(shared_gateway, "GET", "/api/group/")


def test_only_administrators_see_groups(shared_gateway: RunningGateway) -> None:
    refused = ask(shared_gateway, "GET", "/api/group/", key=shared_gateway.new_key())
    assert not refused.json()["success"]
