"""Codes over HTTP: made by an administrator, turned into a key by whoever has one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import openai
import pytest

from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway


def ask(
    gateway: RunningGateway, method: str, path: str, body: Any = None, *, key: str | None = None
) -> httpx2.Response:
    root = gateway.base_url.removesuffix("/v1")
    headers = {} if key == "" else {"authorization": f"Bearer {key or gateway.key}"}
    return httpx2.request(method, f"{root}{path}", json=body, headers=headers)


def make(gateway: RunningGateway, count: int, quota: int = 5_000) -> list[str]:
    body = {"name": "course", "count": count, "quota": quota}
    made = ask(gateway, "POST", "/api/redemption/", body).json()
    assert made["success"], made
    codes: list[str] = made["data"]
    return codes


def test_a_class_turns_its_codes_into_keys_at_once(gateway: RunningGateway) -> None:
    codes = make(gateway, 8)

    def join(code: str) -> dict[str, Any]:
        reply = ask(gateway, "POST", "/api/user/redeem_key", {"key": code, "name": "me"}, key="")
        answer: dict[str, Any] = reply.json()
        return answer

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(join, codes))
    assert all(answer["success"] for answer in answers)
    keys = {answer["data"]["key"] for answer in answers}
    assert len(keys) == 8
    with openai.OpenAI(base_url=gateway.base_url, api_key=keys.pop()) as sdk:
        assert sdk.embeddings.create(model="local/embed", input="hello").data
    assert join(codes[0]) == {"success": False, "message": join("x" * 32)["message"]}
    listed = ask(gateway, "GET", "/api/redemption/?page_size=3&status=3").json()["data"]
    assert (listed["total"], len(listed["items"])) == (8, 3)
    assert not any(code in str(listed) for code in codes)
    with gateway.store.reading() as connection:
        assert verify(connection) == []


def test_only_administrators_make_codes(gateway: RunningGateway) -> None:
    body = {"name": "course", "quota": 5}
    refused = ask(gateway, "POST", "/api/redemption/", body, key=gateway.new_key())
    assert (refused.status_code, refused.json()["success"]) == (200, False)
    assert ask(gateway, "POST", "/api/redemption/", body, key="").status_code == 401


@pytest.mark.parametrize(
    "body", [{}, {"name": "n"}, {"name": "n" * 21, "quota": 5}, {"name": "n", "quota": 0}]
)
def test_codes_that_make_no_sense(gateway: RunningGateway, body: dict[str, Any]) -> None:
    refused = ask(gateway, "POST", "/api/redemption/", body).json()
    assert not refused["success"]
    assert refused["message"]


def test_guessing_ends_soon(gateway: RunningGateway) -> None:
    replies = [
        ask(gateway, "POST", "/api/user/redeem_key", {"key": f"guess{n}"}, key="")
        for n in range(21)
    ]
    assert {reply.status_code for reply in replies[:20]} == {200}
    assert replies[20].status_code == 429
    assert int(replies[20].headers["retry-after"]) > 0


def test_a_code_is_changed_and_forgotten(gateway: RunningGateway) -> None:
    make(gateway, 2)
    found = ask(gateway, "GET", "/api/redemption/search?keyword=cour").json()["data"]["items"]
    first, second = found[0]["id"], found[1]["id"]
    off = {"id": first, "status": 2}
    assert ask(gateway, "PUT", "/api/redemption/?status_only=1", off).json()["success"]
    assert ask(gateway, "GET", f"/api/redemption/{first}").json()["data"]["status"] == 2
    assert ask(gateway, "DELETE", "/api/redemption/invalid").json()["data"] == 1
    assert ask(gateway, "DELETE", f"/api/redemption/{second}/").json()["success"]
    assert not ask(gateway, "GET", f"/api/redemption/{second}").json()["success"]
    actions = ask(gateway, "GET", "/api/log/?type=3").json()["data"]["items"]
    assert [row["content"] for row in actions][:2] == ["delete code", "delete invalid codes"]
