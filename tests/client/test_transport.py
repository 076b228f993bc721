from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

import httpx2
import pytest

from nexhina_nb.client import Client
from nexhina_nb.client.exchange import Request
from nexhina_nb.client.transport import library_of, transport
from nexhina_nb.errors import BadInput, ConfigError, ConnectionFailed, StreamBroken, TimedOut
from nexhina_nb.secret import Secret
from nexhina_nb.settings import Settings
from tests.client.flows import TARGET, session
from tests.client.mock_server import SSE, MockServer, Play, chat, chunk, frames, stream


@pytest.fixture(params=["httpx2", "httpx"])
def module(request: pytest.FixtureRequest) -> ModuleType:
    """Both libraries, as far as they are installed."""
    found: ModuleType = pytest.importorskip(request.param)
    return found


def test_a_callers_client_is_used_and_left_open(module: ModuleType, server: MockServer) -> None:
    server.play(chat("Hello"), stream("Hell", "o"))
    with module.Client(headers={"X-Own": "yes"}, auth=("me", "too")) as http:
        with Client(server.base_url, "sk-test", http_client=http) as client:
            assert client.chat("hi").text == "Hello"
            assert client.chat("hi", stream=True).read().text == "Hello"
        assert not http.is_closed
    assert server.seen[0].headers["x-own"] == "yes"
    assert server.seen[0].headers["authorization"] == "Bearer sk-test"


def test_failures_of_either_library_are_ours(module: ModuleType, server: MockServer) -> None:
    server.play(Play([b" "], hang=True), Play(b"{", cut=True))
    server.play(Play(frames("x")[:2], content_type=SSE, cut=True))
    server.play(Play([chunk({"content": "x"})], content_type=SSE, hang=True))
    with module.Client() as http:
        client = Client(server.base_url, http_client=http, max_retries=0, timeout=0.2)
        with pytest.raises(TimedOut):
            client.chat("hi")
        with pytest.raises(ConnectionFailed, match="middle"):
            client.chat("hi")
        with pytest.raises(StreamBroken, match="middle"):
            client.chat("hi", stream=True).read()
        with client.chat("hi", stream=True) as answer:
            next(answer)
        assert list(answer) == []
        with pytest.raises(ConnectionFailed, match="gateway start"):
            Client("http://127.0.0.1:9", http_client=http, max_retries=0).chat("hi")


def test_a_subclass_belongs_to_its_library(module: ModuleType) -> None:
    kind: Any = type("Own", (module.Client,), {"__module__": "elsewhere"})
    with kind() as http:
        assert library_of(http) is module


def test_what_is_no_http_client(server: MockServer) -> None:
    with pytest.raises(BadInput, match="httpx2 or httpx"):
        Client(server.base_url, http_client=object())
    with pytest.raises(BadInput, match="needs a Client"):
        Client(server.base_url, http_client=httpx2.AsyncClient())


def timeout_of(http: Any, given: float | None, **settings: Any) -> dict[str, float | None]:
    limits = transport("Client", session(settings=Settings(**settings)), http, given).timeout
    return {name: getattr(limits, name) for name in ("connect", "read", "pool")}


def test_time_limits(module: ModuleType) -> None:
    with module.Client() as plain, module.Client(timeout=7.0) as patient:
        assert timeout_of(plain, None) == {"connect": 10, "read": 600, "pool": None}
        assert timeout_of(plain, 3.0) == {"connect": 3, "read": 3, "pool": None}
        assert timeout_of(patient, None)["read"] == 7
        assert timeout_of(patient, 3.0)["read"] == 3
        assert timeout_of(plain, None, timeout=9.0)["read"] == 9


def test_own_clients_go_to_this_machine_without_a_proxy(
    server: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    server.play(chat("direct"))
    with Client(server.base_url) as client:
        assert client.chat("hi").text == "direct"
    with (
        Client("http://gateway.invalid", max_retries=0, timeout=1) as client,
        pytest.raises(ConnectionFailed),
    ):
        client.chat("hi")


def test_plain_http_trusts_no_certificate() -> None:
    with Client("http://127.0.0.1:9") as client:
        pool = client._transport.http._transport._pool
        assert pool._ssl_context.get_ca_certs() == []
        assert pool._ssl_context.check_hostname


def test_a_key_with_a_line_break_is_not_shown(server: MockServer) -> None:
    with pytest.raises(ConfigError) as caught:
        Client(server.base_url, "sk-one\nsk-two")
    assert "sk-" not in str(caught.value)


def test_nothing_is_imported_for_a_name() -> None:
    client = importlib.import_module("nexhina_nb.client")
    assert set(client.__all__) <= set(dir(client))
    assert {client.__name__ for _ in client.__all__} == {"nexhina_nb.client"}
    for name in client.__all__:
        assert getattr(client, name).__name__ == name
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = client.nothing_like_it


@pytest.mark.parametrize(
    ("name", "words", "sent"),
    [
        ("LocalProtocolError", "cannot reach .*could not be written", False),
        ("ConnectTimeout", "cannot reach .*took too long", False),
        ("PoolTimeout", "cannot reach .*took too long", False),
        ("ReadTimeout", "took too long, before an answer", True),
        ("WriteError", "broke before an answer", True),
        ("RemoteProtocolError", "broke before an answer", True),
        ("UnsupportedProtocol", "cannot reach .*UnsupportedProtocol", False),
    ],
)
def test_failures_in_words(module: ModuleType, name: str, words: str, sent: bool) -> None:
    text = "" if name == "UnsupportedProtocol" else "Illegal header value b'Bearer sk-x'"
    with module.Client() as http:
        made = transport("Client", session(), http, None)
        request = Request("POST", "/chat/completions", target=TARGET)
        failure = made.failure(getattr(module, name)(text), request)
    assert failure.sent is sent
    assert isinstance(failure.error, TimedOut) == name.endswith("Timeout")
    with pytest.raises(ConnectionFailed, match=words):
        raise failure.error
    assert "sk-x" not in str(failure.error)


def test_a_secret_is_taken_as_a_key(server: MockServer) -> None:
    server.play(chat())
    with Client(server.base_url, Secret("sk-hidden")) as client:
        client.chat("hi")
    assert server.seen[0].headers["authorization"] == "Bearer sk-hidden"
