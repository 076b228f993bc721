"""The application: what it routes, refuses and redirects, and how it reads the body of a call."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import pytest

from nexhina_nb.errors import BadRequest
from nexhina_nb.gateway.app import create_app
from nexhina_nb.gateway.endpoints.calls import Endpoint
from nexhina_nb.gateway.incoming import LARGE_BODY
from nexhina_nb.gateway.kinds import Kind
from nexhina_nb.gateway.kinds.text import CHAT
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.store.channels import Channel, add_channel
from nexhina_nb.store.logs import newest_of_token
from tests.conftest import RunningGateway

HELLO = {"model": "local/chat", "messages": [{"role": "user", "content": "hello"}]}


def root(gateway: RunningGateway) -> str:
    return gateway.base_url.removesuffix("/v1")


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize(
    "path", ["/v1/chat/completions/", "/v1/embeddings/", "/v1/rerank/", "/health/"]
)
def test_nobody_is_redirected(shared_gateway: RunningGateway, path: str) -> None:
    headers = bearer(shared_gateway.key) | {"host": "elsewhere.localhost"}
    for method in ("GET", "POST"):
        reply = httpx2.request(method, root(shared_gateway) + path, headers=headers, json=HELLO)
        assert (reply.status_code, reply.json()["error"]["code"]) == (404, "unknown_url")
        assert "location" not in reply.headers


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/models/local/chat"),
        *(
            (method, path)
            for path in (
                "/files",
                "/files/f-1/content",
                "/fine-tunes",
                "/fine-tunes/ft-1/cancel",
                "/fine_tuning/jobs",
            )
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
        ),
        ("POST", "/images/variations"),
    ],
)
def test_what_is_not_offered_says_so(
    shared_gateway: RunningGateway, method: str, path: str
) -> None:
    reply = httpx2.request(
        method, shared_gateway.base_url + path, headers=bearer(shared_gateway.key)
    )
    assert reply.status_code == 501
    assert reply.json()["error"]["code"] == "api_not_implemented"


def test_a_model_is_still_retrieved(shared_gateway: RunningGateway) -> None:
    url, headers = f"{shared_gateway.base_url}/models/local/chat", bearer(shared_gateway.key)
    assert httpx2.get(url, headers=headers).json()["id"] == "local/chat"
    reply = httpx2.post(url, headers=headers)
    assert (reply.status_code, reply.json()["error"]["code"]) == (405, "method_not_supported")


@pytest.mark.parametrize("options", [{"expired_time": 1}, {"remain": 0}])
def test_a_key_that_can_pay_nothing_may_look(
    shared_gateway: RunningGateway, options: dict[str, int]
) -> None:
    headers = bearer(shared_gateway.new_key(**options))  # type: ignore[arg-type]
    for slash in ("", "/"):
        usage = httpx2.get(f"{root(shared_gateway)}/api/usage/token{slash}", headers=headers)
        assert (usage.status_code, usage.json()["data"]["name"]) == (200, "test")
        log = httpx2.get(f"{root(shared_gateway)}/api/log/token{slash}", headers=headers)
        assert (log.status_code, log.json()["data"]) == (200, [])
    stat = httpx2.get(f"{root(shared_gateway)}/api/log/token/stat", headers=headers)
    assert (stat.status_code, set(stat.json()["data"].values())) == (200, {0})
    chat = httpx2.post(f"{shared_gateway.base_url}/chat/completions", headers=headers, json=HELLO)
    assert chat.status_code == 401


def test_only_the_administrators_money_is_no_limit(shared_gateway: RunningGateway) -> None:
    url = f"{root(shared_gateway)}/api/usage/token"

    def told(key: str) -> tuple[bool, int]:
        data = httpx2.get(url, headers=bearer(key)).json()["data"]
        return data["unlimited_quota"], data["total_available"]

    assert told(shared_gateway.new_key(quota=500_000)) == (False, 500_000)
    assert told(shared_gateway.new_key(quota=500_000, remain=7)) == (False, 7)
    assert told(shared_gateway.key)[0] is True


@pytest.mark.parametrize("limit", ["x", "-1", "1.5", "²"])
def test_a_bad_limit_of_log_rows(shared_gateway: RunningGateway, limit: str) -> None:
    reply = httpx2.get(
        f"{root(shared_gateway)}/api/log/token",
        headers=bearer(shared_gateway.key),
        params={"limit": limit},
    )
    assert (reply.status_code, reply.json()["error"]["param"]) == (400, "limit")


def test_a_key_does_not_see_what_is_the_administrators(gateway: RunningGateway) -> None:
    headers = bearer(gateway.key)
    httpx2.post(f"{gateway.base_url}/chat/completions", headers=headers, json=HELLO)
    (row,) = httpx2.get(f"{root(gateway)}/api/log/token", headers=headers).json()["data"]
    assert not {"channel", "user_id"} & row.keys()
    other = json.loads(row["other"])
    assert other["request_path"] == "/v1/chat/completions"
    assert "admin_info" not in other


def test_a_channel_that_is_set_up_wrongly_is_passed_over(gateway: RunningGateway) -> None:
    wrong = Channel(
        name="wrong", type="openai", models=("local/chat",), base_url="https://u:p@host/v1",
        priority=9,
    )  # fmt: skip
    with gateway.store.writing() as connection:
        add_channel(connection, wrong)
    reply = httpx2.post(
        f"{gateway.base_url}/chat/completions", headers=bearer(gateway.key), json=HELLO
    )
    assert reply.status_code == 200, reply.text
    with gateway.store.reading() as connection:
        (row,) = newest_of_token(connection, 1)
    assert json.loads(row["other"])["admin_info"]["use_channel"] == [1, 0]


def scope_of(path: str, key: str) -> dict[str, Any]:
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "scheme": "http",
        "server": ("127.0.0.1", 80),
        "headers": [(b"host", b"localhost"), (b"authorization", f"Bearer {key}".encode())],
        "state": {"request_id": "r1"},
    }


def receiving(*messages: dict[str, Any]) -> Callable[[], Awaitable[dict[str, Any]]]:
    left = list(messages)

    async def receive() -> dict[str, Any]:
        return left.pop(0) if left else {"type": "http.disconnect"}

    return receive


def into(sent: list[Any]) -> Callable[[Any], Awaitable[None]]:
    async def send(message: Any) -> None:
        sent.append(message)

    return send


def test_a_caller_who_leaves_while_uploading_is_let_go_quietly(
    gateway: RunningGateway, caplog: pytest.LogCaptureFixture
) -> None:
    sent: list[Any] = []

    async def scene() -> None:
        app = create_app(gateway.settings, gateway.store)
        async with app.router.lifespan_context(app):
            half = {"type": "http.request", "body": b'{"model": "lo', "more_body": True}
            await app(scope_of("/v1/chat/completions", gateway.key), receiving(half), into(sent))

    asyncio.run(scene())
    assert sent == []
    assert caplog.text == ""
    with gateway.store.reading() as connection:
        assert newest_of_token(connection, 1) == []


class Watched(Kind):
    """A kind of call that is never right, and knows in which thread that was found."""

    def check(self, body: dict[str, Any]) -> None:
        raise BadRequest("wrong", param=threading.current_thread().name)


@pytest.mark.parametrize("size", [10, LARGE_BODY])
def test_a_large_body_is_read_beside_the_event_loop(gateway: RunningGateway, size: int) -> None:
    kind = Watched(*(getattr(CHAT, name) for name in Kind.__slots__))
    body = json.dumps({"model": "local/chat", "x": "y" * size}).encode()

    async def scene() -> str | None:
        services = Gateway(gateway.settings, gateway.store)
        try:
            with pytest.raises(BadRequest) as wrong:
                await Endpoint(services, kind)(
                    scope_of("/v1/chat/completions", gateway.key),
                    receiving({"type": "http.request", "body": body}),
                    into([]),
                )
        finally:
            await services.aclose()
        return wrong.value.param

    where = asyncio.run(scene())
    assert (where == threading.current_thread().name) is (size < LARGE_BODY)
    with gateway.store.reading() as connection:
        (row,) = newest_of_token(connection, 1)
    assert (row["type"], row["model_name"], row["content"]) == (5, "local/chat", "wrong")
