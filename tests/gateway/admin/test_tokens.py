"""Keys over HTTP: each user's own, shown once, and never more than what they may be given."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from nexhina_nb.gateway.admin.door import Door
from nexhina_nb.gateway.admin.tokens import routes
from nexhina_nb.gateway.services import Gateway
from nexhina_nb.settings import load
from nexhina_nb.store.accounts import (
    create_root_user,
    create_token,
    create_user,
    find_account,
    hash_key,
)
from nexhina_nb.store.db import Store, open_store
from nexhina_nb.store.groups import Group, set_group
from nexhina_nb.store.people import renew_access_token
from nexhina_nb.store.verify import verify


class Desk:
    """The routes of keys over a real store, asked by one of two users."""

    def __init__(self, folder: Path) -> None:
        self.store: Store = open_store(f"sqlite:///{folder / 'nexhina.db'}")
        self._folder = folder
        with self.store.writing() as connection:
            self.root = create_root_user(connection)
            self.ada = create_user(connection, "ada", quota=1000)
            self._tokens = {n: renew_access_token(connection, n) for n in (self.root, self.ada)}
            set_group(connection, Group("open", selectable=True))
            set_group(connection, Group("vip"))

    def ask(
        self, method: str, path: str, body: Any = None, *, user: int | None = None
    ) -> dict[str, Any]:
        """The envelope; what is refused for the business's sake is HTTP 200 too."""
        return asyncio.run(self._ask(method, path, body, user or self.ada))

    async def _ask(self, method: str, path: str, body: Any, user: int) -> dict[str, Any]:
        gateway = Gateway(load(environ={}, cwd=self._folder, home=self._folder), self.store)
        app = Starlette(routes=routes(Door(gateway)))
        headers = {"Authorization": self._tokens[user], "New-Api-User": str(user)}
        transport = httpx2.ASGITransport(app=app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            reply = await client.request(
                method, f"/api/token{path}", headers=headers, json=body if body is not None else {}
            )
        await gateway.aclose()
        assert reply.status_code == 200, reply.text
        found: dict[str, Any] = reply.json()
        return found

    def get(self, method: str, path: str, body: Any = None, *, user: int | None = None) -> Any:
        """The data of a request that succeeds."""
        found = self.ask(method, path, body, user=user)
        assert found["success"], found
        return found["data"]

    def refused(self, method: str, path: str, body: Any = None, *, user: int | None = None) -> str:
        """The message of a request that does not."""
        found = self.ask(method, path, body, user=user)
        assert found["success"] is False, found
        return str(found["message"])


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    with made.store.reading() as connection:
        assert verify(connection) == []
    made.store.close()


def test_a_key_is_shown_once(desk: Desk) -> None:
    made = desk.get("POST", "/", {"name": "one", "unlimited_quota": True, "key": "sk-mine"})
    key = made["key"]
    assert len(key) == 51
    with desk.store.reading() as connection:
        account = find_account(connection, hash_key(key))
    assert account is not None
    assert (account.token_id, account.user_id) == (made["id"], desk.ada)
    for path in ("", "/", "/search?keyword=one", f"/search?token={key}", f"/{made['id']}"):
        shown = desk.get("GET", path)
        assert key[3:] not in json.dumps(shown)
        assert f"{key[3:7]}**********{key[-4:]}" in json.dumps(shown)
    assert "shown once" in desk.refused("POST", f"/{made['id']}/key")
    assert "shown once" in desk.refused("POST", "/batch/keys", {"ids": [made["id"]]})


def test_the_wire_form(desk: Desk) -> None:
    made = desk.get("POST", "/", {"name": "one"})
    row = desk.get("GET", f"/{made['id']}")
    assert set(row) >= {
        "id", "user_id", "name", "key", "status", "expired_time", "remain_quota",
        "unlimited_quota", "created_time", "accessed_time", "used_quota", "model_limits_enabled",
        "model_limits", "allow_ips", "group", "cross_group_retry", "budget", "budget_period",
        "budget_used", "rpm", "tpm", "parallel", "queue_seconds", "capture",
    }  # fmt: skip
    assert "key_hash" not in row
    assert (row["expired_time"], row["remain_quota"], row["unlimited_quota"]) == (-1, 0, False)
    assert row | {"key": made["key"]} == made
    page = desk.get("GET", "/?p=2&page_size=5")
    assert page == {"page": 2, "page_size": 5, "total": 1, "items": []}


def test_what_is_absent_stays(desk: Desk) -> None:
    terms = {
        "name": "one", "remain_quota": 500, "expired_time": 4_102_444_800,
        "model_limits_enabled": True, "model_limits": "a,b", "allow_ips": "10.0.0.0/8\n::1",
        "group": "open", "cross_group_retry": True, "budget": 90, "budget_period": "weekly",
        "rpm": 1, "tpm": 2, "parallel": 3, "queue_seconds": 4, "capture": True,
    }  # fmt: skip
    made = desk.get("POST", "/", terms)
    assert {name: made[name] for name in terms} == terms
    row = desk.get("GET", f"/{made['id']}")
    assert desk.get("PUT", "/", {"id": made["id"]}) == row
    assert desk.get("PUT", "/", row) == row
    assert desk.get("PUT", "/", {"id": made["id"], "rpm": 9, "key": "abc"}) == row | {"rpm": 9}
    changed = desk.get("PUT", "/", {"id": made["id"], "unlimited_quota": True, "remain_quota": -1})
    assert (changed["unlimited_quota"], changed["remain_quota"]) == (True, 500)
    changed = desk.get("PUT", "/", {"id": made["id"], "unlimited_quota": False, "name": "two"})
    assert (changed["remain_quota"], changed["name"]) == (500, "two")
    off = {"id": made["id"], "model_limits_enabled": False, "budget": 0, "budget_period": ""}
    changed = desk.get("PUT", "/", off)
    assert (changed["model_limits_enabled"], changed["budget"]) == (False, 0)


def test_the_status_is_switched_alone(desk: Desk) -> None:
    number = desk.get("POST", "/", {"name": "one", "remain_quota": 5})["id"]
    switch = "/?status_only=1"
    assert desk.get("PUT", switch, {"id": number, "status": 2, "name": "x"})["name"] == "one"
    assert desk.get("GET", f"/{number}")["status"] == 2
    desk.get("PUT", "/", {"id": number, "expired_time": 0})
    assert "expired" in desk.refused("PUT", switch, {"id": number, "status": 1})
    desk.get("PUT", "/", {"id": number, "expired_time": -1, "remain_quota": 0})
    assert "quota" in desk.refused("PUT", switch, {"id": number, "status": 1})
    desk.get("PUT", "/", {"id": number, "remain_quota": 9})
    assert desk.get("PUT", switch, {"id": number, "status": 1})["status"] == 1
    assert "required" in desk.refused("PUT", switch, {"id": number})
    assert "on (1)" in desk.refused("PUT", switch, {"id": number, "status": 7})
    late = desk.get("POST", "/", {"name": "late", "expired_time": int(time.time()) - 5})
    assert late["status"] == 3
    assert desk.get("POST", "/", {"name": "never", "expired_time": 0})["expired_time"] == -1


@pytest.mark.parametrize(
    "body",
    [
        {"name": "é" * 26},
        {"name": 5},
        {"name": "a\0b"},
        {"remain_quota": -1},
        {"remain_quota": 2**31},
        {"remain_quota": 1.5},
        {"expired_time": -2},
        {"unlimited_quota": 1},
        {"allow_ips": "10.0.0.300"},
        {"group": "vip"},
        {"group": "nowhere"},
        {"budget": 5},
        {"budget": 5, "budget_period": "yearly"},
        {"rpm": -1},
    ],
)
def test_what_is_refused(desk: Desk, body: dict[str, Any]) -> None:
    assert desk.refused("POST", "/", body)
    number = desk.get("POST", "/", {"name": "é" * 25})["id"]
    before = desk.get("GET", f"/{number}")
    assert desk.refused("PUT", "/", body | {"id": number})
    assert desk.get("GET", f"/{number}") == before
    assert desk.get("GET", "/")["total"] == 1


def test_groups_that_a_key_may_use(desk: Desk) -> None:
    for group in ("", "default", "open", "auto"):
        assert desk.get("POST", "/", {"group": group})["group"] == group
    assert desk.get("POST", "/", {"group": "vip"}, user=desk.root)["group"] == "vip"
    with desk.store.writing() as connection:
        number, _ = create_token(connection, desk.ada, "a gift", group="vip")
    kept = desk.get("PUT", "/", {"id": number, "group": "vip", "name": "mine"})
    assert (kept["group"], kept["name"]) == ("vip", "mine")


def test_only_ones_own(desk: Desk) -> None:
    number = desk.get("POST", "/", {"name": "hers"})["id"]
    for method, path, body in (
        ("GET", f"/{number}", None),
        ("PUT", "/", {"id": number, "name": "his"}),
        ("PUT", "/?status_only=1", {"id": number, "status": 2}),
        ("DELETE", f"/{number}", None),
        ("GET", "/x", None),
    ):
        assert " is no " in desk.refused(method, path, body, user=desk.root)
    assert desk.get("POST", "/batch", {"ids": [number]}, user=desk.root) == 0
    assert desk.get("GET", "/", user=desk.root)["total"] == 0
    assert desk.get("GET", f"/{number}")["name"] == "hers"


def test_deleting(desk: Desk) -> None:
    numbers = [desk.get("POST", "/", {"remain_quota": 5})["id"] for _ in range(3)]
    assert desk.get("DELETE", f"/{numbers[0]}") is None
    assert desk.refused("DELETE", f"/{numbers[0]}")
    assert desk.get("POST", "/batch", {"ids": numbers}) == 2
    assert desk.get("GET", "/")["total"] == 0
    for ids in ([], list(range(1, 102)), ["1"], None):
        assert desk.refused("POST", "/batch", {"ids": ids})
