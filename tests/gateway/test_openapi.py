"""The document of the API: valid, complete, made from what the gateway serves."""

from __future__ import annotations

import asyncio
import re
from html.parser import HTMLParser
from typing import Any

import httpx2
import jsonschema
import pytest
import schemathesis
from starlette.routing import BaseRoute, Route

from nexhina_nb.gateway.app import create_app
from nexhina_nb.gateway.endpoints.openapi.document import document, served
from nexhina_nb.gateway.endpoints.openapi.operations import described
from nexhina_nb.gateway.endpoints.refusals import NOT_OFFERED
from nexhina_nb.settings import load
from nexhina_nb.store.db import open_store
from tests.conftest import RunningGateway

# The schemas of the Nexhina documentation, in its order (contract, section 1).
SEED = {
    "ChatRequest", "Log", "ChatMessage", "ToolCall", "User", "FunctionDefinition", "Channel",
    "ToolDefinition", "Token", "ChatCompletionRequest", "Redemption", "ChatCompletionChoice",
    "ChatCompletionResponse", "ChatCompletionChunk", "ResponseInputText", "ResponseRequest",
    "ResponseOutputText", "ResponseOutputMessage", "ResponseObject", "EmbeddingRequest",
    "EmbeddingData", "EmbeddingResponse", "ImageGenerationRequest", "ImageData",
    "ImageUsageInputTokensDetails", "ImageUsage", "ImageGenerationResponse", "SpeechRequest",
    "TranscriptionRequest", "TranslationRequest", "TranscriptionResponse", "TranslationResponse",
    "VideoGenerationRequest", "VideoData", "VideoGenerationResponse", "ModerationRequest",
    "ModerationCategory", "ModerationResult", "ModerationResponse", "RerankRequest",
    "RerankResult", "RerankResponse",
}  # fmt: skip


def root(gateway: RunningGateway) -> str:
    return gateway.base_url.removesuffix("/v1")


@pytest.fixture(scope="module")
def told(shared_gateway: RunningGateway) -> dict[str, Any]:
    reply = httpx2.get(f"{root(shared_gateway)}/openapi.json")
    assert reply.headers["content-type"] == "application/json"
    body: dict[str, Any] = reply.json()
    return body


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> list[BaseRoute]:
    """The routes of an application that has started."""
    folder = tmp_path_factory.mktemp("routes")
    store = open_store(f"sqlite:///{folder / 'nexhina.db'}")
    app = create_app(load(environ={}, cwd=folder, home=folder), store)

    async def started() -> list[BaseRoute]:
        async with app.router.lifespan_context(app):
            return list(app.routes)

    try:
        return asyncio.run(started())
    finally:
        store.close()


def operations(told: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (method.upper(), path): operation
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    }


def test_it_is_openapi_3_1(told: dict[str, Any]) -> None:
    assert told["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(told).validate()
    for name, schema in told["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert re.fullmatch(r"[\w.-]+", name)


def test_every_reference_leads_somewhere(told: dict[str, Any]) -> None:
    def references(value: Any) -> Any:
        if isinstance(value, dict):
            if isinstance(found := value.get("$ref"), str):
                yield found
            for item in value.values():
                yield from references(item)
        elif isinstance(value, list):
            for item in value:
                yield from references(item)

    for reference in set(references(told)):
        found: Any = told
        for part in reference.removeprefix("#/").split("/"):
            assert part in found, reference
            found = found[part]


def test_it_has_every_route_and_nothing_else(told: dict[str, Any], rows: list[BaseRoute]) -> None:
    wanted = {
        (method, re.sub(r":\w+", "", row.path))
        for row in rows
        if isinstance(row, Route) and row.include_in_schema
        for method in (row.methods or set()) - {"HEAD"}
    }
    assert operations(told).keys() == wanted
    left_out = {row.path for row in rows if isinstance(row, Route) and not row.include_in_schema}
    assert left_out == {
        *(path + below for path in NOT_OFFERED for below in ("", "/{rest:path}")),
        "/v1/models/{model:path}",
    }


def test_every_route_says_what_it_gives(rows: list[BaseRoute]) -> None:
    silent = [(method, row.path) for row, method in served(rows) if not described(row, method)]
    assert not silent, "add a row to the table of openapi/operations.py"


def test_it_has_every_schema_of_the_seed(told: dict[str, Any]) -> None:
    assert len(SEED) == 42
    assert told["components"]["schemas"].keys() >= SEED


def test_operations_are_told_apart_and_explained(told: dict[str, Any]) -> None:
    found = operations(told).values()
    assert len({operation["operationId"] for operation in found}) == len(found)
    assert all(operation["summary"] for operation in found)


def test_families_are_in_the_order_of_their_use(told: dict[str, Any]) -> None:
    names = [row["name"] for row in told["tags"]]
    assert (names[0], names[-1]) == ("chat", "gateway")
    assert {operation["tags"][0] for operation in operations(told).values()} == set(names)
    assert operations(told)["POST", "/v1/edits"]["tags"] == ["images"]


def test_only_open_routes_need_no_key(told: dict[str, Any]) -> None:
    open_routes = {
        path for (_, path), operation in operations(told).items() if not operation["security"]
    }
    assert open_routes == {
        "/health", "/media/{name}", "/openapi.json", "/docs", "/api/pricing",
        "/api/pricing/",
        "/api/user/redeem_key", "/api/status", "/api/notice", "/api/about",
        "/api/home_page_content", "/api/ratio_config", "/api/user/login", "/api/user/logout",
        "/api/user/register",
    }  # fmt: skip
    carriers = operations(told)["POST", "/v1/messages"]["security"]
    assert carriers == [{"bearer": []}, {"x-api-key": []}]


def test_what_is_no_json_is_told_too(told: dict[str, Any]) -> None:
    def content(path: str) -> dict[str, Any]:
        found: dict[str, Any] = operations(told)["POST", path]["responses"]["200"]["content"]
        return found

    assert content("/v1/chat/completions").keys() == {"application/json", "text/event-stream"}
    assert content("/v1/audio/speech").keys() == {"audio/*", "text/event-stream"}
    assert "text/vtt" in content("/v1/audio/transcriptions")
    body = operations(told)["POST", "/v1/audio/transcriptions"]["requestBody"]["content"]
    fields = body["multipart/form-data"]["schema"]["properties"]
    assert fields["file"]["format"] == "binary"


def test_errors_have_the_form_of_their_dialect(told: dict[str, Any]) -> None:
    def form(path: str) -> str:
        content = operations(told)["POST", path]["responses"]["401"]["content"]
        return str(content["application/json"]["schema"]["$ref"]).rpartition("/")[2]

    assert form("/v1/messages") == "MessagesError"
    assert form("/v1/chat/completions") == "ErrorBody"


class Links(HTMLParser):
    """What a page refers to, and what can be referred to in it."""

    def __init__(self) -> None:
        super().__init__()
        self.links: set[str] = set()
        self.ids: set[str] = set()
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        told = dict(attrs)
        self.links |= {value for name in ("href", "src") if (value := told.get(name))}
        self.ids |= {value for name in ("id",) if (value := told.get(name))}


def test_the_page_needs_no_other_server(
    shared_gateway: RunningGateway, told: dict[str, Any]
) -> None:
    reply = httpx2.get(f"{root(shared_gateway)}/docs")
    assert reply.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in reply.headers["content-security-policy"]
    assert f"curl {shared_gateway.base_url}/chat/completions" in reply.text
    page = Links()
    page.feed(reply.text)
    assert not page.tags & {"script", "link", "img", "iframe"}
    outside = {link for link in page.links if not link.startswith("#")}
    assert outside == {"openapi.json"}
    assert {link[1:] for link in page.links - outside} <= page.ids
    wanted = {operation["operationId"] for operation in operations(told).values()}
    assert wanted | told["components"]["schemas"].keys() <= page.ids


@pytest.mark.parametrize("path", sorted(NOT_OFFERED))
def test_what_is_not_offered_is_told_with_what_to_do(
    shared_gateway: RunningGateway, told: dict[str, Any], path: str
) -> None:
    for below in ("", "/x", "/x/y"):
        for method in ("GET", "POST", "DELETE"):
            reply = httpx2.request(method, root(shared_gateway) + path + below)
            assert reply.status_code == 501, reply.text
            if not path.startswith("/v1/messages"):
                assert reply.json()["error"]["code"] == "api_not_implemented"
    assert f"`{path}`" in told["info"]["description"]
    assert ":" in NOT_OFFERED[path]


def test_wrong_methods_name_the_right_ones(shared_gateway: RunningGateway) -> None:
    for path, allowed in (
        ("/v1/completions", {"POST"}),
        ("/v1/moderations", {"POST"}),
        ("/v2/rerank", {"POST"}),
        ("/openapi.json", {"GET", "HEAD"}),
    ):
        reply = httpx2.put(root(shared_gateway) + path)
        assert reply.status_code == 405
        assert set(reply.headers["allow"].split(", ")) == allowed
        assert reply.json()["error"]["code"] == "method_not_supported"


def test_the_document_is_made_of_any_routes() -> None:
    async def look(request: object) -> None:
        """look at something"""

    told = document([Route("/v1/things/{id}", look, methods=["GET"])])
    (operation,) = operations(told).values()
    assert (operation["summary"], operation["tags"]) == ("look at something", ["things"])
    assert operation["parameters"][0]["name"] == "id"
    assert operation["responses"]["200"]["content"] == {
        "application/json": {"schema": {"type": "object"}}
    }
