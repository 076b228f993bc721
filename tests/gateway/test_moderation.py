"""Moderation through the gateway, with the official SDK, the built-in engine and a channel."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from PIL import Image

from nexhina_nb.store.logs import newest_of_token
from nexhina_nb.wire.moderation import CATEGORIES
from tests.conftest import RunningGateway
from tests.gateway.scripted import Script, ScriptedServer, price

openai = pytest.importorskip(
    "openai", reason="the official SDK is the judge: install the test extra"
)

THREAT, KIND = "I will kill you tonight.", "What a lovely day, thank you."


@pytest.fixture(scope="module")
def sdk(shared_gateway: RunningGateway) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(
        base_url=shared_gateway.base_url, api_key=shared_gateway.key, max_retries=0
    ) as client:
        yield client


def test_a_text(sdk: openai.OpenAI) -> None:
    reply = sdk.moderations.create(input=THREAT)
    (result,) = reply.results
    assert reply.id.startswith("modr-")
    assert reply.model == "local/moderate"
    assert result.flagged is True
    assert set(result.categories.to_dict()) == set(CATEGORIES)
    scores = result.category_scores.to_dict()
    assert all(0 <= scores[name] <= 1 for name in CATEGORIES)
    assert result.categories.violence or result.categories.harassment_threatening


def test_each_text_is_judged_alone(sdk: openai.OpenAI) -> None:
    reply = sdk.moderations.create(input=[KIND, THREAT, KIND], model="local/moderate")
    assert [result.flagged for result in reply.results] == [False, True, False]


def test_parts_are_judged_together(sdk: openai.OpenAI) -> None:
    file = io.BytesIO()
    Image.new("RGB", (64, 64), "white").save(file, "PNG")
    url = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    parts: Any = [
        {"type": "text", "text": THREAT},
        {"type": "image_url", "image_url": {"url": url}},
    ]
    (result,) = sdk.moderations.create(input=parts, model="local/moderate").results
    kinds = result.category_applied_input_types.to_dict()
    assert kinds["violence"] == ["text", "image"]
    assert kinds["hate"] == ["text"]


def test_the_model_that_the_contract_names_goes_to_who_has_it(gateway: RunningGateway) -> None:
    told = {"id": "modr-1", "model": "text-moderation-007", "results": []}
    with ScriptedServer({"/v1/moderations": Script(told)}) as server:
        server.serve(gateway, "text-moderation-stable")
        price(gateway, "text-moderation-stable")
        reply = httpx2.post(
            f"{gateway.base_url}/moderations",
            headers={"authorization": f"Bearer {gateway.key}"},
            json={"input": THREAT},
        )
    assert server.asked[0].body == {"input": THREAT, "model": "text-moderation-stable"}
    assert reply.json() == told | {"model": "text-moderation-stable"}
    with gateway.store.reading() as connection:
        (row,) = newest_of_token(connection, 1, 1)
    assert row["prompt_tokens"] > 0


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        ({}, "missing_required_parameter", "input"),
        ({"input": 3}, "invalid_type", "input"),
        ({"input": []}, "invalid_value", "input"),
        ({"input": ["a", 3]}, "invalid_type", "input.1"),
        ({"input": [{"type": "text"}]}, "missing_required_parameter", "input.0.text"),
        ({"input": "x", "model": "local/chat"}, "invalid_value", "model"),
        ({"input": "x", "model": 3}, "missing_required_parameter", "model"),
    ],
)
def test_bad_input(shared_gateway: RunningGateway, body: Any, code: str, param: str) -> None:
    headers = {"authorization": f"Bearer {shared_gateway.new_key()}"}
    reply = httpx2.post(f"{shared_gateway.base_url}/moderations", headers=headers, json=body)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, code, param), error
    root = shared_gateway.base_url.removesuffix("/v1")
    usage = httpx2.get(f"{root}/api/usage/token", headers=headers).json()["data"]
    assert usage["total_used"] == 0


def test_an_unknown_model(shared_gateway: RunningGateway) -> None:
    headers = {"authorization": f"Bearer {shared_gateway.key}"}
    body = {"input": "x", "model": "nope"}
    reply = httpx2.post(f"{shared_gateway.base_url}/moderations", headers=headers, json=body)
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, "model_not_found")
