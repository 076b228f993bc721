"""The list of models: what each is asked for, its limits and prices."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from nexhina_nb.engines import ENGINES
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.wire import ModelList
from tests.conftest import RunningGateway

openai = pytest.importorskip(
    "openai", reason="the official SDK is the judge: install the test extra"
)

CHAT = ["openai", "openai-response", "anthropic"]


def get(gateway: RunningGateway, path: str = "/models", **headers: str) -> httpx2.Response:
    told = {"authorization": f"Bearer {gateway.key}"} | headers
    return httpx2.get(gateway.base_url + path, headers=told)


def test_every_engine_that_can_run(shared_gateway: RunningGateway) -> None:
    body = get(shared_gateway).json()
    ModelList.model_validate(body)
    rows = {row["id"]: row for row in body["data"]}
    assert rows.keys() == {name for name, engine in ENGINES.items() if engine.is_installed}
    assert rows["local/chat"]["supported_endpoint_types"] == CHAT
    assert rows["local/rerank"]["supported_endpoint_types"] == ["jina-rerank"]
    assert rows["local/embed"]["dimensions"] == 256
    for name, row in rows.items():
        assert row["description"] == ENGINES[name].description
        assert row["owned_by"] == "nexhina_nb"
        assert set(ENGINES[name].endpoint_types) <= set(row["supported_endpoint_types"])


def test_what_a_price_is_for(shared_gateway: RunningGateway) -> None:
    rows = {row["id"]: row["pricing"] for row in get(shared_gateway).json()["data"]}
    assert (rows["local/chat"]["unit"], rows["local/chat"]["model_price"]) == ("token", -1)
    assert (rows["local/image"]["unit"], rows["local/image"]["model_price"]) == ("image", 0.002)
    assert rows["local/speak"]["unit"] == "character"


@pytest.mark.parametrize(
    ("model", "types"),
    [
        ("gpt-4o", CHAT),
        ("text-embedding-3-small", ["embeddings"]),
        ("dall-e-3", ["image-generation"]),
        ("whisper-1", ["audio-transcription"]),
        ("tts-1", ["audio-speech"]),
        ("sora-2", ["openai-video"]),
        ("rerank-v3.5", ["jina-rerank"]),
        ("my-own-finetune", CHAT),
    ],
)
def test_models_of_channels_by_their_kind(
    gateway: RunningGateway, model: str, types: list[str]
) -> None:
    row = Channel(name="far", type="openai", models=(model,), base_url="http://127.0.0.1:9/v1")
    with gateway.store.writing() as connection:
        add_channel(connection, row)
    found = get(gateway, f"/models/{model}").json()
    assert (found["id"], found["owned_by"]) == (model, "far")
    assert found["supported_endpoint_types"] == types
    assert "pricing" in found or model == "my-own-finetune"


def test_the_official_sdk(shared_gateway: RunningGateway) -> None:
    with openai.OpenAI(base_url=shared_gateway.base_url, api_key=shared_gateway.key) as client:
        names = [model.id for model in client.models.list()]
        assert client.models.retrieve(names[0]).id == names[0]
        with pytest.raises(openai.NotFoundError) as caught:
            client.models.retrieve("nope")
        with pytest.raises(openai.InternalServerError) as refused:
            client.with_options(max_retries=0).models.delete(names[0])
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")
    assert refused.value.status_code == 501


@pytest.mark.parametrize("path", ["/models", "/models/local/chat"])
def test_the_form_follows_the_version_that_is_named(
    shared_gateway: RunningGateway, path: str
) -> None:
    plain = get(shared_gateway, path).json()
    other = get(shared_gateway, path, **{"anthropic-version": "2023-06-01"}).json()
    assert plain["object"] in ("list", "model")
    assert "object" not in other
    one: Any = other["data"][0] if "data" in other else other
    assert one["type"] == "model"
    assert one["created_at"].endswith("Z")


def test_a_wrong_key_in_both_forms(shared_gateway: RunningGateway) -> None:
    url = f"{shared_gateway.base_url}/models"
    plain = httpx2.get(url, headers={"x-api-key": "sk-wrong"})
    assert (plain.status_code, plain.json()["error"]["code"]) == (401, "invalid_api_key")
    told = httpx2.get(url, headers={"x-api-key": "sk-wrong", "anthropic-version": "1"})
    assert (told.status_code, told.json()["type"]) == (401, "error")
