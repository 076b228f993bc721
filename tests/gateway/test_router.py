"""Which channel answers: priority, weight, group, and who may use what."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from nexhina_nb.errors import ModelNotFound, PermissionDenied, ServiceUnavailable
from nexhina_nb.gateway.router import BUILT_IN, ordered, routes
from nexhina_nb.gateway.upstreams.registry import connect
from nexhina_nb.secret import Secret
from nexhina_nb.settings import load
from nexhina_nb.store.accounts import Account
from nexhina_nb.store.channels import Channel


def account(group: str = "default", models: frozenset[str] | None = None) -> Account:
    return Account(
        token_id=1, token_name="t", token_status=1, expired_time=-1, remain_quota=0, token_used=0,
        unlimited_quota=True, models=models, user_id=1, username="u", user_status=1, role=1,
        group=group, user_group=group, quota=1,
    )  # fmt: skip


def channel(name: str, **fields: object) -> Channel:
    given = {"type": "openai", "models": ("m",), "base_url": "http://x"} | fields
    return Channel(name=name, **given)  # type: ignore[arg-type]


def test_priority_goes_before_weight() -> None:
    low, high = channel("low", weight=1000), channel("high", priority=1)
    assert ordered([low, high]) == [high, low]


def test_weight_is_a_share() -> None:
    dice = random.Random(7)
    pair = [channel("a", weight=3), channel("b", weight=1), channel("never", weight=0)]
    first = Counter(ordered(pair, dice)[0].name for _ in range(4000))
    assert 2850 < first["a"] < 3150
    assert first["never"] == 0
    assert len(ordered(pair, dice)) == 3


def test_no_weights_are_equal_weights() -> None:
    dice = random.Random(7)
    pair = [channel("a", weight=0), channel("b", weight=0)]
    first = Counter(ordered(pair, dice)[0].name for _ in range(1000))
    assert 400 < first["a"] < 600


def test_groups_and_status() -> None:
    found = routes([channel("vip", groups=("vip",)), channel("off", models=("n",), status=2)])
    assert [leg.channel.name for leg in found.legs(account("vip"), "m")] == ["vip"]
    with pytest.raises(ServiceUnavailable):
        found.legs(account(), "m")
    with pytest.raises(ServiceUnavailable):
        found.legs(account(), "n")
    assert set(found.models(account())) == set(BUILT_IN.models)
    assert set(found.models(account("vip"))) == {*BUILT_IN.models, "m"}


def test_a_key_that_is_limited_to_some_models() -> None:
    found = routes([channel("c")])
    limited = account(models=frozenset({"m"}))
    assert list(found.models(limited)) == ["m"]
    with pytest.raises(PermissionDenied) as refused:
        found.legs(limited, "local/chat")
    assert refused.value.code == "model_not_allowed"


def test_an_unknown_model_names_its_neighbours() -> None:
    found = routes([channel("c", models=("gpt-4o", "gpt-4o-mini"))])
    with pytest.raises(ModelNotFound, match="case-sensitive: did you mean 'gpt-4o'"):
        found.legs(account(), "GPT-4o")
    with pytest.raises(ModelNotFound, match="gpt-4o-mini"):
        found.legs(account(), "gpt-4o-minni")


def test_a_name_that_no_model_has_is_not_compared_nor_repeated() -> None:
    with pytest.raises(ModelNotFound) as refused:
        routes([]).legs(account(), "x" * 300)
    assert "xxx" not in refused.value.message


@pytest.mark.parametrize(
    ("base_url", "key"),
    [("https://host/v1?key=sk-canary", "k"), ("https://host/v1", "sk canary"), ("https://", "k")],
)
def test_a_channel_that_is_set_up_wrongly_is_out_of_service(
    monkeypatch: pytest.MonkeyPatch, base_url: str, key: str
) -> None:
    monkeypatch.setenv("FAR_KEY", key)
    with pytest.raises(ServiceUnavailable, match="'far'") as refused:
        connect(
            channel("far", base_url=base_url, keys=("env:FAR_KEY",)), load(environ={}), Secret(key)
        )
    assert "canary" not in str(refused.value)
