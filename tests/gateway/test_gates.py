"""The gates before a call: where it comes from, and which channel its key names."""

from __future__ import annotations

import httpx2
import pytest
from sqlalchemy import select, update

from nexhina_nb.gateway.auth import is_within
from nexhina_nb.store.tables import logs, tokens, users
from tests.conftest import RunningGateway

BODY = {"model": "local/chat", "messages": [{"role": "user", "content": "hello"}], "max_tokens": 5}


def post(gateway: RunningGateway, key: str, **headers: str) -> httpx2.Response:
    headers = {"authorization": f"Bearer {key}"} | headers
    return httpx2.post(f"{gateway.base_url}/chat/completions", headers=headers, json=BODY)


@pytest.mark.parametrize(
    ("address", "network", "inside"),
    [
        ("10.1.2.3", "10.0.0.0/8", True),
        ("::ffff:10.1.2.3", "10.0.0.0/8", True),
        ("11.1.2.3", "10.0.0.0/8", False),
        ("fe80::1%eth0", "fe80::/10", True),
        ("", "0.0.0.0/0", False),
        ("testclient", "0.0.0.0/0", False),
    ],
)
def test_addresses_and_networks(address: str, network: str, inside: bool) -> None:
    assert is_within(address, (network,)) is inside


def test_a_key_works_only_from_its_addresses(shared_gateway: RunningGateway) -> None:
    here = shared_gateway.new_key(allow_ips=("127.0.0.0/8",))
    assert post(shared_gateway, here).status_code == 200
    elsewhere = shared_gateway.new_key(allow_ips=("192.0.2.1",))
    reply = post(shared_gateway, elsewhere)
    assert reply.status_code == 403
    assert reply.json()["error"]["code"] == "access_denied"


def test_a_key_that_manages_may_name_a_channel_and_others_may_not(gateway: RunningGateway) -> None:
    plain = gateway.new_key()
    assert post(gateway, f"{plain}-0").status_code == 403
    with gateway.store.writing() as connection:
        connection.execute(update(tokens).values(manages=True))
    key = gateway.new_key(manages=True)
    assert [post(gateway, f"{key}{pin}").status_code for pin in ("", "-0", "-x", "-77")] == [
        200, 200, 400, 403,
    ]  # fmt: skip
    assert post(gateway, "sk-" + "z" * 48 + "-0").status_code == 401


@pytest.mark.parametrize(
    ("setting", "logged"), [("", ""), ('{"record_ip_log": true}', "127.0.0.1")]
)
def test_an_address_is_logged_where_the_user_wants_it(
    gateway: RunningGateway, setting: str, logged: str
) -> None:
    key = gateway.new_key()
    with gateway.store.writing() as connection:
        connection.execute(update(users).values(setting=setting))
    assert post(gateway, key).status_code == 200
    with gateway.store.reading() as connection:
        assert connection.scalars(select(logs.c.ip)).all() == [logged]
