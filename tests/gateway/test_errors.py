"""Every way to call the gateway wrongly: status, type, code, param of contract 3, and no charge."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from nexhina_nb.store.logs import newest_of_token
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway

CHAT = "/chat/completions"
HELLO = {"model": "local/chat", "messages": [{"role": "user", "content": "hello"}]}


def call(
    gateway: RunningGateway, method: str, path: str, *, key: str | None = None, **options: Any
) -> httpx2.Response:
    headers = {"authorization": f"Bearer {key or gateway.key}"} | options.pop("headers", {})
    return httpx2.request(method, gateway.base_url + path, headers=headers, **options)


def spent(gateway: RunningGateway) -> int:
    root = gateway.base_url.removesuffix("/v1")
    headers = {"authorization": f"Bearer {gateway.key}"}
    reply = httpx2.get(f"{root}/api/usage/token/", headers=headers)
    return int(reply.json()["data"]["total_used"])


INVALID = "invalid_request_error"
NO_MODEL, MISSING, VALUE = "model_not_found", "missing_required_parameter", "invalid_value"
TOO_LONG = "context_length_exceeded"
LONG_CHAT = HELLO | {"messages": [{"role": "user", "content": "word " * 40_000}]}
RERANK = {"model": "local/rerank", "query": "q", "documents": []}


def embedding(value: object) -> dict[str, Any]:
    return {"json": {"model": "local/embed", "input": value}}


CASES = [
    # what, path, arguments, status, code, param
    ("unknown model", CHAT, {"json": HELLO | {"model": "nope"}}, 404, NO_MODEL, "model"),
    ("wrong case", CHAT, {"json": HELLO | {"model": "Local/Chat"}}, 404, NO_MODEL, "model"),
    ("malformed JSON", CHAT, {"content": b'{"model": '}, 400, "invalid_json", None),
    ("not an object", CHAT, {"content": b"[1]"}, 400, "invalid_json", None),
    ("empty body", CHAT, {"content": b""}, 400, "invalid_json", None),
    ("no model", CHAT, {"json": {"messages": []}}, 400, MISSING, "model"),
    ("too long a name", CHAT, {"json": HELLO | {"model": "m" * 256}}, 400, VALUE, "model"),
    ("no messages", CHAT, {"json": {"model": "local/chat"}}, 400, MISSING, "messages"),
    ("wrong type", CHAT, {"json": HELLO | {"max_tokens": "9"}}, 400, "invalid_type", "max_tokens"),
    ("out of range", CHAT, {"json": HELLO | {"n": 0}}, 400, VALUE, "n"),
    ("too long", CHAT, {"json": LONG_CHAT}, 400, TOO_LONG, "messages"),
    ("too long a text", "/embeddings", embedding("word " * 9_000), 400, TOO_LONG, "input"),
    ("empty input", "/embeddings", embedding(""), 400, VALUE, "input"),
    ("too many inputs", "/embeddings", embedding(["a"] * 2049), 400, VALUE, "input"),
    ("no documents", "/rerank", {"json": RERANK}, 400, VALUE, "documents"),
    ("another verb's", CHAT, {"json": HELLO | {"model": "local/embed"}}, 400, VALUE, "model"),
    ("unknown path", "/nothing", {"json": {}}, 404, "unknown_url", None),
    ("not offered", "/fine_tuning/jobs", {"json": {}}, 501, "api_not_implemented", None),
    (
        "content type",
        CHAT,
        {"content": b"a=b", "headers": {"content-type": "text/plain"}},
        415,
        "unsupported_media_type",
        None,
    ),
]


@pytest.mark.parametrize(
    ("path", "arguments", "status", "code", "param"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_wrong_calls(
    shared_gateway: RunningGateway,
    path: str,
    arguments: dict[str, Any],
    status: int,
    code: str,
    param: str | None,
) -> None:
    before = spent(shared_gateway)
    reply = call(shared_gateway, "POST", path, **arguments)
    error = reply.json()["error"]
    assert (reply.status_code, error["type"], error["code"], error["param"]) == (
        status,
        INVALID,
        code,
        param,
    )
    request_id = reply.headers["x-oneapi-request-id"]
    assert error["message"].endswith(f" (request id: {request_id})")
    assert spent(shared_gateway) == before


def test_case_is_named_as_the_reason(shared_gateway: RunningGateway) -> None:
    reply = call(shared_gateway, "POST", CHAT, json=HELLO | {"model": "Local/Chat"})
    assert "'local/chat'" in reply.json()["error"]["message"]
    assert "case" in reply.json()["error"]["message"]


def test_wrong_method(shared_gateway: RunningGateway) -> None:
    reply = call(shared_gateway, "GET", CHAT)
    error = reply.json()["error"]
    assert reply.status_code == 405
    assert (error["type"], error["code"]) == (INVALID, "method_not_supported")
    assert "POST" in reply.headers["allow"]


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer sk-wrong"},
        {"authorization": "Bearer"},
        {"authorization": "Basic abc"},
        {"authorization": "Bearer  sk-two-spaces"},
        {"authorization": "Bearer " + "k" * 5000},
        {},
    ],
)
def test_wrong_keys(shared_gateway: RunningGateway, headers: dict[str, str]) -> None:
    for path in (CHAT, "/models", "/embeddings"):
        method = "GET" if path == "/models" else "POST"
        url = shared_gateway.base_url + path
        reply = httpx2.request(method, url, headers=headers, json=HELLO)
        assert reply.status_code == 401
        error = reply.json()["error"]
        assert (error["type"], error["code"]) == (INVALID, "invalid_api_key")
        assert error["message"].startswith("Incorrect API key provided")
        assert "sk-wrong" not in reply.text


def test_a_revoked_key_and_limits(gateway: RunningGateway) -> None:
    limited = gateway.new_key(models=("local/embed",))
    reply = call(gateway, "POST", CHAT, json=HELLO, key=limited)
    assert reply.status_code == 403
    assert reply.json()["error"]["code"] == "model_not_allowed"
    listed = call(gateway, "GET", "/models", key=limited).json()["data"]
    assert [model["id"] for model in listed] == ["local/embed"]
    expired = gateway.new_key(expired_time=1)
    assert call(gateway, "POST", CHAT, json=HELLO, key=expired).status_code == 401


def test_a_body_over_the_limit(make_gateway: Any) -> None:
    with make_gateway(max_body_mb=1) as running:
        big = HELLO | {"messages": [{"role": "user", "content": "x" * 1_100_000}]}
        reply = call(running, "POST", CHAT, json=big)
    assert reply.status_code == 413
    assert reply.json()["error"]["code"] == "request_too_large"


def test_errors_are_logged_and_the_books_stay_whole(gateway: RunningGateway) -> None:
    call(gateway, "POST", CHAT, json=HELLO | {"model": "nope"})
    root = gateway.base_url.removesuffix("/v1")
    headers = {"authorization": f"Bearer {gateway.key}"}
    rows = httpx2.get(f"{root}/api/log/token", headers=headers).json()["data"]
    assert [(row["type"], row["quota"], row["model_name"]) for row in rows] == [(5, 0, "nope")]
    call(gateway, "POST", CHAT, json=HELLO | {"n": 0})
    row = httpx2.get(f"{root}/api/log/token", headers=headers).json()["data"][0]
    assert (row["type"], row["model_name"]) == (5, "local/chat")
    assert "'n' must be" in row["content"]
    with gateway.store.reading() as connection:
        assert verify(connection) == []


def test_a_store_that_fails_is_a_503_with_an_error_row(gateway: RunningGateway) -> None:
    with gateway.store.writing() as connection:
        connection.exec_driver_sql("DROP TABLE prices")
    reply = call(gateway, "POST", CHAT, json=HELLO)
    assert (reply.status_code, reply.json()["error"]["code"]) == (503, "store_unavailable")
    with gateway.store.reading() as connection:
        (row,) = newest_of_token(connection, 1)
    assert (row["type"], row["quota"]) == (5, 0)
    assert json.loads(row["other"])["status_code"] == 503


def test_an_error_that_cannot_be_logged_is_told_all_the_same(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    with gateway.store.writing() as connection:
        connection.exec_driver_sql("DROP TABLE logs")
    reply = call(gateway, "POST", CHAT, json=HELLO | {"model": "nope"})
    assert (reply.status_code, reply.json()["error"]["code"]) == (404, NO_MODEL)
    assert "not in the log" in caplog.text
