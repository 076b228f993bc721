"""Asking the admin API of a running gateway."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx2

from tests.conftest import RunningGateway


def ask(
    gateway: RunningGateway, method: str, path: str, body: Any = None, *, key: str | None = None
) -> httpx2.Response:
    """With the administrator's key, another one, or with "" none."""
    root = gateway.base_url.removesuffix("/v1")
    headers = {} if key == "" else {"authorization": f"Bearer {key or gateway.key}"}
    return httpx2.request(method, f"{root}{path}", json=body, headers=headers, timeout=30)


def told(gateway: RunningGateway, method: str, path: str, body: Any = None) -> Any:
    """The ``data`` of an answer to the administrator, which must be no refusal."""
    answer = ask(gateway, method, path, body).json()
    assert answer["success"], answer
    return answer["data"]


def until(look: Callable[[], bool]) -> None:
    """Wait for what the gateway notices within a second."""
    deadline = time.monotonic() + 20
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def billed(gateway: RunningGateway, model: str) -> int:
    """Make a call that always costs the same, and say what it cost."""
    body = {"model": model, "input": "one and the same text " * 20}
    reply = httpx2.post(
        f"{gateway.base_url}/embeddings",
        json=body,
        headers={"authorization": f"Bearer {gateway.key}"},
        timeout=60,
    )
    assert reply.status_code == 200, reply.text
    request_id = reply.headers["x-oneapi-request-id"]
    rows: list[dict[str, Any]] = []

    def written() -> bool:
        found = told(gateway, "GET", f"/api/log/?request_id={request_id}")
        rows[:] = found["items"]
        return bool(rows)

    until(written)
    return int(rows[0]["quota"])
