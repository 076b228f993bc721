"""Under which names the gateway answers, what pages of other origins may read, and where it may
connect for others.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest

from nexhina_nb.errors import ConfigError, Upstream
from nexhina_nb.gateway.serve import is_loopback, refuse_open_door
from nexhina_nb.gateway.upstreams.base import Call, Form
from nexhina_nb.gateway.upstreams.openai import OpenAIUpstream
from nexhina_nb.secret import Secret
from nexhina_nb.settings import load
from nexhina_nb.store.accounts import create_root_user, create_token
from nexhina_nb.store.db import open_store
from tests.conftest import RunningGateway

ORIGIN = "https://notes.example"


def models(gateway: RunningGateway, **headers: str) -> httpx2.Response:
    given = {"authorization": f"Bearer {gateway.key}"} | headers
    return httpx2.get(f"{gateway.base_url}/models", headers=given)


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:8787", "a.localhost", "127.0.0.1:1", "[::1]:80", "10.1.2.3",
     socket.gethostname()],
)  # fmt: skip
def test_names_of_this_machine(shared_gateway: RunningGateway, host: str) -> None:
    assert models(shared_gateway, host=host).status_code == 200


@pytest.mark.parametrize(
    "host", ["attacker.example", "localhost.attacker.example", "127.0.0.1.nip.io", "a b", "x@[::1]"]
)
def test_other_names_are_refused(shared_gateway: RunningGateway, host: str) -> None:
    for _ in range(2):
        refused = models(shared_gateway, host=host)
        assert refused.status_code == 403
        error = refused.json()["error"]
        assert error["code"] == "access_denied"
        assert "allowed_hosts" in error["message"]


def test_no_host_or_two(shared_gateway: RunningGateway) -> None:
    address = shared_gateway.base_url.split("/")[2].split(":")
    for lines in ("", "Host: localhost\r\nHost: attacker.example\r\n"):
        with socket.create_connection((address[0], int(address[1])), 5) as raw:
            raw.sendall(f"GET /health HTTP/1.1\r\n{lines}Connection: close\r\n\r\n".encode())
            assert raw.recv(100).startswith(b"HTTP/1.1 400")


def test_a_name_can_be_allowed(make_gateway: Callable[..., Any]) -> None:
    with make_gateway(allowed_hosts="Gateway.Lab, other.lab") as running:
        assert models(running, host="gateway.lab:8787").status_code == 200
        assert models(running, host="third.lab").status_code == 403


def test_pages_of_other_origins_may_read_nothing(shared_gateway: RunningGateway) -> None:
    answer = models(shared_gateway, origin=ORIGIN)
    assert not any(name.startswith("access-control") for name in answer.headers)
    asked = httpx2.options(
        f"{shared_gateway.base_url}/chat/completions",
        headers={"origin": ORIGIN, "access-control-request-method": "POST"},
    )
    assert asked.status_code == 405
    assert not any(name.startswith("access-control") for name in asked.headers)


def test_an_origin_can_be_allowed(make_gateway: Callable[..., Any]) -> None:
    with make_gateway(cors_origins=ORIGIN) as running:
        answer = models(running, origin=ORIGIN)
        assert answer.headers["access-control-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in answer.headers
        assert "x-nexhina-quota" in answer.headers["access-control-expose-headers"].lower()
        asked = httpx2.options(
            f"{running.base_url}/chat/completions",
            headers={
                "origin": ORIGIN, "access-control-request-method": "POST",
                "access-control-request-headers": "authorization, content-type",
            },
        )  # fmt: skip
        assert asked.status_code == 200
        assert "authorization" in asked.headers["access-control-allow-headers"].lower()
        other = models(running, origin="https://attacker.example")
        assert "access-control-allow-origin" not in other.headers


def test_what_is_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "example.org", "")))


def test_no_open_door_without_an_administrators_key(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'n.db'}"
    open_settings = load(environ={}, cwd=tmp_path, home=tmp_path, host="0.0.0.0")
    with pytest.raises(ConfigError, match="administrator's key"):
        refuse_open_door(open_settings, url)
    assert not (tmp_path / "n.db").exists()
    refuse_open_door(load(environ={}, cwd=tmp_path, home=tmp_path), url)
    known = {"NEXHINA_ADMIN_KEY": "sk-" + "k" * 48}
    refuse_open_door(load(environ=known, cwd=tmp_path, home=tmp_path, host="0.0.0.0"), url)
    store = open_store(url)
    with store.writing() as connection:
        root = create_root_user(connection)
        create_token(connection, root, "notebook")
    with pytest.raises(ConfigError):
        refuse_open_door(open_settings, url)
    with store.writing() as connection:
        create_token(connection, root, "admin", manages=True)
    store.close()
    refuse_open_door(open_settings, url)


@pytest.mark.parametrize("call", [Call("/m", {"model": "m"}), Call("/m", form=Form()),
                                  Call("/m", method="GET")])  # fmt: skip
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]", "10.0.0.1"])
def test_a_public_channel_reaches_nothing_private(call: Call, host: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        port = listener.getsockname()[1]

        async def send() -> None:
            url = f"http://{host}:{port}/v1"
            upstream = OpenAIUpstream(url, Secret("sk-far"), only_public=True)
            try:
                await upstream.send(call)
            finally:
                await upstream.aclose()

        with pytest.raises(Upstream, match="public network") as refused:
            asyncio.run(send())
        assert refused.value.code == "channel:private_address"
        with pytest.raises(TimeoutError):
            listener.accept()
