"""Quota under parallel calls, and what is charged for what was streamed."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2

from nexhina_nb.pricing.catalog import Catalog
from nexhina_nb.pricing.cost import quota
from nexhina_nb.pricing.usage import Tokens
from nexhina_nb.store.prices import set_price
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway

HELLO = {"model": "local/chat", "messages": [{"role": "user", "content": "hello"}]}


def fixed_price(gateway: RunningGateway, model: str, usd: str) -> None:
    from nexhina_nb.pricing.page import to_pricing_row
    from nexhina_nb.pricing.price import Price

    with gateway.store.writing() as connection:
        set_price(connection, model, json.dumps(to_pricing_row(model, Price.per_call_usd(usd))))


def balance(client: httpx2.Client, gateway: RunningGateway) -> dict[str, int]:
    root = gateway.base_url.removesuffix("/v1")
    data: dict[str, int] = client.get(f"{root}/api/usage/token/").json()["data"]
    return data


def test_a_hundred_calls_with_money_for_ten(gateway: RunningGateway) -> None:
    fixed_price(gateway, "local/chat", "0.01")
    key = gateway.new_key(quota=50_000)
    seen: list[int] = []
    stop = threading.Event()
    limits = httpx2.Limits(max_connections=100)
    headers = {"authorization": f"Bearer {key}"}
    with httpx2.Client(headers=headers, limits=limits, timeout=60) as client:

        def watch() -> None:
            while not stop.is_set():
                seen.append(balance(client, gateway)["total_available"])

        def ask(_: int) -> httpx2.Response:
            return client.post(f"{gateway.base_url}/chat/completions", json=HELLO)

        watcher = threading.Thread(target=watch)
        watcher.start()
        with ThreadPoolExecutor(100) as pool:
            replies = list(pool.map(ask, range(100)))
        stop.set()
        watcher.join()
        final = balance(client, gateway)
    assert sum(reply.status_code == 200 for reply in replies) == 10
    refused = [reply for reply in replies if reply.status_code != 200]
    assert {reply.status_code for reply in refused} == {403}
    assert {reply.json()["error"]["code"] for reply in refused} == {"insufficient_user_quota"}
    assert {reply.json()["error"]["type"] for reply in refused} == {"insufficient_quota"}
    assert min(seen) >= 0
    assert (final["total_available"], final["total_used"]) == (0, 50_000)
    with gateway.store.reading() as connection:
        assert verify(connection) == []


def test_a_key_with_a_cap_of_its_own(gateway: RunningGateway) -> None:
    fixed_price(gateway, "local/chat", "0.01")
    key = gateway.new_key(quota=50_000, remain=12_000)
    headers = {"authorization": f"Bearer {key}"}
    with httpx2.Client(headers=headers, base_url=gateway.base_url) as client:
        statuses = [client.post("/chat/completions", json=HELLO) for _ in range(3)]
    assert [reply.status_code for reply in statuses] == [200, 200, 403]
    assert statuses[2].json()["error"]["code"] == "pre_consume_token_quota_failed"


def test_the_bill_is_the_formula(gateway: RunningGateway) -> None:
    headers = {"authorization": f"Bearer {gateway.key}"}
    price = Catalog.bundled().price("local/chat")
    assert price is not None
    with httpx2.Client(headers=headers, base_url=gateway.base_url) as client:
        reply = client.post("/chat/completions", json=HELLO)
        billed = int(reply.headers["x-nexhina-quota"])
        assert billed == quota(price, Tokens.from_usage(reply.json()["usage"])) > 0
        streamed = client.post(
            "/chat/completions",
            json=HELLO | {"stream": True, "stream_options": {"include_usage": True}},
        )
        assert streamed.text.endswith(f": nexhina-quota {billed}\n\ndata: [DONE]\n\n")
        assert balance(client, gateway)["total_used"] == 2 * billed


def test_a_caller_who_leaves_pays_for_what_came(make_gateway: object) -> None:
    with make_gateway(pace=0.05) as gateway:  # type: ignore[operator]
        key = gateway.new_key(quota=1_000_000)
        headers = {"authorization": f"Bearer {key}"}
        long = {"role": "user", "content": "Repeat this 50 times: a penny for your thoughts"}
        body = HELLO | {"messages": [long], "stream": True}
        with httpx2.Client(headers=headers, base_url=gateway.base_url) as client:
            with client.stream("POST", "/chat/completions", json=body) as reply:
                frames = reply.iter_lines()
                for _ in range(8):
                    next(frames)
            root = gateway.base_url.removesuffix("/v1")
            deadline = time.monotonic() + 5
            while time.monotonic() < deadline:
                rows = client.get(f"{root}/api/log/token").json()["data"]
                if rows:
                    break
                time.sleep(0.05)
        (row,) = rows
        assert row["completion_tokens"] > 0
        assert row["completion_tokens"] < 40
        assert row["quota"] > 0
        assert '"client_gone"' in row["other"]
