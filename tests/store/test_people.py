"""Users in the store: passwords, access tokens, who is found, and who may change whom."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from nexhina_nb.errors import BadInput, NexhinaError, NotFound, PermissionDenied
from nexhina_nb.store import people_changes as changes
from nexhina_nb.store.accounts import (
    DISABLED,
    ENABLED,
    ROLE_ADMIN,
    ROLE_COMMON,
    Account,
    create_root_user,
    create_token,
    create_user,
    find_account,
    hash_key,
)
from nexhina_nb.store.db import open_store
from nexhina_nb.store.groups import Group, set_group
from nexhina_nb.store.options import set_option
from nexhina_nb.store.people import (
    PeopleFilter,
    find_by_access_token,
    find_password,
    find_person,
    fits,
    hash_password,
    renew_access_token,
    seal_of,
    search_people,
    show_person,
)
from nexhina_nb.store.preferences import preferences
from nexhina_nb.store.tables import logs, users
from nexhina_nb.store.verify import verify
from nexhina_nb.wire.codes import LogType


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[Connection]:
    store = open_store(f"sqlite:///{tmp_path / 'nexhina.db'}")
    with store.writing() as connection:
        yield connection
        assert verify(connection) == []
    store.close()


def person(connection: Connection, user_id: int) -> Account:
    found = find_person(connection, user_id)
    assert found is not None
    return found[0]


def root_of(connection: Connection) -> Account:
    return person(connection, create_root_user(connection))


def found(connection: Connection, **wanted: str | int) -> list[str]:
    rows, total = search_people(
        connection,
        PeopleFilter(**wanted),  # type: ignore[arg-type]
        offset=0,
        limit=100,
    )
    assert total == len(rows)
    return [row["username"] for row in rows]


def test_a_password_fits_only_its_own_hash() -> None:
    kept = hash_password("correct horse")
    assert "correct" not in kept
    assert kept != hash_password("correct horse")
    assert fits("correct horse", kept)
    assert not fits("correct house", kept)
    assert not fits("correct horse", "")
    for bad in ("short", "x" * 21):
        with pytest.raises(BadInput):
            hash_password(bad)


def test_a_new_access_token_replaces_the_one_before(connection: Connection) -> None:
    user = create_user(connection, "ada")
    assert find_by_access_token(connection, "") is None
    first, second = (renew_access_token(connection, user) for _ in range(2))
    assert len(second) == 32
    assert find_by_access_token(connection, first) is None
    found = find_by_access_token(connection, second)
    assert found is not None
    assert (found.user_id, found.username, found.token_id) == (user, "ada", 0)
    assert find_person(connection, user + 1) is None


def test_people_are_found_by_what_is_known_of_them(connection: Connection) -> None:
    root, group = root_of(connection), Group("lab")
    set_group(connection, group)
    ada, bob = (create_user(connection, name) for name in ("ada", "bob_50%"))
    role = {"display_name": "Ada L.", "email": "countess@example.org", "group": "lab"}
    changes.change_person(connection, root, ada, role)
    changes.disable(connection, root, bob)
    assert found(connection) == ["bob_50%", "ada", "root"]
    for keyword in ("AD", "ada l", "countess@", str(ada)):
        assert found(connection, keyword=keyword) == ["ada"], keyword
    assert found(connection, keyword="_50%") == ["bob_50%"]
    assert found(connection, keyword="a_a") == []
    assert found(connection, keyword="9" * 30) == []
    assert found(connection, group="lab") == ["ada"]
    assert found(connection, role=ROLE_COMMON, status=DISABLED) == ["bob_50%"]
    page, total = search_people(connection, PeopleFilter(), offset=1, limit=1)
    assert ([row["id"] for row in page], total) == ([ada], 3)
    assert not {"password_hash", "access_token_hash"} & page[0].keys()


def test_a_new_user_has_what_the_option_gives(connection: Connection) -> None:
    root = root_of(connection)
    set_option(connection, "QuotaForNewUser", "7000")
    made = changes.create_person(connection, root, "ada", hash_password("correct horse"))
    row = show_person(connection, made)
    assert (row["quota"], row["role"], row["display_name"]) == (7000, ROLE_COMMON, "ada")
    known = find_password(connection, "ada")
    assert known is not None
    assert known[0] == made
    assert fits("correct horse", known[1])


@pytest.mark.parametrize("name", ["", "x" * 21, " ada", "ada ", "a\nda", "ada~3", "root"])
def test_names_that_nobody_gets(connection: Connection, name: str) -> None:
    root = root_of(connection)
    ada = create_user(connection, "ada")
    with pytest.raises(BadInput), connection.begin_nested():
        changes.create_person(connection, root, name, "")
    with pytest.raises(BadInput), connection.begin_nested():
        changes.change_person(connection, root, ada, {"username": name})
    assert show_person(connection, ada)["username"] == "ada"


def test_nobody_gives_a_role_that_is_not_below_his_own(connection: Connection) -> None:
    root = root_of(connection)
    admin = person(connection, changes.create_person(connection, root, "b", "", role=ROLE_ADMIN))
    changes.create_person(connection, admin, "c", "")
    for actor, role, error in (
        (admin, ROLE_ADMIN, PermissionDenied),
        (root, 100, BadInput),
        (root, 0, BadInput),
    ):
        with pytest.raises(error):
            changes.create_person(connection, actor, "d", "", role=role)


ACTIONS: tuple[Callable[[Connection, Account, int], None], ...] = (
    changes.enable,
    changes.disable,
    changes.promote,
    changes.demote,
    changes.delete,
    lambda c, actor, user_id: changes.change_person(c, actor, user_id, {"remark": "x"}),
    lambda c, actor, user_id: changes.change_quota(c, actor, user_id, "add", 5),
)


@pytest.mark.parametrize("action", ACTIONS)
def test_an_administrator_changes_nobody_of_his_own_role(
    connection: Connection, action: Callable[[Connection, Account, int], None]
) -> None:
    root = root_of(connection)
    admins = [
        changes.create_person(connection, root, name, "", role=ROLE_ADMIN) for name in ("a", "b")
    ]
    actor = person(connection, admins[0])
    for other in (*admins, root.user_id):
        before = show_person(connection, other)
        with pytest.raises(PermissionDenied):
            action(connection, actor, other)
        assert show_person(connection, other) == before
    with pytest.raises(NotFound):
        action(connection, actor, 99)


def test_root_stays(connection: Connection) -> None:
    root = root_of(connection)
    for action in (changes.disable, changes.demote, changes.delete):
        with pytest.raises(BadInput, match="root"):
            action(connection, root, root.user_id)
    with pytest.raises(BadInput, match="root"):
        changes.delete_self(connection, root.user_id)
    changes.change_quota(connection, root, root.user_id, "override", 5)
    assert show_person(connection, root.user_id)["quota"] == 5


def test_up_and_down(connection: Connection) -> None:
    root = root_of(connection)
    ada = create_user(connection, "ada")
    changes.promote(connection, root, ada)
    bob = create_user(connection, "bob")
    with pytest.raises(PermissionDenied):
        changes.promote(connection, person(connection, ada), bob)
    with pytest.raises(BadInput):
        changes.promote(connection, root, ada)
    changes.demote(connection, root, ada)
    with pytest.raises(BadInput):
        changes.demote(connection, root, ada)
    changes.disable(connection, root, ada)
    assert person(connection, ada).user_status == DISABLED
    changes.enable(connection, root, ada)
    assert person(connection, ada).user_status == ENABLED


def test_who_is_deleted_is_gone_and_the_name_is_free(connection: Connection) -> None:
    root = root_of(connection)
    name = "n" * 64
    ada = create_user(connection, name, quota=500)
    key = create_token(connection, ada, "k")[1].reveal()
    token = renew_access_token(connection, ada)
    changes.delete(connection, root, ada)
    assert find_account(connection, hash_key(key)) is None
    assert find_by_access_token(connection, token) is None
    assert find_password(connection, name) is None
    assert found(connection, keyword="nnn") == []
    with pytest.raises(NotFound):
        show_person(connection, ada)
    with pytest.raises(NotFound):
        changes.delete(connection, root, ada)
    kept = connection.execute(select(users.c.username).where(users.c.id == ada)).scalar_one()
    assert kept == "n" * 62 + f"~{ada}"
    assert create_user(connection, name) != ada


@pytest.mark.parametrize(
    ("mode", "value", "left", "kind"),
    [
        ("add", 250, 1250, LogType.TOP_UP),
        ("subtract", 250, 750, LogType.MANAGE),
        ("override", 1500, 1500, LogType.TOP_UP),
        ("override", 0, 0, LogType.MANAGE),
    ],
)
def test_money_comes_and_goes(
    connection: Connection, mode: str, value: int, left: int, kind: LogType
) -> None:
    root, ada = root_of(connection), create_user(connection, "ada", quota=1000)
    changes.change_quota(connection, root, ada, mode, value)
    assert show_person(connection, ada)["quota"] == left
    row = connection.execute(select(logs).where(logs.c.user_id == ada)).one()
    assert (row.type, row.quota, row.username) == (kind, left - 1000, "ada")


@pytest.mark.parametrize(("mode", "value"), [("subtract", 1001), ("add", 2**31 - 1)])
def test_no_wallet_holds_less_than_nothing_or_too_much(
    connection: Connection, mode: str, value: int
) -> None:
    root, ada = root_of(connection), create_user(connection, "ada", quota=1000)
    with pytest.raises(NexhinaError):
        changes.change_quota(connection, root, ada, mode, value)
    assert show_person(connection, ada)["quota"] == 1000
    assert connection.execute(select(logs).where(logs.c.user_id == ada)).all() == []


def test_a_group_must_be_there(connection: Connection) -> None:
    root, ada = root_of(connection), create_user(connection, "ada")
    with pytest.raises(BadInput, match="lab"):
        changes.change_person(connection, root, ada, {"group": "lab"})
    changes.change_person(connection, root, ada, {"group": "default", "remark": "late"})
    assert show_person(connection, ada)["remark"] == "late"


def test_settings_are_merged(connection: Connection) -> None:
    ada = create_user(connection, "ada")
    changes.change_setting(connection, ada, {"record_ip_log": True, "notify_type": "email"})
    below = {"quota_warning_threshold": 9, "record_ip_log": None}
    changes.change_setting(connection, ada, below)
    text = show_person(connection, ada)["setting"]
    assert json.loads(text) == {
        "record_ip_log": True,
        "notify_type": "email",
        "quota_warning_threshold": 9,
    }
    assert (preferences(text).record_ip, preferences(text).warn_below) == (True, 9)


def test_a_new_password_changes_the_seal(connection: Connection) -> None:
    ada = create_user(connection, "ada")
    before = find_person(connection, ada)
    changes.change_self(connection, ada, {"password_hash": hash_password("correct horse")})
    after = find_person(connection, ada)
    assert before is not None
    assert after is not None
    assert before[1] != after[1]
    known = find_password(connection, "ada")
    assert known is not None
    assert after[1] == seal_of(known[1])


def test_a_login_is_written_down(connection: Connection) -> None:
    ada = create_user(connection, "ada")
    changes.enter_login(connection, ada, "r1")
    assert show_person(connection, ada)["last_login_at"] > 0
    row = connection.execute(select(logs).where(logs.c.user_id == ada)).one()
    assert (row.type, row.request_id) == (LogType.LOGIN, "r1")
