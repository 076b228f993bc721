"""Rerank as others ask for it: the SDK of Cohere in both versions, and Jina's form."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.conftest import RunningGateway
from tests.gateway.scripted import Script, ScriptedServer, price

cohere = pytest.importorskip(
    "cohere", reason="the official SDK is the judge: install the test extra"
)

MODEL, QUERY = "local/rerank", "Where does the cat sleep?"
DOCUMENTS = ["The stock market fell.", "The cat sleeps on the sofa.", "Dogs bark."]


def root(gateway: RunningGateway) -> str:
    return gateway.base_url.removesuffix("/v1")


def ask(gateway: RunningGateway, path: str = "/v1/rerank", **fields: Any) -> httpx2.Response:
    body = {"model": MODEL, "query": QUERY, "documents": DOCUMENTS} | fields
    return httpx2.post(
        root(gateway) + path, headers={"authorization": f"Bearer {gateway.key}"}, json=body
    )


def test_the_newer_client_of_cohere(shared_gateway: RunningGateway) -> None:
    with cohere.ClientV2(api_key=shared_gateway.key, base_url=root(shared_gateway)) as client:
        reply = client.rerank(model=MODEL, query=QUERY, documents=DOCUMENTS, top_n=2)
    assert reply.results[0].index == 1
    assert len(reply.results) == 2
    assert reply.id
    assert reply.meta.billed_units.search_units == 1
    assert reply.meta.tokens.input_tokens > 0


def test_the_older_client_of_cohere(shared_gateway: RunningGateway) -> None:
    documents = [DOCUMENTS[0], {"text": DOCUMENTS[1]}]
    with cohere.Client(api_key=shared_gateway.key, base_url=root(shared_gateway)) as client:
        reply = client.rerank(model=MODEL, query=QUERY, documents=documents, return_documents=True)
    assert [row.document.text for row in reply.results] == [DOCUMENTS[1], DOCUMENTS[0]]
    assert reply.results[0].relevance_score > reply.results[1].relevance_score
    assert reply.meta.api_version.version


def test_an_error_is_typed(shared_gateway: RunningGateway) -> None:
    with (
        cohere.ClientV2(api_key="sk-wrong", base_url=root(shared_gateway)) as client,
        pytest.raises(cohere.UnauthorizedError),
    ):
        client.rerank(model=MODEL, query=QUERY, documents=DOCUMENTS)


def test_the_form_of_jina(shared_gateway: RunningGateway) -> None:
    documents = [{"text": text, "id": place} for place, text in enumerate(DOCUMENTS)]
    reply = ask(shared_gateway, documents=documents, return_documents=True, top_n=9).json()
    assert (reply["model"], len(reply["results"])) == (MODEL, 3)
    best = reply["results"][0]
    assert (best["index"], best["document"]) == (1, documents[1])
    assert reply["usage"]["total_tokens"] == reply["usage"]["prompt_tokens"] > 0
    assert "document" not in ask(shared_gateway).json()["results"][0]


def test_both_addresses_say_the_same(shared_gateway: RunningGateway) -> None:
    old, new = (ask(shared_gateway, path).json() for path in ("/v1/rerank", "/v2/rerank"))
    assert old.pop("id") != new.pop("id")
    assert old == new


RESULTS = [{"index": 0, "relevance_score": 0.5}]


@pytest.mark.parametrize(
    ("reply", "name", "units", "tokens"),
    [
        ({"id": "theirs", "meta": {"billed_units": {"search_units": 7}}}, "theirs", 7, None),
        ({"usage": {"total_tokens": 12}}, "rerank-", 2, 12),
    ],
)
def test_what_an_upstream_says_of_itself_is_kept(
    gateway: RunningGateway, reply: dict[str, Any], name: str, units: int, tokens: int | None
) -> None:
    with ScriptedServer({"/v1/rerank": Script(reply | {"results": RESULTS})}) as server:
        server.serve(gateway, "far")
        price(gateway, "far")
        found = ask(gateway, model="far", documents=["x"] * 101).json()
    assert found["results"] == RESULTS
    assert found["id"].startswith(name)
    assert found["meta"]["billed_units"]["search_units"] == units
    assert found["meta"].get("tokens", {}).get("input_tokens") == tokens


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"query": None}, "missing_required_parameter", "query"),
        ({"query": ""}, "invalid_value", "query"),
        ({"documents": None}, "missing_required_parameter", "documents"),
        ({"documents": []}, "invalid_value", "documents"),
        ({"documents": "x"}, "invalid_type", "documents"),
        ({"documents": [3]}, "invalid_type", "documents.0"),
        ({"documents": [{"title": "x"}]}, "invalid_value", "documents.0.text"),
        ({"top_n": 0}, "invalid_value", "top_n"),
        ({"top_n": "2"}, "invalid_type", "top_n"),
        ({"model": None}, "missing_required_parameter", "model"),
        ({"model": "local/chat"}, "invalid_value", "model"),
    ],
)
@pytest.mark.parametrize("path", ["/v1/rerank", "/v2/rerank"])
def test_bad_input(
    shared_gateway: RunningGateway, change: Any, code: str, param: str, path: str
) -> None:
    body = {"model": MODEL, "query": QUERY, "documents": DOCUMENTS} | change
    told = {name: value for name, value in body.items() if value is not None}
    key = shared_gateway.new_key()
    headers = {"authorization": f"Bearer {key}"}
    reply = httpx2.post(root(shared_gateway) + path, headers=headers, json=told)
    error = reply.json()["error"]
    assert (reply.status_code, error["code"], error["param"]) == (400, code, param), error
    usage = httpx2.get(f"{root(shared_gateway)}/api/usage/token", headers=headers)
    assert usage.json()["data"]["total_used"] == 0
