"""A wallet that runs low: said once in the log, and with every answer."""

from __future__ import annotations

from decimal import Decimal

import httpx2
from sqlalchemy import select

from nexhina_nb.gateway.balances import Balance
from nexhina_nb.store.tables import logs
from nexhina_nb.wire.codes import LogType
from tests.conftest import RunningGateway


def ask(gateway: RunningGateway, key: str, **more: object) -> httpx2.Response:
    body = {"model": "local/chat", "messages": [{"role": "user", "content": "hi"}], **more}
    headers = {"authorization": f"Bearer {key}"}
    return httpx2.post(f"{gateway.base_url}/chat/completions", headers=headers, json=body)


def test_a_crossing_is_told_once_until_the_wallet_is_filled_again() -> None:
    wallet = Balance(100)
    told = []
    for left, taken in ((60, 40), (40, 20), (30, 10), (80, 0), (20, 60)):
        wallet.left = left
        told.append(wallet.falls_below(50, taken))
    assert told == [False, True, False, False, True]
    assert not Balance(40).falls_below(50, 5)


def test_answers_say_it_and_the_log_says_it_once(make_gateway) -> None:  # type: ignore[no-untyped-def]
    with make_gateway("low") as gateway:
        key = gateway.new_key(quota=50_000)
        plain = ask(gateway, key, max_tokens=5)
        assert Decimal(plain.headers["x-nexhina-low-balance"]) < Decimal("0.1")
        assert ": nexhina-low-balance 0.0" in ask(gateway, key, max_tokens=5, stream=True).text
        rich = ask(gateway, gateway.new_key(quota=90_000_000), max_tokens=5)
        assert "x-nexhina-low-balance" not in rich.headers
        assert "x-nexhina-low-balance" not in ask(gateway, gateway.key, max_tokens=5).headers
        store = gateway.store
        with store.reading() as connection:
            rows = connection.execute(select(logs).where(logs.c.type == LogType.SYSTEM)).all()
    assert len(rows) == 1
    assert "low" in rows[0].content
