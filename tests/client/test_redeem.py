"""A code becomes a key, at a real gateway and by whoever has no key yet."""

from __future__ import annotations

import asyncio
from decimal import Decimal

import pytest

from nexhina_nb.client import AsyncClient, Client, Redeemed, core
from nexhina_nb.client.exchange import Request
from nexhina_nb.client.target import Target
from nexhina_nb.errors import BadInput, BadRequest, Upstream
from nexhina_nb.secret import Secret
from nexhina_nb.store import accounts, codes
from tests.client.flows import answer, drive, session
from tests.conftest import RunningGateway


def new_codes(gateway: RunningGateway, count: int) -> list[str]:
    with gateway.store.writing() as connection:
        root = accounts.root_user(connection)
        assert root is not None
        made = codes.create_codes(connection, root, "spring", 250_000, count=count)
    return [row.code.reveal() for row in made]


def test_without_a_key_and_once(gateway: RunningGateway) -> None:
    (code,) = new_codes(gateway, 1)
    with Client(gateway.base_url) as client:
        assert not client.key
        made = client.redeem(f" {code}\n", "ada")
        with pytest.raises(BadRequest, match="the code is not valid"):
            client.redeem(code)
    assert made.usd == Decimal("0.5")
    assert made.key.reveal() not in repr(made)
    with Client(gateway.base_url, made.key) as client:
        assert client.usage().name == "ada"


def test_awaited(gateway: RunningGateway) -> None:
    async def redeem(code: str) -> Redeemed:
        async with AsyncClient(gateway.base_url) as client:
            return await client.redeem(code, name="bob")

    (code,) = new_codes(gateway, 1)
    with Client(gateway.base_url, asyncio.run(redeem(code)).key) as client:
        assert client.usage().name == "bob"


def test_what_is_sent() -> None:
    nobody = session(target=Target("http://gateway.example/v1", Secret("")))
    data = {"id": 1, "key": "sk-new", "quota": 5}
    made, (step,) = drive(core.redeem(nobody, "abc"), answer({"success": True, "data": data}))
    assert made == Redeemed(Secret("sk-new"), 5)
    assert isinstance(step, Request)
    assert (step.url, step.body) == (
        "http://gateway.example/api/user/redeem_key", b'{"key":"abc","name":""}',
    )  # fmt: skip


@pytest.mark.parametrize("data", [None, [], {"quota": 1}, {"key": 3}, {"key": ""}])
def test_an_answer_without_a_key(data: object) -> None:
    with pytest.raises(Upstream, match="has no key in it"):
        drive(core.redeem(session(), "abc"), answer({"success": True, "data": data}))


def test_a_key_is_taken_whatever_else_is_wrong() -> None:
    made, _ = drive(core.redeem(session(), "abc"), answer({"data": {"key": "sk-new"}}))
    assert made == Redeemed(Secret("sk-new"), 0)


def test_no_code() -> None:
    with pytest.raises(BadInput, match="there is no code"):
        drive(core.redeem(session(), " "))
