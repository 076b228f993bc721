"""Users over HTTP: administrators manage them, and they log in and look after themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from nexhina_nb.store.groups import Group, set_group
from nexhina_nb.store.verify import verify
from tests.conftest import RunningGateway

PASSWORD = "correct horse"


class Api:
    """Asks a gateway's admin API as one person, and gives the envelopes that come back."""

    def __init__(self, gateway: RunningGateway, key: str = "") -> None:
        self.root = gateway.base_url.removesuffix("/v1")
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self.http = httpx2.Client(base_url=self.root, headers=headers)

    def __call__(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        reply = self.http.request(method, path, json=body or None)
        answer: dict[str, Any] = reply.json()
        return answer | {"status": reply.status_code}

    def data(self, method: str, path: str, **body: Any) -> Any:
        """What a request that must succeed gives."""
        answer = self(method, path, **body)
        assert answer["success"], answer
        return answer["data"]

    def refused(self, method: str, path: str, status: int = 200, **body: Any) -> str:
        """The words in which a request is refused, as it must be."""
        answer = self(method, path, **body)
        assert (answer["success"], answer["status"]) == (False, status), answer
        return str(answer["message"])

    def log_in(self, username: str, password: str = PASSWORD) -> dict[str, Any]:
        """Come in as a user; the cookie and the header stay."""
        found: dict[str, Any] = self.data(
            "POST", "/api/user/login", username=username, password=password
        )
        self.http.headers["new-api-user"] = str(found["id"])
        return found


@pytest.fixture
def root(gateway: RunningGateway) -> Iterator[Api]:
    api = Api(gateway, gateway.key)
    yield api
    api.http.close()
    with gateway.store.reading() as connection:
        assert verify(connection) == []


@pytest.fixture
def visitor(gateway: RunningGateway) -> Iterator[Api]:
    api = Api(gateway)
    yield api
    api.http.close()


def add(root: Api, username: str, **more: Any) -> int:
    """Add a user; the id."""
    root.data("POST", "/api/user/", username=username, password=PASSWORD, **more)
    found = root.data("GET", f"/api/user/?page_size=1&keyword={username}")["items"]
    return int(found[0]["id"])


def test_users_are_added_found_changed_and_deleted(root: Api) -> None:
    ada, bob = add(root, "ada", display_name="Ada L."), add(root, "bob")
    listed = root.data("GET", "/api/user?p=1&page_size=2")
    assert (listed["total"], listed["page"], listed["page_size"]) == (3, 1, 2)
    assert [row["username"] for row in listed["items"]] == ["bob", "ada"]
    assert "password" not in str(listed)
    found = root.data("GET", "/api/user/search?keyword=L.&role=1&status=1&group=default")
    assert [row["id"] for row in found["items"]] == [ada]
    root.data("PUT", "/api/user/", id=ada, username="countess", remark="late", password="")
    row = root.data("GET", f"/api/user/{ada}")
    assert (row["username"], row["display_name"], row["remark"]) == ("countess", "Ada L.", "late")
    assert "already" in root.refused("PUT", "/api/user/", id=ada, username="bob")
    root.data("DELETE", f"/api/user/{bob}")
    assert root.data("GET", "/api/user/")["total"] == 2
    root.refused("GET", f"/api/user/{bob}")
    root.refused("GET", "/api/user/x")
    assert add(root, "bob") != bob
    log = root.data("GET", "/api/log/?type=3")["items"]
    assert [row["content"] for row in log][-3:] == ["change user", "create user", "create user"]
    assert PASSWORD not in str(log)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"username": "ada"},
        {"username": "ada", "password": "short"},
        {"username": "a" * 21, "password": PASSWORD},
        {"username": "ada", "password": PASSWORD, "role": 100},
        {"username": "ada", "password": PASSWORD, "display_name": "x" * 21},
        {"username": 5, "password": PASSWORD},
        {"username": "root", "password": PASSWORD},
    ],
)
def test_users_that_make_no_sense(root: Api, body: dict[str, Any]) -> None:
    assert root.refused("POST", "/api/user/", **(body or {"x": 1}))
    assert root.data("GET", "/api/user/")["total"] == 1


def test_a_user_is_managed(root: Api) -> None:
    ada = add(root, "ada")

    def manage(**body: Any) -> Any:
        return root.data("POST", "/api/user/manage", id=ada, **body)

    assert manage(action="promote") == {"role": 10, "status": 1}
    assert manage(action="demote") == {"role": 1, "status": 1}
    assert manage(action="disable") == {"role": 1, "status": 2}
    assert manage(action="enable") == {"role": 1, "status": 1}
    for mode, value, left in (("add", 900, 900), ("subtract", 300, 600), ("override", 5, 5)):
        manage(action="add_quota", mode=mode, value=value)
        assert root.data("GET", f"/api/user/{ada}")["quota"] == left
    for wrong in (
        {"action": "add_quota", "mode": "subtract", "value": 6},
        {"action": "add_quota", "mode": "add", "value": -5},
        {"action": "add_quota", "mode": "double", "value": 5},
        {"action": "add_quota"},
        {"action": "praise"},
        {},
    ):
        root.refused("POST", "/api/user/manage", id=ada, **wrong)
    assert root.data("GET", f"/api/user/{ada}")["quota"] == 5
    assert manage(action="delete") is None
    root.refused("GET", f"/api/user/{ada}")
    me = root.data("GET", "/api/user/self")["id"]
    assert "root" in root.refused("POST", "/api/user/manage", id=me, action="disable")


def test_an_administrator_manages_only_those_below(root: Api, visitor: Api) -> None:
    ada, bob = add(root, "ada", role=10), add(root, "bob", role=10)
    cyd = add(root, "cyd")
    assert visitor.log_in("ada")["role"] == 10
    visitor.data("POST", "/api/user/manage", id=cyd, action="disable")
    for other in (ada, bob, 1):
        for action in ("disable", "delete", "demote", "add_quota"):
            refused: dict[str, Any] = {"id": other, "action": action, "value": 5}
            visitor.refused("POST", "/api/user/manage", **refused)
        visitor.refused("DELETE", f"/api/user/{other}")
        visitor.refused("PUT", "/api/user/", id=other, password="my own word")
    visitor.refused("POST", "/api/user/manage", id=cyd, action="promote")
    visitor.refused("POST", "/api/user/", username="dan", password=PASSWORD, role=10)


def test_one_logs_in_and_out(root: Api, visitor: Api) -> None:
    ada = add(root, "ada")
    assert visitor.refused("GET", "/api/user/self", status=401)
    wrong = visitor.refused("POST", "/api/user/login", username="ada", password="wrong horse")
    nobody = visitor.refused("POST", "/api/user/login", username="eve", password="wrong horse")
    assert wrong == nobody
    assert visitor.log_in("ada") == {
        "id": ada, "username": "ada", "display_name": "ada", "role": 1, "status": 1,
        "group": "default",
    }  # fmt: skip
    me = visitor.data("GET", "/api/user/self")
    assert (me["id"], me["quota"], me["aff_code"], me["last_login_at"] > 0) == (ada, 0, "", True)
    assert not {"remark", "password_hash", "access_token_hash"} & me.keys()
    visitor.refused("GET", "/api/user/")
    assert root.data("GET", "/api/log/?type=7&username=ada")["total"] == 1
    cookie = visitor.http.cookies["session"]
    visitor.data("GET", "/api/user/logout")
    visitor.refused("GET", "/api/user/self", status=401)
    visitor.http.cookies.set("session", cookie)
    visitor.refused("GET", "/api/user/self", status=401)


def test_the_cookie_is_for_this_site_only(root: Api, visitor: Api) -> None:
    add(root, "ada")
    body = {"username": "ada", "password": PASSWORD}
    cookie = visitor.http.post("/api/user/login", json=body).headers["set-cookie"].lower()
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.split("; "))
    # The cookie alone is not enough: a page of another site cannot send the header.
    visitor.refused("GET", "/api/user/self", status=401)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/api/user/manage", {"action": "disable"}),
        ("POST", "/api/user/manage", {"action": "delete"}),
        ("PUT", "/api/user/", {"password": "another horse"}),
    ],
)
def test_sessions_end_with_what_they_stood_for(
    root: Api, visitor: Api, method: str, path: str, body: dict[str, Any]
) -> None:
    ada = add(root, "ada")
    visitor.log_in("ada")
    root.data(method, path, id=ada, **body)
    visitor.refused("GET", "/api/user/self", status=401)
    visitor.refused("POST", "/api/user/login", username="ada", password=PASSWORD)


def test_one_changes_and_deletes_oneself(root: Api, visitor: Api) -> None:
    add(root, "ada")
    visitor.log_in("ada")
    visitor.data("PUT", "/api/user/self", display_name="Ada L.")
    assert visitor.data("GET", "/api/user/self")["display_name"] == "Ada L."
    new = "another horse"
    for given in (None, "wrong horse"):
        told = visitor.refused("PUT", "/api/user/self", password=new, original_password=given)
        assert "original_password" in told
    visitor.data("PUT", "/api/user/self", password=new, original_password=PASSWORD)
    visitor.refused("GET", "/api/user/self", status=401)
    visitor.log_in("ada", new)
    visitor.data("DELETE", "/api/user/self")
    visitor.refused("GET", "/api/user/self", status=401)
    visitor.refused("POST", "/api/user/login", username="ada", password=new)
    root.refused("DELETE", "/api/user/self")


def test_an_access_token_stands_for_its_user(root: Api, visitor: Api) -> None:
    ada = add(root, "ada")
    visitor.log_in("ada")
    first, token = (visitor.data("GET", "/api/user/token") for _ in range(2))
    assert len(token) == 32
    visitor.data("GET", "/api/user/logout")
    visitor.http.headers["authorization"] = token
    assert visitor.data("GET", "/api/user/self")["id"] == ada
    visitor.http.headers["authorization"] = first
    visitor.refused("GET", "/api/user/self")


def test_what_is_set_stays(root: Api, visitor: Api) -> None:
    add(root, "ada")
    visitor.log_in("ada")
    visitor.data("PUT", "/api/user/setting", notify_type="email", record_ip_log=True)
    visitor.data("PUT", "/api/user/setting", quota_warning_threshold=700, unknown=1)
    for wrong in (
        {"notify_type": "pigeon"},
        {"quota_warning_threshold": 0},
        {"record_ip_log": "yes"},
    ):
        visitor.refused("PUT", "/api/user/setting", **wrong)
    assert visitor.data("GET", "/api/user/self")["setting"] == (
        '{"notify_type": "email", "record_ip_log": true, "quota_warning_threshold": 700}'
    )


def test_groups_and_models_are_those_of_the_user(
    gateway: RunningGateway, root: Api, visitor: Api
) -> None:
    with gateway.store.writing() as connection:
        set_group(connection, Group("lab", "the lab"))
        set_group(connection, Group("open", "for all", selectable=True))
    ada = add(root, "ada")
    visitor.log_in("ada")
    assert set(visitor.data("GET", "/api/user/groups")) == {"default", "open"}
    root.data("PUT", "/api/user/", id=ada, group="lab")
    groups = visitor.data("GET", "/api/user/self/groups")
    assert groups["lab"] == {"ratio": 1.0, "desc": "the lab"}
    assert "local/embed" in visitor.data("GET", "/api/user/models")
    assert "local/embed" in visitor.data("GET", "/api/user/models?group=open")
    assert "lab" in root.data("GET", "/api/user/groups")
    visitor.refused("GET", "/api/user/models?group=nothing")


def test_what_is_not_offered_says_so(root: Api, visitor: Api) -> None:
    told = visitor.refused("POST", "/api/user/register", username="eve", password=PASSWORD)
    assert told == "registration is closed"
    assert "invitations" in root.refused("GET", "/api/user/aff")
    assert "invitations" in root.refused("POST", "/api/user/aff_transfer", quota=500_000)


def test_guessing_passwords_ends_soon(root: Api, visitor: Api) -> None:
    add(root, "ada")
    for n in range(20):
        visitor.refused("POST", "/api/user/login", username="ada", password=f"guess {n}")
    visitor.refused("POST", "/api/user/login", status=429, username="ada", password=PASSWORD)
