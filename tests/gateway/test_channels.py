"""Calls that go on to another server: what arrives, what comes back, when another is asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from nexhina_nb.pricing.page import to_pricing_row
from nexhina_nb.pricing.price import Price
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.logs import newest_of_token
from nexhina_nb.store.prices import set_price
from tests.conftest import RunningGateway, run_gateway

BODY = {"model": "far", "messages": [{"role": "user", "content": "What is 3 + 4?"}]}


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningGateway]:
    """A second gateway, which the first one knows only as a server on the network."""
    with run_gateway(tmp_path / "far") as running:
        monkeypatch.setenv("FAR_KEY", running.key)
        yield running


def connect(gateway: RunningGateway, *channels: Channel) -> None:
    with gateway.store.writing() as connection:
        for channel in channels:
            add_channel(connection, channel)
        row = to_pricing_row("far", Price.per_million(input=1, output=4))
        set_price(connection, "far", json.dumps(row))


def to(server: str, name: str = "one", **fields: Any) -> Channel:
    mapping = {"far": "local/chat"}
    return Channel(
        name=name, type="openai", models=("far",), base_url=server, keys=("env:FAR_KEY",),
        mapping=mapping, **fields,
    )  # fmt: skip


def ask(gateway: RunningGateway, **more: Any) -> httpx2.Response:
    return httpx2.post(
        f"{gateway.base_url}/chat/completions",
        headers={"authorization": f"Bearer {gateway.key}"},
        json=BODY | more,
        timeout=30,
    )


def test_a_mapped_model_answers_under_the_name_that_was_asked(
    gateway: RunningGateway, far: RunningGateway
) -> None:
    connect(gateway, to(far.base_url))
    reply = ask(gateway)
    assert reply.status_code == 200, reply.text
    assert reply.json()["model"] == "far"
    assert "7" in reply.json()["choices"][0]["message"]["content"]
    usage = reply.json()["usage"]
    expected = max(1, round((usage["prompt_tokens"] + 4 * usage["completion_tokens"]) * 0.5 + 1e-9))
    assert abs(int(reply.headers["x-nexhina-quota"]) - expected) <= 1


def test_streams_pass_through(gateway: RunningGateway, far: RunningGateway) -> None:
    connect(gateway, to(far.base_url))
    asked = ask(gateway, stream=True, stream_options={"include_usage": True}).text
    plain = ask(gateway, stream=True).text
    assert '"usage":{' in asked
    assert '"usage":{' not in plain
    for text in (asked, plain):
        assert text.endswith("data: [DONE]\n\n")
        assert text.count(": nexhina-quota ") >= 1
        assert '"model":"far"' in text
        assert '"model":"local/chat"' not in text


def test_the_next_channel_answers_when_the_first_cannot(
    gateway: RunningGateway, far: RunningGateway
) -> None:
    dead = "http://127.0.0.1:9/v1"
    connect(gateway, to(dead, "dead", priority=5), to(far.base_url, "alive"))
    assert ask(gateway).status_code == 200
    with gateway.store.reading() as connection:
        (row,) = newest_of_token(connection, 1)
    told = json.loads(row["other"])["admin_info"]
    assert told["use_channel"] == [1, 2]
    assert [try_.get("status", try_.get("code")) for try_ in told["attempts"]] == [
        "do_request_failed",
        200,
    ]


def test_one_channel_that_cannot_be_reached_is_one_clear_error(gateway: RunningGateway) -> None:
    connect(
        gateway, Channel(name="d", type="openai", models=("far",), base_url="http://127.0.0.1:9/v1")
    )
    reply = ask(gateway)
    assert reply.status_code == 502
    assert reply.json()["error"]["code"] == "do_request_failed"
    assert reply.json()["error"]["type"] == "server_error"


def test_the_upstreams_refusal_comes_back_as_it_is(
    gateway: RunningGateway, far: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAR_KEY", "sk-not-known-there")
    connect(gateway, to(far.base_url))
    reply = ask(gateway)
    assert reply.status_code == 401
    assert reply.json()["error"]["code"] == "invalid_api_key"
    assert "sk-not-known-there" not in reply.text


def test_a_channel_without_its_key_says_so(
    gateway: RunningGateway, far: RunningGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("FAR_KEY")
    connect(gateway, to(far.base_url))
    reply = ask(gateway)
    assert reply.status_code == 503
    assert "FAR_KEY" in reply.json()["error"]["message"]


def test_a_model_without_a_price_is_not_free(gateway: RunningGateway, far: RunningGateway) -> None:
    with gateway.store.writing() as connection:
        add_channel(connection, to(far.base_url))
    reply = ask(gateway)
    assert reply.status_code == 400
    assert reply.json()["error"]["code"] == "model_price_error"
    assert "nexhina prices set far" in reply.json()["error"]["message"]
