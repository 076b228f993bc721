from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from nexhina_nb.client.account import KeyUsage, ModelsReply
from nexhina_nb.errors import Upstream
from nexhina_nb.wire import Model


def model(name: str, **facts: Any) -> Model:
    return Model.read({"id": name, "created": 1, "owned_by": "them"} | facts)


MODELS = ModelsReply([model("gpt-4o"), model("GPT-mini"), model("local/chat"), model("a*b")])


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        (None, ["gpt-4o", "GPT-mini", "local/chat", "a*b"]),
        ("gpt-*", ["gpt-4o", "GPT-mini"]),
        ("CHAT", ["local/chat"]),
        ("*4?", ["gpt-4o"]),
        ("nothing", []),
    ],
)
def test_filter(pattern: str | None, names: list[str]) -> None:
    assert MODELS.filter(pattern).ids == names


def test_like_a_list() -> None:
    assert (len(MODELS), MODELS[0].id, MODELS[1:2][0].id) == (4, "gpt-4o", "GPT-mini")
    assert "gpt-4o" in MODELS
    assert MODELS[0] in MODELS
    assert "gpt" not in MODELS
    assert repr(MODELS) == "<ModelsReply 4 models: gpt-4o, GPT-mini, local/chat, a*b>"


def test_prices_of_the_catalogue_unless_the_gateway_says_others() -> None:
    ratios = {"model_ratio": 2.5, "model_price": -1.0, "completion_ratio": 3.0}
    rows = ModelsReply(
        [
            model("gpt-4o", supported_endpoint_types=["openai"]),
            model("gpt-4o", pricing=ratios, context_length=99),
            model("gpt-4o", pricing={"model_ratio": 0, "model_price": 0.02}),
            model("no such model"),
            model("no such model", pricing={"model_ratio": "junk"}),
        ]
    ).rows()
    assert rows[0][:5] == ("gpt-4o", "openai", 128_000, "2.5", "10")
    assert rows[1][2:5] == (99, "5", "15")
    assert rows[2][3:5] == ("0.02 per call", None)
    assert rows[3][2:5] == rows[4][2:5] == (None, None, None)


def test_shown_as_a_table() -> None:
    data, metadata = ModelsReply([model("<i>x</i>")], "r1")._repr_mimebundle_()
    assert "<i>" not in data["text/html"]
    assert metadata == {"nexhina": {"request_id": "r1"}}
    assert MODELS.frame()["model"].tolist() == MODELS.ids


DATA = {
    "name": "class",
    "total_granted": 500_000,
    "total_used": 125_000,
    "total_available": 375_000,
    "unlimited_quota": False,
    "expires_at": 0,
}


def test_usage_in_quota_and_usd() -> None:
    usage = KeyUsage.read(DATA)
    assert (usage.granted, usage.used, usage.available) == (500_000, 125_000, 375_000)
    assert (usage.granted_usd, usage.used_usd) == (Decimal(1), Decimal("0.25"))
    assert usage.available_usd == Decimal("0.75")
    assert str(usage) == "$0.75 left, $0.25 used"
    data, metadata = usage._repr_mimebundle_()
    assert "0.75" in data["text/plain"]
    json.dumps(metadata)


def test_no_limit() -> None:
    usage = KeyUsage.read(DATA | {"unlimited_quota": True})
    assert usage.available_usd is None
    assert str(usage) == "no limit, $0.25 used"
    assert "unlimited" in usage._repr_mimebundle_()[0]["text/html"]


@pytest.mark.parametrize("bad", [None, [], "x", DATA | {"total_used": "1"}])
def test_junk(bad: object) -> None:
    with pytest.raises(Upstream, match="usage of the key"):
        KeyUsage.read(bad)
