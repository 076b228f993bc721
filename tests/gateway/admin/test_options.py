"""Options over HTTP: what is set is what is billed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from nexhina_nb.store.prices import current_prices
from tests.conftest import RunningGateway
from tests.gateway.admin.asking import ask, billed, told, until


def put(gateway: RunningGateway, key: str, value: Any) -> None:
    told(gateway, "PUT", "/api/option/", {"key": key, "value": value})


def options(gateway: RunningGateway) -> dict[str, str]:
    return {row["key"]: row["value"] for row in told(gateway, "GET", "/api/option/")}


def test_a_ratio_is_billed(gateway: RunningGateway) -> None:
    free = billed(gateway, "local/embed")
    put(gateway, "ModelRatio", json.dumps({"local/embed": 10}))
    until(lambda: billed(gateway, "local/embed") != free)
    ten = billed(gateway, "local/embed")
    put(gateway, "ModelRatio", json.dumps({"local/embed": 20}))
    until(lambda: billed(gateway, "local/embed") != ten)
    assert billed(gateway, "local/embed") == 2 * ten > 0
    put(gateway, "ModelPrice", {"local/embed": 0.002})  # 1,000 quota a call, whatever its length
    until(lambda: billed(gateway, "local/embed") == 1000)
    assert json.loads(options(gateway)["ModelRatio"]) == {}
    put(gateway, "ModelPrice", "{}")
    until(lambda: billed(gateway, "local/embed") == free)


def test_maps_are_read_as_they_were_written(gateway: RunningGateway) -> None:
    put(gateway, "ModelRatio", json.dumps({"gpt-4o": 2, "mine": 0.075}))
    put(gateway, "CompletionRatio", {"mine": 6})
    found = {key: json.loads(text) for key, text in options(gateway).items() if text[:1] == "{"}
    assert found["ModelRatio"] == {"gpt-4o": 2, "mine": 0.075}
    # what was not named is as the packaged table says
    assert found["CompletionRatio"] == {"gpt-4o": 4, "mine": 6}
    with gateway.store.reading() as connection:
        before = current_prices(connection)
    for key, value in found.items():
        put(gateway, key, value)
    with gateway.store.reading() as connection:
        assert current_prices(connection) == before
    put(gateway, "CompletionRatio", "{}")
    assert json.loads(options(gateway)["CompletionRatio"]) == {"gpt-4o": 4, "mine": 1}


def test_groups_are_four_maps(gateway: RunningGateway) -> None:
    put(gateway, "GroupRatio", {"default": 1, "vip": 0.5, "slow": 0.1})
    put(gateway, "GroupGroupRatio", {"vip": {"slow": 0.05}})
    put(gateway, "UserUsableGroups", {"default": "for all", "slow": "slow", "auto": "any"})
    put(gateway, "AutoGroups", '["slow", "default"]')
    found = options(gateway)
    assert json.loads(found["GroupRatio"]) == {"default": 1, "slow": 0.1, "vip": 0.5}
    assert json.loads(found["GroupGroupRatio"]) == {"vip": {"slow": 0.05}}
    assert json.loads(found["UserUsableGroups"]) == {"default": "for all", "slow": "slow"}
    assert json.loads(found["AutoGroups"]) == ["slow", "default"]
    put(gateway, "GroupRatio", {"slow": 0.2})
    assert json.loads(options(gateway)["GroupRatio"]) == {"default": 1, "slow": 0.2}
    assert json.loads(options(gateway)["AutoGroups"]) == ["slow", "default"]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ModelRatio", "[1]"),
        ("ModelRatio", "{"),
        ("ModelRatio", {"m": -1}),
        ("ModelRatio", {"m": True}),
        ("ModelRatio", {"m": "1"}),
        ("ModelRatio", {"": 1}),
        ("CompletionRatio", {"unknown": 2}),
        ("GroupRatio", {"auto": 1}),
        ("GroupRatio", {"g": -1}),
        ("GroupGroupRatio", {"vip": {"nowhere": 1}}),
        ("GroupGroupRatio", {"vip": 1}),
        ("UserUsableGroups", {"default": 1}),
        ("AutoGroups", {"default": 1}),
        ("AutoGroups", ["nowhere"]),
        ("ExposeRatioEnabled", "maybe"),
        ("QuotaPerUnit", "1"),
        ("Notice", None),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    shared_gateway: RunningGateway, key: str, value: Any
) -> None:
    before = options(shared_gateway)
    refused = ask(shared_gateway, "PUT", "/api/option/", {"key": key, "value": value}).json()
    assert not refused["success"]
    assert refused["message"]
    assert options(shared_gateway) == before


def test_ratios_are_shown_unless_they_are_not_to_be(gateway: RunningGateway) -> None:
    shown = ask(gateway, "GET", "/api/ratio_config", key="").json()["data"]
    assert shown["model_ratio"]["gpt-4o"] == 1.25
    assert shown["completion_ratio"]["gpt-4o"] == 4
    put(gateway, "ExposeRatioEnabled", False)

    def refused() -> bool:
        return ask(gateway, "GET", "/api/ratio_config", key="").status_code == 403

    until(refused)


def test_only_the_root_user_sets_options(shared_gateway: RunningGateway) -> None:
    body = {"key": "Notice", "value": "mine"}
    for method in ("GET", "PUT"):
        assert ask(shared_gateway, method, "/api/option/", body, key="").status_code == 401
        refused = ask(shared_gateway, method, "/api/option", body, key=shared_gateway.new_key())
        assert not refused.json()["success"]
